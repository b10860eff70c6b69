// The Services API's reading side: orders and their reissues.
#include <algorithm>
#include <charconv>

#include "sim/services_parts.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

constexpr std::uint64_t kMostListed = 1000;
constexpr std::uint64_t kMostMinutes = 10'080;

std::uint64_t number_or(const std::string& text, std::uint64_t otherwise) {
    std::uint64_t number = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::int64_t days_until(domain::Time end, domain::Time now) {
    return (unix_seconds(end) - unix_seconds(now)) / 86400;
}

js::object product_of(const Order& order) {
    js::object product;
    product["name_id"] = "ssl_simulated";
    product["name"] = order.facts.product;
    product["type"] = "ssl_certificate";
    product["validation_type"] = order.facts.product.ends_with("DV") ? "dv" : "ov";
    return product;
}

domain::Time created_at(const Order& order) {
    return order.certificates.empty() ? domain::Time() : order.certificates.front().not_before;
}

js::object certificate_of(const Order& order, domain::Time now) {
    js::object out;
    if (!order.certificates.empty()) {
        const Certificate& newest = order.certificates.back();
        out["id"] = newest.id;
        out["thumbprint"] = newest.sha1;
        out["serial_number"] = newest.serial;
        out["valid_from"] = api_day(newest.not_before);
        out["valid_till"] = api_day(newest.not_after);
        out["days_remaining"] = days_until(newest.not_after, now);
        out["date_created"] = api_time(newest.not_before);
        for (const Reissue& reissue : order.reissues) {
            if (reissue.serial == newest.serial) out["csr"] = as_utf8(reissue.csr);
        }
    }
    out["common_name"] = order.facts.common_name;
    out["dns_names"] = api_names(order);
    out["signature_hash"] = "sha256";
    js::object ca;
    ca["id"] = "SIM1";
    ca["name"] = "Simulated TLS CA 2";
    out["ca_cert"] = std::move(ca);
    return out;
}

domain::Time last_change(const Order& order) {
    domain::Time last = created_at(order);
    for (const Effect& effect : order.books.effects) last = std::max(last, effect.at);
    for (const Reissue& reissue : order.reissues) {
        last = std::max(last, reissue.issued_at.value_or(reissue.requested_at));
    }
    return last;
}

ApiRequest api_request(const Order& order, const Reissue& reissue) {
    ApiRequest request;
    request.id = reissue.id;
    request.order_id = order.facts.supplier_order_id;
    request.type = "reissue";
    request.status = reissue.state == "canceled" ? "rejected" : "approved";
    request.comments = as_utf8(reissue.reason);
    request.processor_comment = as_utf8(reissue.note);
    request.date = reissue.requested_at;
    return request;
}

}  // namespace

js::value api_id(const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return js::value(text);
    return js::value(number);
}

js::array api_names(const Order& order) {
    js::array names;
    for (const std::string& name : order.names()) names.push_back(js::string(name));
    return names;
}

js::object api_json_of(const ApiRequest& request, bool whole) {
    js::object out;
    out["id"] = request.id;
    out["date"] = api_time(request.date);
    out["type"] = request.type;
    out["status"] = request.status;
    out["comments"] = request.comments;
    if (!request.processor_comment.empty()) out["processor_comment"] = request.processor_comment;
    if (!whole) return out;
    js::object order;
    order["id"] = api_id(request.order_id);
    out["order"] = std::move(order);
    if (!request.requester.empty()) {
        js::object requester;
        requester["username"] = request.requester;
        out["requester"] = std::move(requester);
    }
    return out;
}

js::object api_info(Order& order, const std::vector<ApiRequest>& requests, domain::Time now) {
    js::object out;
    out["id"] = api_id(order.facts.supplier_order_id);
    out["status"] = order.status;
    out["certificate"] = certificate_of(order, now);
    out["is_renewal"] = false;
    out["date_created"] = api_time(created_at(order));
    if (!order.certificates.empty()) {
        out["date_issued"] = api_time(order.certificates.back().not_before);
        out["order_valid_till"] = api_day(order.certificates.front().not_after);
    }
    js::object organization;
    organization["id"] = 4711;
    organization["name"] = "Example Organization";
    out["organization"] = std::move(organization);
    js::object container;
    container["id"] = 1;
    container["name"] = order.facts.account;
    out["container"] = std::move(container);
    out["product"] = product_of(order);
    out["public_id"] = "SIM" + order.facts.supplier_order_id;
    out["allow_duplicates"] = false;
    out["payment_method"] = "balance";
    out["dcv_method"] = order.reissues.empty() ? "email" : order.reissues.back().method;
    if (const Reissue* pending = order.pending_reissue()) {
        out["pending_certificate_id"] = pending->certificate_id;
        if (pending->method != "email") out["dcv_random_value"] = pending->random_value;
        out["dcv_expiration_date"] = api_time(pending->tokens.front().until);
    }
    js::array list;
    for (const ApiRequest& request : requests) list.push_back(api_json_of(request, false));
    out["requests"] = std::move(list);
    return out;
}

std::vector<ApiRequest> ServicesApi::requests_of(const Order& order) const {
    std::vector<ApiRequest> found;
    for (const Reissue& reissue : order.reissues) found.push_back(api_request(order, reissue));
    for (const ApiRequest& request : requests_) {
        // An approved reissue stands among the order's reissues already.
        const bool told = request.type == "reissue" && request.status == "approved";
        if (request.order_id == order.facts.supplier_order_id && !told) found.push_back(request);
    }
    std::sort(found.begin(), found.end(),
              [](const ApiRequest& a, const ApiRequest& b) { return a.id > b.id; });
    return found;
}

HttpReply ServicesApi::info(Call& call) {
    return api_json(200, api_info(*call.order, requests_of(*call.order), world_.clock().now()));
}

HttpReply ServicesApi::list(Call& call) {
    const Fields& query = call.request.query;
    const std::string name = lower(field(query, "filters[common_name]"));
    const std::string& status = field(query, "filters[status]");
    const std::string search = lower(field(query, "filters[search]"));
    const std::uint64_t offset = number_or(field(query, "offset"), 0);
    const std::uint64_t limit =
        std::min(number_or(field(query, "limit"), kMostListed), kMostListed);
    std::uint64_t total = 0;
    js::array items;
    const auto consider = [&](Order& order) {
        if (order.facts.account != call.login.account || !order.on_guest_portal()) return;
        if (!status.empty() && order.status != status) return;
        if (!search.empty() && order.facts.common_name.find(search) == std::string::npos &&
            order.facts.supplier_order_id != search) {
            return;
        }
        if (++total <= offset || items.size() >= limit) return;
        js::object item;
        item["id"] = api_id(order.facts.supplier_order_id);
        item["certificate"] = certificate_of(order, world_.clock().now());
        item["status"] = order.status;
        item["is_renewed"] = false;
        item["date_created"] = api_time(created_at(order));
        item["product"] = product_of(order);
        items.push_back(std::move(item));
    };
    if (!name.empty()) {
        for (Order* order : world_.find_name(name)) consider(*order);
    } else {
        for (const auto& order : world_.orders()) consider(*order);
    }
    js::object page;
    page["total"] = total;
    page["limit"] = limit;
    page["offset"] = offset;
    js::object out;
    out["orders"] = std::move(items);
    out["page"] = std::move(page);
    return api_json(200, out);
}

HttpReply ServicesApi::status_changes(Call& call) {
    const std::uint64_t seconds = number_or(field(call.request.query, "seconds"), 0) +
                                  60 * number_or(field(call.request.query, "minutes"), 0);
    if (seconds == 0) return api_error(400, "required_param|minutes", "Tell minutes or seconds.");
    if (seconds > 60 * kMostMinutes) {
        return api_error(400, "time_frame_too_long", "At most 10080 minutes.");
    }
    const domain::Time since =
        world_.clock().now() - std::chrono::seconds(static_cast<std::int64_t>(seconds));
    js::array items;
    for (const auto& order : world_.orders()) {
        if (order->facts.account != call.login.account || !order->on_guest_portal()) continue;
        if (last_change(*order) < since) continue;
        js::object item;
        item["order_id"] = api_id(order->facts.supplier_order_id);
        if (!order->certificates.empty()) item["certificate_id"] = order->certificates.back().id;
        item["status"] = order->status;
        items.push_back(std::move(item));
    }
    js::object out;
    out["orders"] = std::move(items);
    return api_json(200, out);
}

HttpReply ServicesApi::reissues(Call& call) {
    js::array items;
    const Order& order = *call.order;
    for (auto reissue = order.reissues.rbegin(); reissue != order.reissues.rend(); ++reissue) {
        js::object item;
        item["id"] = reissue->certificate_id;
        item["common_name"] = order.facts.common_name;
        item["dns_names"] = api_names(order);
        item["status"] = reissue->state == "canceled" ? "rejected" : reissue->state;
        item["date_created"] = api_time(reissue->requested_at);
        item["csr"] = as_utf8(reissue->csr);
        if (const Certificate* issued = call.order->find_certificate(reissue->serial)) {
            item["thumbprint"] = issued->sha1;
            item["serial_number"] = issued->serial;
            item["date_issued"] = api_time(reissue->issued_at.value_or(issued->not_before));
            item["valid_from"] = api_day(issued->not_before);
            item["valid_till"] = api_day(issued->not_after);
        }
        items.push_back(std::move(item));
    }
    js::object out;
    out["certificates"] = std::move(items);
    return api_json(200, out);
}

HttpReply ServicesApi::duplicates(Call& /*call*/) {
    js::object out;
    out["certificates"] = js::array();
    return api_json(200, out);
}

}  // namespace cabroker::sim
