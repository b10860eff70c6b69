#include <boost/json.hpp>

#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::json {
namespace {

namespace bj = boost::json;

// Reads members and remembers the first that is not what it must be.
class Members {
  public:
    explicit Members(const bj::value& value) : object_(value.if_object()) {
        if (object_ == nullptr) blame("an object");
    }
    [[nodiscard]] const bj::value* find(std::string_view key) const {
        if (object_ == nullptr) return nullptr;
        const bj::value* member = object_->if_contains(bj::string_view(key.data(), key.size()));
        return member == nullptr || member->is_null() ? nullptr : member;
    }
    std::optional<std::string> opt_text(std::string_view key) {
        const bj::value* member = find(key);
        if (member == nullptr) return std::nullopt;
        const bj::string* text = member->if_string();
        if (text != nullptr) return std::string(text->data(), text->size());
        blame(key);
        return std::nullopt;
    }
    std::string text(std::string_view key) { return opt_text(key).value_or(std::string()); }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        const bj::value* member = find(key);
        if (member == nullptr) return out;
        if (!member->is_array()) {
            blame(key);
            return out;
        }
        for (const bj::value& item : member->get_array()) {
            const bj::string* one = item.if_string();
            if (one == nullptr) {
                blame(key);
                return out;
            }
            out.emplace_back(one->data(), one->size());
        }
        return out;
    }
    std::optional<domain::Time> opt_time(std::string_view key) {
        const std::optional<std::string> written = opt_text(key);
        if (!written) return std::nullopt;
        const std::optional<domain::Time> time = parse_time(*written);
        if (!time) blame(key);
        return time;
    }
    domain::Time time(std::string_view key) { return opt_time(key).value_or(domain::Time{}); }
    template <class Enum>
    std::optional<Enum> opt_word(std::string_view key) {
        const std::optional<std::string> name = opt_text(key);
        if (!name) return std::nullopt;
        const std::optional<Enum> value = domain::parse<Enum>(*name);
        if (!value) blame(key);
        return value;
    }
    template <class Enum>
    Enum word(std::string_view key, Enum fallback) {
        return opt_word<Enum>(key).value_or(fallback);
    }
    template <class Enum>
    std::vector<Enum> words(std::string_view key) {
        std::vector<Enum> out;
        for (const std::string& name : texts(key)) {
            const std::optional<Enum> value = domain::parse<Enum>(name);
            if (value) {
                out.push_back(*value);
            } else {
                blame(key);
            }
        }
        return out;
    }
    template <class T>
    void keep(std::string_view key, domain::Result<T> read, T& into) {
        if (read) {
            into = std::move(*read);
        } else {
            blame(key);
        }
    }
    void blame(std::string_view what) {
        if (blamed_.empty()) blamed_ = what;
    }
    template <class T>
    domain::Result<T> finish(T value) const {
        if (blamed_.empty()) return value;
        return domain::Error(domain::ErrorCode::bad_answer,
                             "cannot read stored JSON: bad member " + blamed_);
    }

  private:
    const bj::object* object_;
    std::string blamed_;
};

}  // namespace

domain::Result<domain::Labels> labels_from_json(const bj::value& value) {
    Members in(value);
    domain::Labels labels;
    if (const bj::object* object = value.if_object()) {
        for (const auto& member : *object) {
            const std::string key(member.key().data(), member.key().size());
            labels.emplace(key, in.text(key));
        }
    }
    return in.finish(std::move(labels));
}

domain::Result<domain::Params> params_from_json(domain::Kind kind, const bj::value& value) {
    Members in(value);
    domain::Params params;
    switch (kind) {
        case domain::Kind::status:
            break;
        case domain::Kind::reissue: {
            domain::ReissueParams& reissue = params.emplace<domain::ReissueParams>();
            reissue.csr = in.text("csr");
            reissue.validation_method = in.opt_word<domain::ValidationMethod>("validation_method");
            reissue.reason = in.text("reason");
            reissue.formats = in.words<domain::Format>("formats");
            break;
        }
        case domain::Kind::revoke: {
            domain::RevokeParams& revoke = params.emplace<domain::RevokeParams>();
            revoke.reason = in.text("reason");
            revoke.reason_code = in.opt_word<domain::ReasonCode>("reason_code");
            revoke.scope = in.word("scope", domain::RevokeScope::order);
            revoke.serial = in.opt_text("serial");
            break;
        }
        case domain::Kind::cancel:
            params.emplace<domain::CancelParams>().reason = in.text("reason");
            break;
        case domain::Kind::download:
            params.emplace<domain::DownloadParams>().formats = in.words<domain::Format>("formats");
            break;
        case domain::Kind::transfer: {
            domain::TransferParams& transfer = params.emplace<domain::TransferParams>();
            transfer.target_account = in.text("target_account");
            transfer.verification =
                in.word("verification", domain::TransferVerification::challenge_phrase);
            break;
        }
    }
    return in.finish(std::move(params));
}

domain::Result<domain::Need> need_from_json(const bj::value& value) {
    Members in(value);
    domain::Need need;
    need.name = in.text("name");
    need.hint = in.text("hint");
    need.expires_at = in.opt_time("expires_at");
    if (const bj::value* left = in.find("attempts_left")) {
        if (left->is_int64()) {
            need.attempts_left = static_cast<int>(left->get_int64());
        } else {
            in.blame("attempts_left");
        }
    }
    if (const bj::value* last = in.find("last_error")) {
        Members error(*last);
        need.last_error.emplace();
        need.last_error->code = error.text("code");
        need.last_error->at = error.time("at");
        if (error.finish(0).has_error()) in.blame("last_error");
    }
    if (const bj::value* details = in.find("details")) {
        in.keep("details", labels_from_json(*details), need.details);
    }
    return in.finish(std::move(need));
}

domain::Result<std::vector<domain::Need>> needs_from_json(const bj::value& value) {
    std::vector<domain::Need> needs;
    if (!value.is_array()) {
        return domain::Error(domain::ErrorCode::bad_answer, "cannot read stored JSON: no array");
    }
    for (const bj::value& item : value.get_array()) {
        domain::Result<domain::Need> need = need_from_json(item);
        if (!need) return std::move(need).error();
        needs.push_back(std::move(*need));
    }
    return needs;
}

domain::Result<domain::Outcome> outcome_from_json(const bj::value& value) {
    Members in(value);
    domain::Outcome outcome;
    outcome.code = in.text("code");
    outcome.detail = in.text("detail");
    outcome.hint = in.text("hint");
    const bj::value* evidence = in.find("evidence");
    if (evidence != nullptr && !evidence->is_array()) in.blame("evidence");
    if (evidence != nullptr && evidence->is_array()) {
        for (const bj::value& item : evidence->get_array()) {
            Members piece(item);
            domain::Evidence& read = outcome.evidence.emplace_back();
            read.type = piece.word("type", domain::EvidenceType::status);
            read.id = piece.opt_text("id");
            read.detail = piece.text("detail");
            if (piece.finish(0).has_error()) in.blame("evidence");
        }
    }
    return in.finish(std::move(outcome));
}

domain::Result<domain::Trouble> trouble_from_json(const bj::value& value) {
    Members in(value);
    domain::Trouble trouble;
    trouble.code = in.text("code");
    trouble.detail = in.text("detail");
    trouble.at = in.time("at");
    return in.finish(std::move(trouble));
}

domain::Result<domain::CertificateFacts> certificate_from_json(const bj::value& value) {
    Members in(value);
    domain::CertificateFacts facts;
    facts.common_name = in.text("common_name");
    facts.dns_names = in.texts("dns_names");
    facts.serial = in.text("serial");
    facts.sha256 = in.text("sha256");
    facts.not_before = in.time("not_before");
    facts.not_after = in.time("not_after");
    return in.finish(std::move(facts));
}

domain::Result<domain::RequestResult> result_from_json(const bj::value& value) {
    Members in(value);
    domain::RequestResult result;
    if (in.find("order_status") != nullptr) {
        domain::StatusResult& status = result.emplace<domain::StatusResult>();
        status.order_status = in.word("order_status", domain::OrderStatus::unknown);
        status.order_status_raw = in.text("order_status_raw");
        status.checked_at = in.time("checked_at");
    } else if (const bj::value* certificate = in.find("certificate")) {
        domain::CertificateResult& issued = result.emplace<domain::CertificateResult>();
        in.keep("certificate", certificate_from_json(*certificate), issued.certificate);
        for (const std::string& text : in.texts("artifacts")) {
            std::optional<domain::ArtifactId> id = domain::ArtifactId::parse(text);
            if (!id) in.blame("artifacts");
            if (id) issued.artifacts.push_back(std::move(*id));
        }
    } else if (const bj::value* refund = in.find("refund")) {
        domain::RevokeResult& revoked = result.emplace<domain::RevokeResult>();
        revoked.scope = in.word("scope", domain::RevokeScope::order);
        Members money(*refund);
        revoked.refund.status = money.word("status", domain::RefundStatus::ask_support);
        revoked.refund.until = money.opt_time("until");
        revoked.refund.rule = money.text("rule");
        revoked.refund.check_after = money.opt_time("check_after");
        if (money.finish(0).has_error()) in.blame("refund");
    } else {
        result.emplace<domain::TransferResult>().account = in.text("account");
    }
    return in.finish(std::move(result));
}

}  // namespace cabroker::json
