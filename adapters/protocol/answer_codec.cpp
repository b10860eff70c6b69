// What a step or a proof answers, as JSON.
#include <array>

#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/fields.hpp"
#include "adapters/protocol/json_text.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;

namespace {

bj::string word(std::string_view name) { return bj::string(name.data(), name.size()); }

// In the order of the variant Answer.
constexpr std::array<std::string_view, 9> kAnswers{
    "done",          "wait",        "need_input",      "rejected", "unreachable",
    "misconfigured", "unsupported", "unknown_outcome", "intend"};
// In the order of ProofVerdict.
constexpr std::array<std::string_view, 6> kVerdicts{"done",       "not_done", "cannot_tell",
                                                    "need_input", "wait",     "unreachable"};
constexpr std::array<std::string_view, 3> kBindings{"none", "account", "order_and_contact"};

template <std::size_t Size>
std::optional<std::size_t> index_of(const std::array<std::string_view, Size>& names,
                                    std::string_view name) {
    for (std::size_t i = 0; i < Size; ++i) {
        if (names[i] == name) return i;
    }
    return std::nullopt;
}

struct AnswerWriter {
    const std::string& prefix;
    Blobs& blobs;
    bj::object& out;

    void operator()(const Done& done) const {
        out["code"] = done.code;
        out["detail"] = done.detail;
        out["account"] = json::to_json(done.account);
        if (done.revoked_serial) out["revoked_serial"] = *done.revoked_serial;
    }
    void operator()(const Wait& wait) const {
        out["poll_after_ms"] = milliseconds_json(wait.poll_after);
        out["reason"] = wait.reason;
        out["poll"] = wait.poll;
    }
    void operator()(const NeedInput& need) const { out["needs"] = json::to_json(need.needs); }
    void operator()(const Rejected& rejected) const {
        out["code"] = rejected.code;
        out["detail"] = rejected.detail;
        out["hint"] = rejected.hint;
    }
    void operator()(const Unreachable& unreachable) const {
        out["retry_after_ms"] = milliseconds_json(unreachable.retry_after);
        out["detail"] = unreachable.detail;
    }
    void operator()(const Misconfigured& misconfigured) const {
        out["detail"] = misconfigured.detail;
    }
    void operator()(const Unsupported& unsupported) const { out["hint"] = unsupported.hint; }
    void operator()(const UnknownOutcome& unknown) const { out["detail"] = unknown.detail; }
    void operator()(const Intend& intend) const {
        out["effect"] = effect_json(intend.effect);
        if (intend.mail) out["mail"] = mail_json(*intend.mail, prefix, blobs);
    }
};

Answer answer_from(const bj::value& value, const std::string& where, Blobs& blobs,
                   json::Problems& problems) {
    Fields fields(value, where, problems);
    const std::string type = fields.required("type");
    const std::optional<std::size_t> index = index_of(kAnswers, type);
    if (!index) {
        fields.complain("type", "is none of the nine answers");
        return Wait{};
    }
    switch (*index) {
        case 0:
            return Done{fields.required("code"), fields.text("detail"), fields.maybe("account"),
                        fields.maybe("revoked_serial")};
        case 1:
            return Wait{fields.milliseconds("poll_after_ms"), fields.text("reason"),
                        fields.flag("poll", true)};
        case 2:
            return NeedInput{needs_from(fields)};
        case 3:
            return Rejected{fields.required("code"), fields.text("detail"), fields.text("hint")};
        case 4:
            return Unreachable{fields.milliseconds("retry_after_ms"), fields.text("detail")};
        case 5:
            return Misconfigured{fields.text("detail")};
        case 6:
            return Unsupported{fields.text("hint")};
        case 7:
            return UnknownOutcome{fields.text("detail")};
        default:
            break;
    }
    Intend intend;
    const bj::value* effect = fields.member("effect");
    if (effect == nullptr) {
        fields.complain("effect", "is missing");
    } else {
        intend.effect = effect_from(*effect, fields.at("effect"), problems);
    }
    if (const bj::value* mail = fields.member("mail")) {
        intend.mail = mail_from(*mail, fields.at("mail"), blobs, problems);
    }
    return intend;
}

// The members that answers of steps and of proofs share.
template <class Result>
void write_common(const Result& result, bj::object& object, const std::string& prefix,
                  Blobs& blobs) {
    object["cookie"] = secret_json(result.cookie);
    object["session"] = session_json(result.session);
    object["drop_session"] = result.drop_session;
    bj::array notes;
    for (const Note& note : result.notes) {
        bj::object line;
        line["text"] = note.text;
        line["details"] = map_json(note.details);
        notes.push_back(std::move(line));
    }
    object["notes"] = std::move(notes);
    if (result.status) {
        bj::object status;
        status["status"] = word(domain::name_of(result.status->status));
        status["raw"] = result.status->raw;
        object["status"] = std::move(status);
    }
    bj::array certificates;
    for (const std::string& der : result.certificates)
        certificates.push_back(octets_to_json(der, prefix, blobs));
    object["certificates"] = std::move(certificates);
    bj::array evidence;
    for (const EvidenceBlob& blob : result.evidence) {
        bj::object kept;
        kept["type"] = word(domain::name_of(blob.type));
        kept["name"] = blob.name;
        kept["content_type"] = blob.content_type;
        kept["octets"] = octets_to_json(blob.octets, prefix, blobs);
        evidence.push_back(std::move(kept));
    }
    object["evidence"] = std::move(evidence);
}

template <class Result>
void read_common(Fields& fields, Result& result, Blobs& blobs, json::Problems& problems) {
    result.cookie = fields.secret("cookie");
    if (result.cookie.reveal().size() > kMaxCookie) fields.complain("cookie", "has at most 16 KiB");
    result.session = session_from(fields);
    result.drop_session = fields.flag("drop_session", false);
    fields.each("notes", 100, [&](const bj::value& value, const std::string& where) {
        Fields inner(value, where, problems);
        result.notes.push_back(Note{inner.required("text"), inner.map("details")});
    });
    if (const bj::value* value = fields.member("status")) {
        Fields inner(*value, fields.at("status"), problems);
        StatusReading reading;
        reading.status = inner.word("status", domain::OrderStatus::unknown);
        reading.raw = inner.text("raw");
        result.status = std::move(reading);
    }
    fields.each("certificates", kMaxCertificates,
                [&](const bj::value& value, const std::string& where) {
                    auto der = octets_from_json(value, blobs);
                    if (!der || der->size() > kMaxCertificateSize) {
                        problems.emplace_back(where, "wrong_type",
                                              "must be a certificate of at most 64 KiB");
                        return;
                    }
                    result.certificates.push_back(std::move(*der));
                });
    fields.each("evidence", 20, [&](const bj::value& value, const std::string& where) {
        Fields inner(value, where, problems);
        EvidenceBlob blob;
        blob.type = inner.word("type", domain::EvidenceType::page);
        blob.name = inner.text("name");
        blob.content_type = inner.text("content_type");
        blob.octets = inner.octets("octets", blobs);
        result.evidence.push_back(std::move(blob));
    });
}

}  // namespace

bj::object to_json(const StepResult& result, const std::string& prefix, Blobs& blobs) {
    bj::object object;
    bj::object answer;
    answer["type"] = word(kAnswers.at(result.answer.index()));
    std::visit(AnswerWriter{prefix, blobs, answer}, result.answer);
    object["answer"] = std::move(answer);
    object["step"] = result.step;
    write_common(result, object, prefix, blobs);
    if (result.mail_receipt) {
        bj::object receipt;
        receipt["reply"] = result.mail_receipt->reply;
        receipt["queue_id"] = json::to_json(result.mail_receipt->queue_id);
        object["mail_receipt"] = std::move(receipt);
    }
    clean_texts(object);
    return object;
}

bj::object to_json(const Proof& proof, const std::string& prefix, Blobs& blobs) {
    bj::object object;
    object["verdict"] = word(kVerdicts.at(static_cast<std::size_t>(proof.verdict)));
    object["detail"] = proof.detail;
    object["needs"] = json::to_json(proof.needs);
    object["retry_after_ms"] = milliseconds_json(proof.retry_after);
    write_common(proof, object, prefix, blobs);
    clean_texts(object);
    return object;
}

bj::object to_json(const Capabilities& capabilities) {
    bj::object object;
    object["type"] = capabilities.type;
    object["channel"] = word(domain::name_of(capabilities.channel));
    bj::array kinds;
    for (const domain::Kind kind : capabilities.kinds)
        kinds.push_back(bj::value(word(domain::name_of(kind))));
    object["kinds"] = std::move(kinds);
    bj::array brands;
    for (const domain::Brand brand : capabilities.brands)
        brands.push_back(bj::value(word(domain::name_of(brand))));
    object["brands"] = std::move(brands);
    bj::object statuses;
    for (const auto& [kind, list] : capabilities.statuses) {
        bj::array names;
        for (const domain::OrderStatus status : list)
            names.push_back(bj::value(word(domain::name_of(status))));
        statuses[word(domain::name_of(kind))] = std::move(names);
    }
    object["statuses"] = std::move(statuses);
    object["sessions"] = word(kBindings.at(static_cast<std::size_t>(capabilities.sessions)));
    object["step_deadline_ms"] = milliseconds_json(capabilities.step_deadline);
    object["settle_ms"] = capabilities.settle.count();
    return object;
}

domain::Result<StepResult> step_result_from(const bj::value& value, Blobs& blobs) {
    json::Problems problems;
    Fields fields(value, "", problems);
    StepResult result;
    if (const bj::value* answer = fields.member("answer")) {
        result.answer = answer_from(*answer, "/answer", blobs, problems);
    } else {
        fields.complain("answer", "is missing");
    }
    result.step = fields.text("step");
    read_common(fields, result, blobs, problems);
    if (const bj::value* receipt = fields.member("mail_receipt")) {
        Fields inner(*receipt, "/mail_receipt", problems);
        result.mail_receipt = MailReceipt{inner.text("reply"), inner.maybe("queue_id")};
    }
    if (auto error = error_of(problems)) return std::move(*error);
    return result;
}

domain::Result<Proof> proof_from(const bj::value& value, Blobs& blobs) {
    json::Problems problems;
    Fields fields(value, "", problems);
    Proof proof;
    const std::optional<std::size_t> verdict = index_of(kVerdicts, fields.required("verdict"));
    if (verdict) {
        proof.verdict = static_cast<ProofVerdict>(*verdict);
    } else {
        fields.complain("verdict", "is none of the six verdicts");
    }
    proof.detail = fields.text("detail");
    proof.needs = needs_from(fields);
    proof.retry_after = fields.milliseconds("retry_after_ms");
    read_common(fields, proof, blobs, problems);
    if (auto error = error_of(problems)) return std::move(*error);
    return proof;
}

domain::Result<Capabilities> capabilities_from(const bj::value& value) {
    json::Problems problems;
    Fields fields(value, "", problems);
    Capabilities capabilities;
    capabilities.type = fields.required("type");
    capabilities.channel = fields.word("channel", domain::Channel::program);
    for (const std::string& name : fields.lines("kinds")) {
        if (const auto kind = domain::parse<domain::Kind>(name))
            capabilities.kinds.push_back(*kind);
    }
    for (const std::string& name : fields.lines("brands")) {
        if (const auto brand = domain::parse<domain::Brand>(name))
            capabilities.brands.push_back(*brand);
    }
    if (const bj::value* statuses = fields.member("statuses");
        statuses != nullptr && statuses->is_object()) {
        Fields inner(*statuses, "/statuses", problems);
        for (const auto& [kind, name] : domain::words<domain::Kind>()) {
            for (const std::string& status : inner.lines(name)) {
                const auto read = domain::parse<domain::OrderStatus>(status);
                if (read) capabilities.statuses[kind].push_back(*read);
            }
        }
    }
    const std::optional<std::size_t> binding = index_of(kBindings, fields.text("sessions"));
    capabilities.sessions = static_cast<SessionBinding>(binding.value_or(0));
    capabilities.step_deadline = fields.milliseconds("step_deadline_ms");
    capabilities.settle = fields.milliseconds("settle_ms").value_or(capabilities.settle);
    if (auto error = error_of(problems)) return std::move(*error);
    return capabilities;
}

}  // namespace cabroker::adapters::protocol
