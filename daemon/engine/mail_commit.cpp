// The writer's side of incoming mail: one transaction from the offer to its effect.
#include <algorithm>
#include <boost/json.hpp>

#include "daemon/engine/action_parts.hpp"
#include "daemon/engine/mail_intake.hpp"
#include "daemon/engine/sign_in_line.hpp"
#include "domain/states.hpp"
#include "json/parse.hpp"

namespace cabroker::engine {

namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::MessageId;
using domain::Result;
using protocol::MailOffer;

namespace {

/// The same machine stamps the files of a Maildir; a mail server's dates have whole seconds and
/// its own clock.
constexpr domain::Duration kMaildirSlack = std::chrono::seconds(2);
constexpr domain::Duration kServerSlack = std::chrono::seconds(15);
/// A code is never used twice within this time, whatever mail it stands in.
constexpr auto kRemembered = std::chrono::hours(24);

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        if (text.size() > 1'000) break;
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

store::MessageRow message_for(const MailOffer& offer, const MessageId& id, domain::Time at) {
    store::MessageRow row;
    row.id = id;
    row.direction = "in";
    row.status = offer.is_code ? "redacted" : "received";
    row.message_class = offer.is_code ? "code" : "unmatched";
    row.from = joined(offer.facts.from);
    row.to = joined(offer.facts.to);
    row.subject = offer.facts.subject;
    if (!offer.facts.message_id.empty()) row.message_id = "<" + offer.facts.message_id + ">";
    row.at = at;
    row.size = static_cast<std::int64_t>(offer.facts.size);
    return row;
}

domain::Duration slack_of(const config::Settings& settings, const std::string& mailbox) {
    const auto found = settings.mailboxes.find(mailbox);
    return found != settings.mailboxes.end() && found->second.imap ? kServerSlack : kMaildirSlack;
}

/// What the code mail must say for this request; absent: nobody knows yet.
std::optional<std::string> binding_of(const domain::Request& request,
                                      config::CodeMail::Binds binds) {
    switch (binds) {
        case config::CodeMail::Binds::order_id:
            return request.order.supplier_order_id;
        case config::CodeMail::Binds::common_name:
            return request.order.common_name;
        case config::CodeMail::Binds::nonce:
            for (const domain::Need& need : request.needs) {
                const auto told = need.details.find("login_reference");
                if (need.name == kCode && told != need.details.end()) return told->second;
            }
            return std::nullopt;
        case config::CodeMail::Binds::nothing:
            break;
    }
    return std::nullopt;
}

std::vector<OpenSignIn> open_sign_ins(const store::Tx& tx, const config::Settings& settings,
                                      const std::string& mailbox, const TwoClocks& at) {
    std::vector<OpenSignIn> open;
    const store::Reader& reader = tx;
    for (const store::SignInRow& row : reader.sign_ins().open_for(mailbox)) {
        const auto adapter = settings.adapters.find(row.adapter);
        if (adapter == settings.adapters.end()) continue;
        const auto* portal = std::get_if<config::GuestPortalSettings>(&adapter->second.details);
        const auto stored = reader.requests().get(row.request_id);
        const bool ours = portal != nullptr && portal->mailbox == mailbox &&
                          portal->profile.access_code.mail && stored;
        if (!ours || domain::is_settled(stored->request.state)) continue;
        OpenSignIn sign_in;
        sign_in.request = row.request_id;
        sign_in.adapter = row.adapter;
        sign_in.portal = portal;
        sign_in.recipient = row.recipient;
        sign_in.asked = waits_for_code(reader, stored->request);
        sign_in.binding = binding_of(stored->request, portal->profile.access_code.mail->binds);
        sign_in.age = since(row.opened_at, row.opened_steady, row.run, at);
        open.push_back(std::move(sign_in));
    }
    return open;
}

bj::object kept_form(const MailOffer& offer) {
    bj::object object;
    bj::array from;
    for (const std::string& address : offer.facts.from) from.emplace_back(address);
    bj::array to;
    for (const std::string& address : offer.facts.to) to.emplace_back(address);
    bj::array readings;
    for (const protocol::CodeReading& reading : offer.readings) {
        bj::object one;
        one["adapter"] = reading.adapter;
        one["candidates"] = reading.candidates;
        one["code"] = bj::string_view(reading.code.reveal().data(), reading.code.reveal().size());
        one["binding"] = reading.binding;
        readings.emplace_back(std::move(one));
    }
    object["from"] = std::move(from);
    object["to"] = std::move(to);
    object["readings"] = std::move(readings);
    return object;
}

std::vector<std::string> strings(const bj::object& object, std::string_view key) {
    std::vector<std::string> out;
    for (const bj::value& one : object.at(bj::string_view(key.data(), key.size())).as_array())
        out.emplace_back(one.as_string());
    return out;
}

/// Our own text: it was sealed, so nobody has changed it.
MailOffer offer_from_kept(const store::WaitingCodeRow& row, std::string_view text) {
    MailOffer offer;
    offer.mailbox = row.mailbox;
    offer.is_code = true;
    const auto value = json::parse(text);
    if (!value) return offer;
    const bj::object& object = value->as_object();
    offer.facts.from = strings(object, "from");
    offer.facts.to = strings(object, "to");
    for (const bj::value& one : object.at("readings").as_array()) {
        const bj::object& kept = one.as_object();
        protocol::CodeReading reading;
        reading.adapter = std::string(kept.at("adapter").as_string());
        reading.candidates = static_cast<std::size_t>(kept.at("candidates").as_int64());
        reading.code = domain::Secret(std::string(kept.at("code").as_string()));
        reading.binding = std::string(kept.at("binding").as_string());
        offer.readings.push_back(std::move(reading));
    }
    return offer;
}

}  // namespace

void MailIntake::unmatched(store::Tx& tx, const TwoClocks& at, const std::string& mailbox,
                           const MessageId& message, const std::string& reason) const {
    tx.mails().set_reason(message, reason);
    bj::object data;
    data["message_id"] = message.text();
    data["mailbox"] = mailbox;
    data["reason"] = reason;
    store::Event event;
    event.id = services_.ids.make<domain::EventId>(at.now);
    event.type = "inbox.unmatched";
    event.at = at.now;
    event.data = bj::serialize(data);
    tx.events().append(event);
}

Result<MailIntake::Taken> MailIntake::commit(store::Tx& tx, const MailOffer& offer,
                                             const config::Settings& settings,
                                             const TwoClocks& at) const {
    Taken taken;
    // Offered again, or delivered twice as it is: it has had its effect.
    if (tx.mails().get(offer.mailbox, offer.sha256)) return taken;
    taken.fresh = true;
    const auto message = services_.ids.make<MessageId>(at.now);
    const store::MessageRow row = message_for(offer, message, at.now);
    std::optional<std::string> raw;
    if (!offer.is_code) raw = offer.octets;
    tx.messages().insert(row, raw);
    store::MailRow mail;
    mail.mailbox = offer.mailbox;
    mail.sha256 = offer.sha256;
    mail.message = message;
    mail.message_id = offer.facts.message_id;
    mail.body_sha256 = offer.facts.body_sha256;
    mail.taken_at = at.now;
    bool other_body = false;
    for (const store::MailRow& before :
         tx.mails().with_message_id(offer.mailbox, offer.facts.message_id)) {
        if (before.body_sha256 != mail.body_sha256) {
            other_body = true;
        } else if (!mail.duplicate_of) {
            mail.duplicate_of = before.message;
        }
    }
    if (mail.duplicate_of) mail.reason = "duplicate";
    tx.mails().insert(mail);
    if (mail.duplicate_of) return taken;
    if (other_body) {
        taken.reason = "message_id_reused";
    } else if (offer.oversize) {
        taken.reason = "oversize";
    } else if (!offer.is_code) {
        taken.reason = "not_a_code_mail";
    } else {
        Result<Taken> done = commit_code(tx, offer, settings, at, message);
        if (!done) return done.error();
        taken = std::move(*done);
    }
    if (!taken.reason.empty()) unmatched(tx, at, offer.mailbox, message, taken.reason);
    return taken;
}

Result<MailIntake::Taken> MailIntake::commit_code(store::Tx& tx, const MailOffer& offer,
                                                  const config::Settings& settings,
                                                  const TwoClocks& at,
                                                  const MessageId& message) const {
    Taken taken;
    taken.fresh = true;
    const CodeDecision decision =
        match_code(offer.facts, offer.readings, open_sign_ins(tx, settings, offer.mailbox, at),
                   slack_of(settings, offer.mailbox));
    if (decision.fate == CodeDecision::Fate::triage) {
        taken.reason = decision.reason;
        return taken;
    }
    if (decision.fate == CodeDecision::Fate::wait) {
        keep_waiting(tx, offer, at, message);
        taken.waits = true;
        return taken;
    }
    Journal journal(tx, services_.ids, at.now);
    const Result<void> used = use_code(journal, offer, decision, message);
    if (used) {
        taken.used = true;
        return taken;
    }
    if (used.error().code != ErrorCode::input_not_needed) return used.error();
    taken.reason = used.error().detail;
    return taken;
}

void MailIntake::keep_waiting(store::Tx& tx, const MailOffer& offer, const TwoClocks& at,
                              const MessageId& message) const {
    std::string text = bj::serialize(kept_form(offer));
    store::WaitingCodeRow row;
    row.message = message;
    row.mailbox = offer.mailbox;
    row.arrived_at = at.now - offer.facts.age;
    row.arrived_steady = at.steady - offer.facts.age.count();
    row.run = at.run;
    row.sealed_value =
        services_.vault.seal(text, vault::Place("waiting_codes", message.text(), "value"));
    domain::wipe(text);
    tx.mails().put_waiting_code(row);
}

Result<bool> MailIntake::try_one(store::Tx& tx, const store::WaitingCodeRow& row,
                                 const config::Settings& settings, const TwoClocks& at) const {
    const auto text = services_.vault.open(
        row.sealed_value, vault::Place("waiting_codes", row.message.text(), "value"));
    if (!text) {
        tx.mails().drop_waiting_code(row.message);
        return true;
    }
    MailOffer offer = offer_from_kept(row, text->reveal());
    offer.facts.age = since(row.arrived_at, row.arrived_steady, row.run, at);
    // It passed when it came.
    offer.facts.authentication = protocol::Authentication::passed;
    const CodeDecision decision =
        match_code(offer.facts, offer.readings, open_sign_ins(tx, settings, row.mailbox, at),
                   slack_of(settings, row.mailbox));
    if (decision.fate == CodeDecision::Fate::wait) return false;
    if (decision.fate == CodeDecision::Fate::triage) {
        // No sign-in is left that it could be for; for later ones it is old.
        tx.mails().drop_waiting_code(row.message);
        unmatched(tx, at, row.mailbox, row.message, decision.reason);
        return true;
    }
    Journal journal(tx, services_.ids, at.now);
    const Result<void> used = use_code(journal, offer, decision, row.message);
    if (!used && used.error().code != ErrorCode::input_not_needed) return used.error();
    if (!used) unmatched(tx, at, row.mailbox, row.message, used.error().detail);
    tx.mails().drop_waiting_code(row.message);
    return true;
}

Result<void> MailIntake::use_code(Journal& journal, const MailOffer& offer,
                                  const CodeDecision& decision, const MessageId& message) const {
    store::Tx& tx = journal.tx();
    const protocol::CodeReading& reading = offer.readings.at(decision.reading);
    const std::string hmac = services_.vault.hmac(
        "access_code", offer.mailbox + "\n" + std::string(reading.code.reveal()));
    if (tx.mails().code_was_used(hmac)) return Error(ErrorCode::input_not_needed, "code_repeated");
    auto row = tx.requests().get(*decision.request);
    if (!row) return Error(ErrorCode::input_not_needed, "no_sign_in");
    const domain::Request before = row->request;
    store::InputRow input;
    input.request_id = before.id;
    input.name = kCode;
    input.sealed_value = services_.vault.seal(reading.code.reveal(),
                                              vault::Place("inputs", before.id.text(), kCode));
    input.at = journal.now();
    input.given_by = "mailbox " + offer.mailbox;
    tx.inputs().insert(input);
    tx.mails().note_used_code(hmac, journal.now());
    tx.mails().prune_used_codes(journal.now() - kRemembered);
    tx.mails().set_request(message, before.id);
    make_due(*row, journal.now());
    std::erase_if(row->request.needs, [](const domain::Need& need) { return need.name == kCode; });
    if (row->request.needs.empty() && before.state == domain::State::needs_input)
        row->request.state = domain::State::queued;
    if (row->request.needs.empty()) row->request.next_actor = domain::NextActor::broker;
    Actor mailbox = broker();
    journal.note(before.id, "mail", mailbox,
                 "the access code came by mail from " + offer.facts.from.front(),
                 {{"mailbox", offer.mailbox}, {"message", message.text()}});
    journal.note(before.id, "input", mailbox,
                 "access_code picked up from mailbox " + offer.mailbox);
    return journal.save(before, *row, mailbox, "");
}

}  // namespace cabroker::engine
