#include "daemon/engine/apply.hpp"

#include "domain/states.hpp"
#include "pki/certificate.hpp"
#include "policy/refund.hpp"
#include "runtime/sha256.hpp"

namespace cabroker::engine {

Findings findings_of(const protocol::StepResult& result) {
    Findings found;
    found.cookie = &result.cookie;
    found.session = &result.session;
    found.drop_session = result.drop_session;
    found.notes = &result.notes;
    found.status = &result.status;
    found.evidence = &result.evidence;
    found.mail_receipt = &result.mail_receipt;
    return found;
}

Findings findings_of(const protocol::Proof& proof) {
    Findings found;
    found.cookie = &proof.cookie;
    found.session = &proof.session;
    found.drop_session = proof.drop_session;
    found.notes = &proof.notes;
    found.status = &proof.status;
    found.evidence = &proof.evidence;
    return found;
}

void Apply::keep_status(const protocol::StatusReading& reading, const domain::OrderId& id) {
    std::optional<domain::Order> order = journal_.tx().orders().get(id);
    if (!order) return;
    const bool changed = order->status != reading.status || order->status_raw != reading.raw;
    order->status = reading.status;
    order->status_raw = reading.raw;
    order->status_at = journal_.now();
    order->updated_at = journal_.now();
    if (!journal_.tx().orders().update_status(*order)) return;
    if (!changed) return;
    journal_.order_event(
        "order.changed", id,
        {{"status", std::string(domain::name_of(reading.status))}, {"status_raw", reading.raw}});
}

void Apply::keep_session(const Findings& findings) {
    if (!call_.session_key) return;
    store::SessionTable& sessions = journal_.tx().sessions();
    if (findings.drop_session) sessions.drop(*call_.session_key);
    if (!*findings.session) return;
    const protocol::Session& session = **findings.session;
    store::SessionRow row;
    row.key = *call_.session_key;
    row.adapter = call_.adapter;
    row.sealed_jar = vault_.seal(session.jar.reveal(), vault::Place("sessions", row.key, "jar"));
    row.expires_at = session.expires_at;
    row.updated_at = journal_.now();
    sessions.put(row);
}

void Apply::keep_receipt(const protocol::MailReceipt& receipt) {
    if (!call_.effect) return;
    const std::optional<store::EffectRow> effect = journal_.tx().effects().get(*call_.effect);
    if (!effect || !effect->detail) return;
    const auto message = domain::MessageId::parse(*effect->detail);
    if (!message) return;
    const auto kept = journal_.tx().messages().set_status(*message, "sent", receipt.reply);
    if (!kept) return;
    Details details{{"smtp_reply", receipt.reply}, {"message", message->text()}};
    if (receipt.queue_id) details["queue_id"] = *receipt.queue_id;
    journal_.note(effect->request_id, "mail", adapter_named(call_.adapter),
                  "the mail server took the mail", details);
}

domain::ArtifactId Apply::keep_artifact(const domain::RequestId& request, const std::string& name,
                                        const std::string& format, const std::string& content_type,
                                        const std::string& octets) {
    store::ArtifactRow row;
    row.id = journal_.ids().make<domain::ArtifactId>(journal_.now());
    row.request_id = request;
    row.name = name;
    row.format = format;
    row.content_type = content_type;
    row.size = static_cast<std::int64_t>(octets.size());
    row.sha256 = runtime::sha256_hex(octets);
    row.created_at = journal_.now();
    journal_.tx().artifacts().insert(row, octets);
    return row.id;
}

std::vector<domain::Evidence> Apply::keep(const Findings& findings, store::StoredRequest& row) {
    const domain::RequestId& id = row.request.id;
    std::vector<domain::Evidence> evidence;
    for (const protocol::Note& note : *findings.notes) {
        journal_.note(id, "step", adapter_named(call_.adapter), note.text, note.details);
    }
    if (*findings.status) {
        keep_status(**findings.status, row.request.order.id);
        domain::Evidence seen;
        seen.type = domain::EvidenceType::status;
        seen.detail = "the upstream shows the order as " + (*findings.status)->raw;
        evidence.push_back(std::move(seen));
    }
    keep_session(findings);
    if (findings.mail_receipt != nullptr && *findings.mail_receipt)
        keep_receipt(**findings.mail_receipt);
    for (const protocol::EvidenceBlob& blob : *findings.evidence) {
        const domain::ArtifactId artifact =
            keep_artifact(id, blob.name, "evidence", blob.content_type, blob.octets);
        domain::Evidence kept;
        kept.type = blob.type;
        kept.id = artifact.text();
        kept.detail = blob.name;
        evidence.push_back(kept);
        journal_.note(id, "evidence", adapter_named(call_.adapter),
                      "kept as evidence: " + blob.name, {{"artifact", artifact.text()}});
    }
    // An empty cookie means "as before": answers that bring nothing new must not lose progress.
    if (!findings.cookie->empty()) {
        row.sealed_cookie =
            vault_.seal(findings.cookie->reveal(), vault::Place("requests", id.text(), "cookie"));
    }
    return evidence;
}

void Apply::keep_product(const Judged& judged, const protocol::StepResult& result,
                         store::StoredRequest& row, const std::vector<config::RefundRule>& refunds,
                         std::vector<domain::Evidence>& evidence) {
    domain::Request& request = row.request;
    if (judged.facts) {
        domain::CertificateResult product;
        product.certificate = *judged.facts;
        for (const JudgedFile& file : judged.files) {
            product.artifacts.push_back(keep_artifact(request.id, file.file.name,
                                                      std::string(domain::name_of(file.format)),
                                                      file.file.content_type, file.file.octets));
            journal_.event(
                "request.artifact_ready", request,
                {{"artifact", product.artifacts.back().text()}, {"name", file.file.name}});
        }
        store::CertificateRow certificate;
        certificate.order_id = request.order.id;
        certificate.serial = judged.facts->serial;
        certificate.sha256 = judged.facts->sha256;
        certificate.spki_sha256 = judged.spki_sha256;
        certificate.der = judged.chain.front();
        certificate.not_before = judged.facts->not_before;
        certificate.not_after = judged.facts->not_after;
        certificate.seen_at = journal_.now();
        journal_.tx().certificates().put(certificate);
        domain::Evidence proof;
        proof.type = domain::EvidenceType::certificate;
        if (!product.artifacts.empty()) proof.id = product.artifacts.front().text();
        const bool by_key = request.kind == domain::Kind::reissue;
        proof.detail = "serial " + judged.facts->serial + ", verified: " +
                       (by_key ? "key, names, chain and dates" : "names, chain and dates");
        if (!judged.remark.empty()) proof.detail += "; " + judged.remark;
        evidence.push_back(std::move(proof));
        request.result = std::move(product);
    }
    if (request.kind == domain::Kind::status && result.status) {
        domain::StatusResult read;
        read.order_status = result.status->status;
        read.order_status_raw = result.status->raw;
        read.checked_at = journal_.now();
        request.result = read;
    }
    if (const auto* revoke = std::get_if<domain::RevokeParams>(&request.params)) {
        domain::RevokeResult revoked;
        revoked.scope = revoke->scope;
        const std::optional<domain::Order> order = journal_.tx().orders().get(request.order.id);
        if (order)
            revoked.refund = policy::refund_for(*order, revoke->scope, journal_.now(), refunds);
        request.result = revoked;
    }
    if (request.kind == domain::Kind::transfer) {
        domain::TransferResult moved;
        moved.account = std::get<protocol::Done>(result.answer).account.value_or("");
        request.result = moved;
    }
}

domain::Result<void> Apply::move_effect(const Transition& next,
                                        const std::optional<protocol::Mail>& mail,
                                        store::StoredRequest& row) {
    store::EffectTable& effects = journal_.tx().effects();
    const domain::RequestId& id = row.request.id;
    if (next.effect == EffectMove::open) {
        store::EffectRow effect;
        effect.effect = *next.new_effect;
        effect.effect.id = journal_.ids().make<domain::EffectId>(journal_.now());
        effect.request_id = id;
        effect.order_id = row.request.order.id;
        effect.state = store::EffectState::leave;
        effect.intended_at = journal_.now();
        effect.act_until = journal_.now() + call_.act_for;
        if (mail && call_.message) {
            effect.detail = call_.message->text();
            store::MessageRow message;
            message.id = *call_.message;
            message.request_id = id;
            message.direction = "out";
            message.status = "prepared";
            message.message_class = "ticket";
            message.from = mail->mail_from;
            message.to = mail->rcpt_to;
            message.subject = mail->subject;
            message.message_id = mail->message_id;
            message.at = journal_.now();
            message.size = static_cast<std::int64_t>(mail->octets.size());
            journal_.tx().messages().insert(message, mail->octets);
        }
        const domain::Result<void> opened = effects.insert(effect);
        if (!opened) return opened.error();
        row.open_effect = effect.effect.id;
        journal_.note(id, "effect", adapter_named(call_.adapter),
                      "about to " + effect.effect.summary,
                      {{"effect", effect.effect.id.text()},
                       {"class", std::string(domain::name_of(effect.effect.effect_class))}});
        return {};
    }
    if (!row.open_effect || next.effect == EffectMove::keep) {
        if (row.open_effect && next.state == domain::State::outcome_unknown) {
            return effects.set_unknown(
                *row.open_effect, next.last_problem ? next.last_problem->detail : std::string());
        }
        return {};
    }
    const bool done = next.effect == EffectMove::done;
    const domain::Result<void> closed = effects.close(
        *row.open_effect, done ? store::EffectState::done : store::EffectState::not_done,
        journal_.now(), "");
    if (!closed) return closed.error();
    journal_.note(
        id, "effect", broker(),
        done ? "the supplier has answered" : "proven: nothing of it was done at the supplier",
        {{"effect", row.open_effect->text()}});
    row.open_effect.reset();
    return {};
}

domain::Result<void> Apply::move(const Transition& next, const std::optional<protocol::Mail>& mail,
                                 store::StoredRequest& row, const std::string& text,
                                 std::vector<domain::Evidence> evidence) {
    const domain::Request before = row.request;
    const domain::Result<void> effect = move_effect(next, mail, row);
    if (!effect) return effect.error();
    if (next.inputs_used) {
        for (std::size_t used = 0; used < call_.inputs; ++used) {
            if (!journal_.tx().inputs().take(before.id)) break;
        }
    }
    // Given while the supplier was polled: the next look, due now, tells of it.
    const bool given_meanwhile = next.state == domain::State::needs_input &&
                                 next.due_asks_adapter &&
                                 !journal_.tx().inputs().list(before.id).empty();
    domain::Request& request = row.request;
    request.state = next.state;
    request.next_actor = next.next_actor;
    request.step = next.step;
    request.attempt = next.attempt;
    request.needs = next.needs;
    request.last_problem = next.last_problem;
    request.outcome = next.outcome;
    if (request.outcome) request.outcome->evidence = std::move(evidence);
    row.due_at = given_meanwhile ? journal_.now() : next.due_at;
    row.due_asks_adapter = next.due_asks_adapter;
    const bool tries_again = next.state == domain::State::backoff ||
                             next.state == domain::State::waiting_ca ||
                             next.state == domain::State::outcome_unknown ||
                             (next.state == domain::State::needs_input && next.due_asks_adapter);
    request.next_attempt_at = tries_again ? next.due_at : std::nullopt;
    std::string line = text;
    // A backoff always says why, the same reason too; otherwise only what is new.
    const bool backs_off = next.state == domain::State::backoff && before.state != next.state;
    if (line.empty() && next.last_problem &&
        (backs_off || !before.last_problem ||
         before.last_problem->detail != next.last_problem->detail)) {
        line = next.last_problem->detail;
    }
    if (line.empty() && request.outcome)
        line = request.outcome->detail.empty() ? request.outcome->code : request.outcome->detail;
    return journal_.save(before, row, broker(), line, store::Columns::progress_and_due);
}

}  // namespace cabroker::engine
