#include "json/domain_codec.hpp"

#include <boost/json.hpp>

#include "domain/states.hpp"
#include "json/time_text.hpp"

namespace cabroker::json {
namespace {

namespace bj = boost::json;

bj::string_view view(std::string_view text) { return {text.data(), text.size()}; }

template <class Enum>
bj::value word(Enum value) {
    return view(domain::name_of(value));
}

template <class Enum>
bj::value opt_word(const std::optional<Enum>& value) {
    if (!value) return nullptr;
    return word(*value);
}

bj::value time(domain::Time at) { return bj::string(time_text(at)); }

// Text that the broker may not know: empty means unknown.
bj::value known(const std::string& text) {
    if (text.empty()) return nullptr;
    return view(text);
}

bj::array texts(const std::vector<std::string>& list) {
    bj::array out;
    out.reserve(list.size());
    for (const std::string& text : list) out.emplace_back(view(text));
    return out;
}

bj::array formats_array(const std::vector<domain::Format>& formats) {
    bj::array out;
    for (const domain::Format format : formats) out.emplace_back(word(format));
    return out;
}

struct ParamsWriter {
    bj::object operator()(const domain::StatusParams&) const { return {}; }
    bj::object operator()(const domain::ReissueParams& params) const {
        bj::object out;
        out["csr"] = known(params.csr);
        out["validation_method"] = opt_word(params.validation_method);
        out["reason"] = known(params.reason);
        out["formats"] = formats_array(params.formats);
        return out;
    }
    bj::object operator()(const domain::RevokeParams& params) const {
        bj::object out;
        out["reason"] = known(params.reason);
        out["reason_code"] = opt_word(params.reason_code);
        out["scope"] = word(params.scope);
        out["serial"] = to_json(params.serial);
        return out;
    }
    bj::object operator()(const domain::CancelParams& params) const {
        bj::object out;
        out["reason"] = known(params.reason);
        return out;
    }
    bj::object operator()(const domain::DownloadParams& params) const {
        bj::object out;
        out["formats"] = formats_array(params.formats);
        return out;
    }
    bj::object operator()(const domain::TransferParams& params) const {
        bj::object out;
        out["target_account"] = known(params.target_account);
        out["verification"] = word(params.verification);
        return out;
    }
};

struct ResultWriter {
    bj::object operator()(const domain::StatusResult& result) const {
        bj::object out;
        out["order_status"] = word(result.order_status);
        out["order_status_raw"] = known(result.order_status_raw);
        out["checked_at"] = time(result.checked_at);
        return out;
    }
    bj::object operator()(const domain::CertificateResult& result) const {
        bj::array artifacts;
        for (const domain::ArtifactId& id : result.artifacts)
            artifacts.emplace_back(view(id.text()));
        bj::object out;
        out["certificate"] = to_json(result.certificate);
        out["artifacts"] = std::move(artifacts);
        return out;
    }
    bj::object operator()(const domain::RevokeResult& result) const {
        bj::object refund;
        refund["status"] = word(result.refund.status);
        refund["until"] = to_json(result.refund.until);
        refund["rule"] = known(result.refund.rule);
        refund["check_after"] = to_json(result.refund.check_after);
        bj::object out;
        out["scope"] = word(result.scope);
        out["refund"] = std::move(refund);
        return out;
    }
    bj::object operator()(const domain::TransferResult& result) const {
        bj::object out;
        out["account"] = known(result.account);
        return out;
    }
};

bj::value external_ref(const std::optional<domain::ExternalRef>& ref) {
    if (!ref) return nullptr;
    bj::object out;
    out["system"] = view(ref->system);
    out["id"] = view(ref->id);
    return out;
}

template <class T>
bj::value maybe(const std::optional<T>& part) {
    if (!part) return nullptr;
    return to_json(*part);
}

}  // namespace

bj::value to_json(const std::optional<domain::Time>& at) {
    if (!at) return nullptr;
    return time(*at);
}

bj::value to_json(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    return view(*text);
}

bj::object to_json(const domain::Labels& map) {
    bj::object out;
    for (const auto& [key, value] : map) out[view(key)] = view(value);
    return out;
}

bj::object to_json(const domain::Person& person) {
    bj::object out;
    out["uid"] = person.uid;
    out["name"] = known(person.name);
    out["asserted"] = to_json(person.asserted);
    return out;
}

bj::object to_json(const domain::Params& params) { return std::visit(ParamsWriter{}, params); }

bj::object to_json(const domain::RequestResult& result) {
    return std::visit(ResultWriter{}, result);
}

bj::object to_json(const domain::Need& need) {
    bj::value last_error = nullptr;
    if (need.last_error) {
        bj::object error;
        error["code"] = view(need.last_error->code);
        error["at"] = time(need.last_error->at);
        last_error = std::move(error);
    }
    bj::object out;
    out["name"] = view(need.name);
    out["hint"] = known(need.hint);
    out["expires_at"] = to_json(need.expires_at);
    out["attempts_left"] = nullptr;
    if (need.attempts_left) out["attempts_left"] = *need.attempts_left;
    out["last_error"] = std::move(last_error);
    out["details"] = to_json(need.details);
    return out;
}

bj::array to_json(const std::vector<domain::Need>& needs) {
    bj::array out;
    for (const domain::Need& need : needs) out.emplace_back(to_json(need));
    return out;
}

bj::object to_json(const domain::Evidence& evidence) {
    bj::object out;
    out["type"] = word(evidence.type);
    out["id"] = to_json(evidence.id);
    out["detail"] = view(evidence.detail);
    return out;
}

bj::object to_json(const domain::Outcome& outcome) {
    bj::array evidence;
    for (const domain::Evidence& piece : outcome.evidence) evidence.emplace_back(to_json(piece));
    bj::object out;
    out["code"] = view(outcome.code);
    out["detail"] = view(outcome.detail);
    out["hint"] = known(outcome.hint);
    out["evidence"] = std::move(evidence);
    return out;
}

bj::object to_json(const domain::Trouble& trouble) {
    bj::object out;
    out["code"] = view(trouble.code);
    out["detail"] = view(trouble.detail);
    out["at"] = time(trouble.at);
    return out;
}

bj::object to_json(const domain::CertificateFacts& facts) {
    bj::object out;
    out["common_name"] = known(facts.common_name);
    out["dns_names"] = texts(facts.dns_names);
    out["serial"] = view(facts.serial);
    out["sha256"] = view(facts.sha256);
    out["not_before"] = time(facts.not_before);
    out["not_after"] = time(facts.not_after);
    return out;
}

bj::object to_json(const domain::OrderSnapshot& order) {
    bj::object out;
    out["id"] = view(order.id.text());
    out["common_name"] = to_json(order.common_name);
    out["supplier_order_id"] = to_json(order.supplier_order_id);
    out["platform_order_id"] = to_json(order.platform_order_id);
    out["brand"] = word(order.brand);
    out["product"] = to_json(order.product);
    return out;
}

bj::object to_json(const domain::Order& order) {
    bj::object out;
    out.reserve(24);
    out["id"] = view(order.id.text());
    out["supplier"] = word(order.supplier);
    out["brand"] = word(order.brand);
    out["product"] = to_json(order.product);
    out["common_name"] = to_json(order.common_name);
    out["dns_names"] = texts(order.dns_names);
    out["supplier_order_id"] = to_json(order.supplier_order_id);
    out["platform_order_id"] = to_json(order.platform_order_id);
    out["status"] = word(order.status);
    out["status_raw"] = to_json(order.status_raw);
    out["status_at"] = to_json(order.status_at);
    out["account"] = to_json(order.account);
    out["admin_email"] = to_json(order.admin_email);
    out["technical_email"] = to_json(order.technical_email);
    out["corporate_email"] = to_json(order.corporate_email);
    out["login_email"] = to_json(domain::login_contact(order));
    out["ordered_at"] = to_json(order.ordered_at);
    out["issued_at"] = to_json(order.issued_at);
    out["expires_at"] = to_json(order.expires_at);
    out["labels"] = to_json(order.labels);
    out["created_at"] = time(order.created_at);
    out["updated_at"] = time(order.updated_at);
    return out;
}

bj::object to_json(const domain::Request& request) {
    bj::object out;
    out.reserve(28);
    out["id"] = view(request.id.text());
    out["kind"] = word(request.kind);
    out["order"] = to_json(request.order);
    out["params"] = to_json(request.params);
    out["adapter"] = to_json(request.adapter);
    out["channel"] = opt_word(request.channel);
    out["state"] = word(request.state);
    out["settled"] = domain::is_settled(request.state);
    out["next_actor"] = word(request.next_actor);
    out["step"] = to_json(request.step);
    out["attempt"] = request.attempt;
    out["needs"] = to_json(request.needs);
    out["outcome"] = maybe(request.outcome);
    out["result"] = maybe(request.result);
    out["last_problem"] = maybe(request.last_problem);
    out["next_attempt_at"] = to_json(request.next_attempt_at);
    out["deadline_at"] = time(request.deadline_at);
    out["external_ref"] = external_ref(request.external_ref);
    out["labels"] = to_json(request.labels);
    out["note"] = to_json(request.note);
    out["retry_of"] = nullptr;
    if (request.retry_of) out["retry_of"] = view(request.retry_of->text());
    out["created_by"] = to_json(request.created_by);
    out["created_at"] = time(request.created_at);
    out["updated_at"] = time(request.updated_at);
    out["settled_at"] = to_json(request.settled_at);
    return out;
}

}  // namespace cabroker::json
