#include "adapters/guest_portal/work.hpp"

#include <algorithm>

#include "runtime/sha256.hpp"

namespace cabroker::adapters::guest_portal {

namespace {

using config::PortalProfile;

// The step ends by itself before the host would cut it off.
constexpr domain::Duration kMargin{500};
// How long before a session's end somebody is asked for the next one.
constexpr domain::Duration kPromptBefore = std::chrono::minutes(10);
/// A session that a portal ends so soon after the sign-in did not live its life.
constexpr domain::Duration kSoon = std::chrono::minutes(10);

/// When a portal says no to those who look after what was sent.
constexpr domain::Duration kLookAgain = std::chrono::minutes(15);

/// Of one request: a page with a clock in it is another one each time.
constexpr int kMostPagesKept = 20;

std::string given_reason(const domain::Params& params) {
    if (const auto* reissue = std::get_if<domain::ReissueParams>(&params)) return reissue->reason;
    if (const auto* revoke = std::get_if<domain::RevokeParams>(&params)) return revoke->reason;
    if (const auto* cancel = std::get_if<domain::CancelParams>(&params)) return cancel->reason;
    return {};
}

std::optional<std::string> identifier(const PortalProfile& profile, const domain::Order& order) {
    for (const auto kind : profile.order_identifiers) {
        const auto& value = kind == PortalProfile::OrderIdentifier::supplier_order_id
                                ? order.supplier_order_id
                                : order.common_name;
        if (value && !value->empty()) return value;
    }
    return std::nullopt;
}

template <class Map, class Key>
std::optional<std::string> word_for(const Map& words, const std::optional<Key>& key) {
    if (!key) return std::nullopt;
    const auto found = words.find(*key);
    if (found == words.end()) return std::nullopt;
    return found->second;
}

void set_if(portal::Variables& variables, const char* name,
            const std::optional<std::string>& value) {
    if (value) variables.set(name, *value);
}

/// The reason code that the portal has no word for.
std::optional<domain::ReasonCode> code_without_word(const PortalProfile& profile,
                                                    const domain::Params& params) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&params);
    if (revoke == nullptr || !revoke->reason_code) return std::nullopt;
    const domain::ReasonCode code = *revoke->reason_code;
    const bool known = profile.words.reason_codes.contains(code);
    if (known || code == domain::ReasonCode::unspecified) return std::nullopt;
    return code;
}

std::string reason_of(const PortalProfile& profile, const protocol::StepContext& context) {
    std::string reason = given_reason(context.params);
    if (reason.empty()) reason = "request " + context.request.text();
    // A CA must know of a lost key, by whatever words.
    const auto code = code_without_word(profile, context.params);
    if (code) reason += " (" + std::string(domain::name_of(*code)) + ")";
    return reason;
}

}  // namespace

portal::Variables given_variables(const PortalProfile& profile,
                                  const protocol::StepContext& context, const std::string& reason) {
    portal::Variables variables;
    const domain::Order& order = context.order;
    set_if(variables, "email", domain::login_contact(order));
    set_if(variables, "order_identifier", identifier(profile, order));
    set_if(variables, "common_name", order.common_name);
    set_if(variables, "supplier_order_id", order.supplier_order_id);
    variables.set("reason", reason);
    if (const auto* reissue = std::get_if<domain::ReissueParams>(&context.params)) {
        variables.set("csr", reissue->csr);
        set_if(variables, "validation_method",
               word_for(profile.words.validation_methods, reissue->validation_method));
    }
    if (const auto* revoke = std::get_if<domain::RevokeParams>(&context.params)) {
        // Without one it is unspecified: a portal may want it to be chosen.
        const std::optional<domain::ReasonCode> code =
            revoke->reason_code.value_or(domain::ReasonCode::unspecified);
        set_if(variables, "reason_code", word_for(profile.words.reason_codes, code));
        if (revoke->serial) variables.set("serial", profile.serial_text(*revoke->serial));
    }
    if (context.account) {
        variables.set("username", context.account->user);
        variables.set_secret("password", std::string(context.account->password.reveal()));
    }
    const std::optional<domain::Format> format = profile.proof_format;
    set_if(variables, "format", word_for(profile.words.formats, format));
    return variables;
}

Work::Work(const Setup& of, protocol::StepContext told)
    : setup(of),
      context(std::move(told)),
      given(given_variables(of.portal.profile, context, reason_of(of.portal.profile, context))),
      browser(of.portal, portal::BrowserState(), {}),
      started_(of.clock.steady()) {
    auto known = Progress::parse(context.cookie.reveal(), given);
    lost_track = !known;
    if (known) progress = std::move(*known);
    use(portal::BrowserState());
    open_session();
}

void Work::open_session() {
    if (!context.session) return;
    const bool dead = context.session->expires_at && *context.session->expires_at <= context.now;
    auto state = portal::BrowserState::parse(context.session->jar.reveal());
    if (dead) session_serves();
    if (dead || !state) {
        dropped_ = true;
        return;
    }
    use(std::move(*state));
    signed_in_ = true;
    jar_before_ = std::string(context.session->jar.reveal());
    session_expires_ = context.session->expires_at;
}

void Work::use(portal::BrowserState state) {
    portal::Visit visit;
    visit.now = context.now;
    visit.request = context.request.text();
    visit.account = context.account ? context.account->name
                                    : context.order.id.text() + "/" +
                                          domain::login_contact(context.order).value_or("");
    browser =
        portal::Browser(setup.portal, std::move(state), after(context.deadline), std::move(visit));
}

std::string Work::who() const {
    if (context.account) return context.account->user;
    return domain::login_contact(context.order).value_or("the contact");
}

bool Work::session_ends_soon() const {
    if (!signed_in_ || !session_expires_) return false;
    const domain::Duration lead =
        std::min<domain::Duration>(kPromptBefore, profile().session_ttl / 6);
    return *session_expires_ - context.now < lead;
}

portal::Variables Work::known() const {
    portal::Variables all = given;
    all.add_missing(read);
    return all;
}

std::chrono::steady_clock::time_point Work::after(domain::Duration time) const {
    const domain::Duration usable = time > 4 * kMargin ? time - kMargin : time;
    return started_ + usable;
}

std::chrono::steady_clock::time_point Work::act_until() const {
    return after(context.leave ? std::min(context.leave->act_for, context.deadline)
                               : domain::Duration(0));
}

bool Work::code_stands_in_reason() const {
    return code_without_word(profile(), context.params).has_value();
}

std::string Work::order_text() const {
    if (context.order.supplier_order_id) return *context.order.supplier_order_id;
    return context.order.common_name.value_or("without a number");
}

std::string Work::reason() const { return reason_of(profile(), context); }

std::optional<domain::Secret> Work::take_input(std::string_view name) {
    for (auto input = context.inputs.rbegin(); input != context.inputs.rend(); ++input) {
        if (input->name != name || input->value.empty()) continue;
        domain::Secret value = std::move(input->value);
        return value;
    }
    return std::nullopt;
}

std::optional<domain::Secret> Work::take_code() {
    std::optional<domain::Secret> code = take_input("access_code");
    if (code && context.inputs_told_before) progress.code_doubt = CodeDoubt::interrupted;
    if (code || progress.code_at_hand.empty()) return code;
    return std::move(progress.code_at_hand);
}

bool Work::has_code() const {
    if (!progress.code_at_hand.empty() || progress.page_behind_code) return true;
    return std::any_of(context.inputs.begin(), context.inputs.end(), [](const auto& input) {
        return input.name == "access_code" && !input.value.empty();
    });
}

void Work::session_begins() {
    progress.signed_in_at = context.now;
    signed_in_ = true;
    dropped_ = false;
    jar_before_.clear();
    session_expires_ = context.now + profile().session_ttl;
}

void Work::session_serves() {
    if (!progress.signed_in_at || context.now - *progress.signed_in_at < kSoon) return;
    progress.short_sessions = 0;
    progress.signed_in_at.reset();
}

void Work::session_lost() {
    if (progress.signed_in_at) {
        const bool soon = context.now - *progress.signed_in_at < kSoon;
        progress.short_sessions = soon ? progress.short_sessions + 1 : 0;
        progress.signed_in_at.reset();
    }
    dropped_ = true;
    signed_in_ = false;
    use(portal::BrowserState());
}

void Work::note(std::string text) {
    protocol::Note one;
    one.text = std::move(text);
    notes.push_back(std::move(one));
}

void Work::keep_evidence(const portal::Run& run) {
    for (const protocol::EvidenceBlob& blob : run.evidence) {
        const std::string seen = runtime::sha256_hex(blob.octets);
        if (seen == progress.page_kept || progress.pages_kept >= kMostPagesKept) continue;
        progress.page_kept = seen;
        ++progress.pages_kept;
        evidence.push_back(blob);
    }
}

domain::Secret Work::cookie() const {
    if (lost_track) return context.cookie.clone();
    return progress.text(given);
}

std::optional<protocol::Session> Work::session() const {
    if (!signed_in_) return std::nullopt;
    domain::Secret jar = browser.state().text();
    if (jar.reveal() == jar_before_) return std::nullopt;
    protocol::Session session;
    session.key = setup.name + "/";
    if (context.account) {
        session.key += "account/" + context.account->name;
    } else {
        session.key +=
            context.order.id.text() + "/" + domain::login_contact(context.order).value_or("");
    }
    session.expires_at = session_expires_;
    session.jar = std::move(jar);
    return session;
}

/// The form is what is large. Only an intent to send it needs it; the sign-in stays, whose code
/// must not be sent again.
protocol::Answer Work::without_form(protocol::Answer what) {
    const bool needs_it = progress.prepared && std::holds_alternative<protocol::Intend>(what);
    progress.prepared.reset();
    if (!needs_it) return what;
    progress.job = Job::start;
    protocol::Misconfigured misconfigured;
    misconfigured.detail = "the portal's form is too large to be kept until it is sent";
    return misconfigured;
}

/// The cookie of before has to do. A doubt stays one, and what is asked for or intended, which the
/// cookie knows nothing of, cannot go on.
protocol::Answer Work::without_cookie(protocol::Answer what) {
    const bool goes_on = !std::holds_alternative<protocol::NeedInput>(what) &&
                         !std::holds_alternative<protocol::Intend>(what);
    if (goes_on) return what;
    const std::string detail = "what the portal wants kept between two steps is too large";
    if (progress.job == Job::submitted) {
        protocol::Unreachable later;
        later.detail = detail;
        later.retry_after = std::chrono::hours(4);
        return later;
    }
    protocol::Rejected rejected;
    rejected.code = "session_refused";
    rejected.detail = detail;
    rejected.hint = "sign in there with a browser and do it by hand";
    return rejected;
}

/// What was sent goes on at the CA, whatever a later sign-in or page says no to: it is looked at
/// again.
protocol::Answer Work::looked_at_again(protocol::Answer what) const {
    const auto* const no = std::get_if<protocol::Rejected>(&what);
    if (no == nullptr || progress.job != Job::submitted || change_ended) return what;
    protocol::Unreachable later;
    later.detail = no->code + ": " + no->detail;
    later.retry_after = kLookAgain;
    return later;
}

protocol::StepResult Work::answer(protocol::Answer what, std::string step) {
    what = looked_at_again(std::move(what));
    protocol::StepResult result;
    result.cookie = cookie();
    if (result.cookie.reveal().size() > protocol::kMaxCookie) {
        what = without_form(std::move(what));
        result.cookie = cookie();
        const bool still = result.cookie.reveal().size() > protocol::kMaxCookie;
        if (still) what = without_cookie(std::move(what));
        if (still) result.cookie = context.cookie.clone();
    }
    result.answer = std::move(what);
    result.step = std::move(step);
    result.session = session();
    result.drop_session = dropped_;
    result.notes = std::move(notes);
    result.status = std::move(status);
    result.certificates = std::move(certificates);
    result.evidence = std::move(evidence);
    return result;
}

std::string masked(const std::string& address) {
    const std::size_t at = address.rfind('@');
    if (at == std::string::npos || at == 0) return "***";
    return address.substr(0, 1) + "***" + address.substr(at);
}

}  // namespace cabroker::adapters::guest_portal
