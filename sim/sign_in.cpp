#include "sim/sign_in.hpp"

#include <algorithm>

#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostSessions = 200'000;
constexpr std::size_t kStaleIds = 10'000;
/// An expired session is still known this long, so that a page can say why it is no good any more.
constexpr std::chrono::hours kRemembered{24};
constexpr std::chrono::minutes kLimitWindow{10};

constexpr std::size_t kCodeLength = 8;
constexpr std::size_t kMostContacts = 100'000;

std::string code_mail_subject(const Session& session) {
    return "Your guest portal access code for order " + session.order_id;
}

std::string code_mail_body(const Session& session, const Order& order, domain::Duration ttl) {
    return "Hello,\n\nuse this code to sign in to the certificate guest portal.\n\n"
           "Access code: " +
           session.code + "\nOrder ID: " + order.facts.supplier_order_id +
           "\nCommon name: " + order.facts.common_name + "\nLogin reference: " + session.reference +
           "\n\nThe code expires after " + domain::duration_text(ttl) +
           ". If you did not ask for it, ignore this mail.\n";
}

}  // namespace

struct SignIns::Choice {
    Order* order = nullptr;
    std::optional<Refusal> refusal;
};

CodeStyle guest_code_style() {
    CodeStyle style;
    style.subject = code_mail_subject;
    style.body = code_mail_body;
    return style;
}

SignIns::SignIns(World& world, runtime::Random& random, SignInSettings settings, CodeStyle style)
    : world_(world), random_(random), settings_(settings), style_(std::move(style)) {}

Session& SignIns::open_anonymous() {
    purge();
    auto session = std::make_unique<Session>();
    session->csrf = random_.hex(16);
    session->expires_at = world_.clock().now() + settings_.session_ttl;
    Session& opened = *session;
    const std::string id = random_.hex(24);
    opened.id = id;
    forget_at_.emplace_back(opened.expires_at + kRemembered, id);
    sessions_.emplace(id, std::move(session));
    return opened;
}

Session* SignIns::find(std::string_view id) {
    world_.settle();
    const auto found = sessions_.find(std::string(id));
    return found == sessions_.end() ? nullptr : found->second.get();
}

bool SignIns::expired(const Session& session) const {
    return world_.clock().now() >= session.expires_at;
}

SignIns::Choice SignIns::choose(std::string_view email, std::string_view identifier) {
    Choice choice;
    std::vector<Order*> candidates = world_.find_name(identifier);
    if (Order* by_id = world_.find(identifier)) candidates.insert(candidates.begin(), by_id);
    std::erase_if(candidates, [](const Order* order) { return !order->on_guest_portal(); });
    if (candidates.empty()) {
        choice.refusal = Refusal::unknown_order;
        return choice;
    }
    std::erase_if(candidates, [&](const Order* order) { return !order->guest_contact(email); });
    if (candidates.empty()) {
        choice.refusal = Refusal::wrong_contact;
        return choice;
    }
    // One order at a time: of several with the same name the living one.
    const auto living = std::find_if(candidates.begin(), candidates.end(),
                                     [](const Order* order) { return order->status == "issued"; });
    choice.order = living != candidates.end() ? *living : candidates.front();
    if (choice.order->facts.guest_access == GuestAccess::disabled) {
        choice.refusal = Refusal::guest_access_disabled;
    } else if (choice.order->facts.guest_access == GuestAccess::unapproved) {
        choice.refusal = Refusal::guest_access_unapproved;
    }
    return choice;
}

bool SignIns::over_limit(const std::string& contact) {
    if (settings_.login_limit == 0) return false;
    const domain::Time now = world_.clock().now();
    std::deque<domain::Time>& times = recent_[contact];
    while (!times.empty() && times.front() + kLimitWindow <= now) times.pop_front();
    if (std::ssize(times) >= settings_.login_limit) return true;
    times.push_back(now);
    return false;
}

std::optional<Refusal> SignIns::start(Session& session, std::string_view email,
                                      std::string_view identifier) {
    if (over_limit(lower(email))) return Refusal::rate_limited;
    const Choice choice = choose(email, identifier);
    if (choice.refusal) {
        if (choice.order != nullptr) ++choice.order->books.refusals;
        return choice.refusal;
    }
    Order& order = *choice.order;
    session.stage = Stage::code_sent;
    session.order_id = order.facts.supplier_order_id;
    session.contact = email;
    session.code = style_.lowercase ? lowercase_letters(random_, kCodeLength)
                                    : random_letters(random_, kCodeLength);
    session.reference = random_letters(random_, 4) + "-" + random_letters(random_, 4);
    session.attempts_left = settings_.code_attempts;
    session.expires_at = world_.clock().now() + settings_.code_ttl;
    renew_id(session);
    NewMail mail;
    mail.kind = "code";
    mail.to = session.contact;
    mail.subject = style_.subject(session);
    mail.order_id = session.order_id;
    mail.code = session.code;
    mail.common_name = order.facts.common_name;
    mail.reference = session.reference;
    mail.from_name = style_.from_name;
    mail.from = style_.from;
    mail.body = style_.body(session, order, settings_.code_ttl);
    ++order.books.codes_mailed;
    world_.post().send(std::move(mail));
    return std::nullopt;
}

CodeVerdict SignIns::try_code(Session& session, std::string_view code) {
    Order* order = world_.find(session.order_id);
    if (expired(session)) {
        end(session);
        return CodeVerdict::expired;
    }
    if (lower(trimmed(code)) == lower(session.code)) {
        session.stage = Stage::signed_in;
        session.code.clear();
        session.expires_at = world_.clock().now() + settings_.session_ttl;
        renew_id(session);
        if (order != nullptr) ++order->books.logins;
        if (by_contact_.size() < kMostContacts) ++by_contact_[lower(session.contact)];
        return CodeVerdict::right;
    }
    if (order != nullptr) ++order->books.wrong_codes;
    if (--session.attempts_left > 0) return CodeVerdict::wrong;
    end(session);
    return CodeVerdict::dead;
}

void SignIns::end(Session& session) {
    const std::string id = session.id;
    sessions_.erase(id);
}

void SignIns::renew_id(Session& session) {
    auto node = sessions_.extract(session.id);
    session.id = random_.hex(24);
    session.csrf = random_.hex(16);
    node.key() = session.id;
    sessions_.insert(std::move(node));
    forget_at_.emplace_back(session.expires_at + kRemembered, session.id);
}

void SignIns::purge() {
    const domain::Time now = world_.clock().now();
    while (!forget_at_.empty() &&
           (forget_at_.front().first <= now || sessions_.size() > kMostSessions)) {
        sessions_.erase(forget_at_.front().second);
        forget_at_.pop_front();
    }
    // Ended and renewed sessions leave their old ids behind: swept when they are most of the list.
    if (forget_at_.size() > 2 * sessions_.size() + kStaleIds) {
        std::erase_if(forget_at_,
                      [&](const auto& entry) { return !sessions_.contains(entry.second); });
    }
}

}  // namespace cabroker::sim
