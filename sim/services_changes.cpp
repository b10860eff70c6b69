// The Services API's changing side: reissue, DCV, revoke, cancel, approvals.
#include <algorithm>
#include <array>

#include "sim/services_parts.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

constexpr std::size_t kMostRequests = 100'000;
constexpr std::size_t kLongestComment = 2048;

bool known_method(std::string_view method) {
    return method == "email" || method == "dns-txt-token" || method == "dns-cname-token" ||
           method == "http-token";
}

bool is_revocation_reason(std::string_view reason) {
    constexpr std::array<std::string_view, 6> kReasons = {
        "",           "unspecified",           "key_compromise", "affiliation_changed",
        "superseded", "cessation_of_operation"};
    return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

/// The names that the body wants are the order's own, or are not told.
bool names_fit(const js::object& certificate, const Order& order) {
    const std::vector<std::string> own = order.names();
    const auto mine = [&](const js::value& name) {
        return name.is_string() &&
               std::find(own.begin(), own.end(), lower(name.as_string())) != own.end();
    };
    if (const js::value* name = certificate.if_contains("common_name")) {
        if (!name->is_string() || lower(name->as_string()) != order.facts.common_name) return false;
    }
    const js::value* names = certificate.if_contains("dns_names");
    if (names == nullptr) return true;
    return names->is_array() &&
           std::all_of(names->as_array().begin(), names->as_array().end(), mine);
}

js::object random_value_of(const Reissue& pending) {
    js::object out;
    if (pending.method != "email") out["dcv_random_value"] = pending.random_value;
    out["expiration_date"] = api_time(pending.tokens.front().until);
    return out;
}

}  // namespace

HttpReply api_refusal(Refusal refusal) {
    switch (refusal) {
        case Refusal::already_pending:
            return api_error(400, "reissue_already_pending", "A reissue is pending already.");
        case Refusal::not_reissuable:
            return api_error(400, "order_not_reissuable", "The order's status allows no reissue.");
        case Refusal::not_revocable:
        case Refusal::already_revoked:
            return api_error(400, "order_not_revocable", "The status allows no revocation.");
        case Refusal::revoke_while_pending:
            return api_error(400, "certificate_reissue_pending",
                             "A reissue is pending. Cancel it or wait until it is issued.");
        case Refusal::revoke_disabled:
            return api_error(403, "access_denied|missing_permission", "Revoking is switched off.");
        case Refusal::nothing_pending:
        case Refusal::not_cancelable:
            return api_error(400, "invalid_status_change", "There is nothing to cancel.");
        case Refusal::no_certificate:
            return api_error(404, "not_found|certificate", "There is no such certificate.");
        case Refusal::csr_missing:
            return api_error(400, "required_param|csr", "A CSR is needed.");
        case Refusal::csr_unreadable:
            return api_error(400, "csr_invalid_cannot_parse", "The CSR cannot be parsed.");
        case Refusal::csr_bad_signature:
            return api_error(400, "csr_invalid_signature", "The CSR's signature is not valid.");
        case Refusal::csr_weak_key:
            return api_error(400, "csr_weak_key", "The CSR's key is too weak.");
        case Refusal::csr_private_key:
            return api_error(400, "csr_contains_private_key", "Never send a private key.");
        case Refusal::csr_name_mismatch:
            return api_error(400, "csr_name_mismatch", "The CSR is for another name.");
        case Refusal::method_unknown:
        case Refusal::method_not_for_wildcard:
            return api_error(400, "invalid_dcv_method", "The DCV method cannot be used.");
        default:
            return api_error(400, "bad_request_format", "The request cannot be taken.");
    }
}

HttpReply ServicesApi::reissue(Call& call) {
    const js::value* certificate = call.body.if_contains("certificate");
    if (certificate == nullptr || !certificate->is_object()) {
        return api_error(400, "required_param|certificate", "Tell the certificate.");
    }
    if (!names_fit(certificate->as_object(), *call.order)) {
        return api_error(400, "invalid_param|dns_names", "The names are not the order's.");
    }
    const std::string hash = call.text("signature_hash", "certificate");
    if (!hash.empty() && hash != "sha256" && hash != "sha384" && hash != "sha512") {
        return api_error(400, "invalid_param|signature_hash", "Use sha256, sha384 or sha512.");
    }
    ApiRequest request;
    request.order_id = call.order->facts.supplier_order_id;
    request.type = "reissue";
    request.comments = call.text("comments").substr(0, kLongestComment);
    request.requester = call.login.name;
    request.date = world_.clock().now();
    request.form.csr = call.text("csr", "certificate");
    request.form.method = call.text("dcv_method");
    if (request.form.method.empty()) request.form.method = "email";
    request.form.reason = request.comments;
    request.form.via = "api";
    if (const auto refusal = world_.check_reissue(*call.order, request.form)) {
        ++call.order->books.refusals;
        return api_refusal(*refusal);
    }
    js::object told;
    js::object out;
    out["id"] = api_id(request.order_id);
    if (call.skips_approval()) {
        if (const auto refusal = world_.submit_reissue(*call.order, request.form)) {
            return api_refusal(*refusal);
        }
        const Reissue& made = call.order->reissues.back();
        told["id"] = made.id;
        told["status"] = "approved";
        out["certificate_id"] = made.certificate_id;
        if (made.method != "email") out["dcv_random_value"] = made.random_value;
        out["dcv_expiration_date"] = api_time(made.tokens.front().until);
    } else {
        request.id = world_.next_request_id();
        request.form.id = request.id;
        told["id"] = request.id;
        told["status"] = "pending";
        requests_.push_back(std::move(request));
        if (requests_.size() > kMostRequests) requests_.pop_front();
    }
    out["requests"] = js::array(1, js::value(std::move(told)));
    return api_json(201, out);
}

HttpReply ServicesApi::revoke_order(Call& call) {
    if (const auto refusal = world_.may_revoke(*call.order)) return api_refusal(*refusal);
    return revoke(call, *call.order, "");
}

HttpReply ServicesApi::revoke_certificate(Call& call) {
    const std::string key = upper(call.parts.front());
    Order* order = world_.find_by_certificate(key);
    if (order == nullptr || order->facts.account != call.login.account) {
        return api_error(404, "not_found|certificate", "There is no such certificate.");
    }
    const auto found = std::find_if(
        order->certificates.begin(), order->certificates.end(), [&](const Certificate& one) {
            return one.serial == key || one.sha1 == key || std::to_string(one.id) == key;
        });
    if (const auto refusal = world_.may_revoke(*order, &*found)) return api_refusal(*refusal);
    return revoke(call, *order, found->serial);
}

HttpReply ServicesApi::revoke(Call& call, Order& order, const std::string& serial) {
    if (!is_revocation_reason(call.text("revocation_reason"))) {
        return api_error(400, "invalid_param|revocation_reason", "There is no such reason.");
    }
    std::string comments = call.text("comments");
    if (comments.empty()) comments = call.text("comment");
    comments.resize(std::min(comments.size(), kLongestComment));
    if (call.skips_approval()) {
        // The comment reaches the books, but nothing that the API shows.
        const auto refusal =
            serial.empty()
                ? world_.revoke(order, comments, "api")
                : world_.revoke_certificate(order, order.find_certificate(serial), comments, "api");
        return refusal ? api_refusal(*refusal) : api_json(204, nullptr);
    }
    ApiRequest request;
    request.id = world_.next_request_id();
    request.order_id = order.facts.supplier_order_id;
    request.type = "revoke";
    request.comments = comments;
    request.requester = call.login.name;
    request.date = world_.clock().now();
    request.serial = serial;
    const js::object out = api_json_of(request, true);
    requests_.push_back(std::move(request));
    if (requests_.size() > kMostRequests) requests_.pop_front();
    return api_json(201, out);
}

HttpReply ServicesApi::set_status(Call& call) {
    if (call.text("status") != "canceled") {
        return api_error(400, "invalid_param|status", "Use canceled, in lower case.");
    }
    const std::string note = trimmed(call.text("note")).substr(0, kLongestComment);
    if (note.empty()) return api_error(400, "required_param|note", "A note is needed.");
    Order& order = *call.order;
    const auto refusal = order.status == "reissue_pending"
                             ? world_.cancel_reissue(order, note, "api")
                             : world_.cancel_order(order, note, "api");
    return refusal ? api_refusal(*refusal) : api_json(204, nullptr);
}

HttpReply ServicesApi::dcv_value(Call& call) {
    const Reissue* pending = call.order->pending_reissue();
    if (pending == nullptr) return api_refusal(Refusal::nothing_pending);
    return api_json(200, random_value_of(*pending));
}

HttpReply ServicesApi::dcv_method(Call& call) {
    const Reissue* pending = call.order->pending_reissue();
    if (pending == nullptr) return api_refusal(Refusal::nothing_pending);
    const std::string method = call.text("dcv_method");
    const bool wildcard = call.order->facts.common_name.starts_with("*.");
    if (!known_method(method) || (wildcard && method == "http-token")) {
        return api_refusal(Refusal::method_unknown);
    }
    if (method == pending->method) return api_json(200, js::object());
    world_.change_method(*call.order, method);
    return api_json(200, random_value_of(*pending));
}

HttpReply ServicesApi::check_dcv(Call& call) {
    const Reissue* pending = call.order->pending_reissue();
    if (pending == nullptr) return api_refusal(Refusal::nothing_pending);
    if (!pending->confirmed && pending->method == "http-token") {
        return api_error(400, "dcv_token_not_found", "The file with the value was not found.");
    }
    const char* status = pending->confirmed ? "valid" : "pending";
    js::array names;
    for (const ValidationToken& token : pending->tokens) {
        js::object item;
        item["name"] = token.domain;
        item["status"] = status;
        names.push_back(std::move(item));
    }
    js::object out;
    out["order_status"] = call.order->status;
    out["certificate_id"] = pending->certificate_id;
    out["dcv_status"] = status;
    out["dns_name_validations"] = std::move(names);
    return api_json(200, out);
}

HttpReply ServicesApi::request_status(Call& call) {
    const auto found =
        std::find_if(requests_.begin(), requests_.end(), [&](const ApiRequest& request) {
            return std::to_string(request.id) == call.parts.front();
        });
    Order* order = found == requests_.end() ? nullptr : world_.find(found->order_id);
    if (order == nullptr || order->facts.account != call.login.account) {
        return api_error(404, "not_found|request", "There is no such request.");
    }
    const std::string status = call.text("status");
    if (status != "approved" && status != "rejected") {
        return api_error(400, "invalid_param|status", "Use approved or rejected.");
    }
    if (call.login.role != Role::admin) {
        return api_error(403, "access_denied|missing_permission", "The key may not approve.");
    }
    if (found->requester == call.login.name) {
        return api_error(403, "access_denied|invalid_approver", "Another login must approve.");
    }
    if (found->status != "pending") return api_refusal(Refusal::not_cancelable);
    found->processor_comment = call.text("processor_comment").substr(0, kLongestComment);
    if (status == "approved") return approve(*found);
    found->status = status;
    return api_json(204, nullptr);
}

HttpReply ServicesApi::approve(ApiRequest& request) {
    Order& order = *world_.find(request.order_id);
    std::optional<Refusal> refusal;
    if (request.type == "reissue") {
        refusal = world_.submit_reissue(order, request.form);
    } else if (request.serial.empty()) {
        refusal = world_.revoke(order, request.comments, "api");
    } else {
        refusal = world_.revoke_certificate(order, order.find_certificate(request.serial),
                                            request.comments, "api");
    }
    if (refusal) return api_refusal(*refusal);
    request.status = "approved";
    return api_json(204, nullptr);
}

}  // namespace cabroker::sim
