// The Services API's files and lists of requests.
#include <algorithm>

#include "sim/services_parts.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

constexpr std::size_t kMostReissues = 1000;

HttpReply file_reply(const World& world, const Order& order, const Certificate& certificate,
                     const std::string& format) {
    ChainPem chain = world.chain_of(order).value();
    chain.leaf = certificate.pem;
    std::string stem = order.facts.common_name;
    std::replace(stem.begin(), stem.end(), '.', '_');
    std::replace(stem.begin(), stem.end(), '*', 'x');
    const auto file = make_download(format, chain, stem);
    if (!file) return api_error(404, "not_found|format", "There is no such format.");
    HttpReply reply;
    set_header(reply, "Content-Type", file->content_type);
    set_header(reply, "Content-Disposition", "attachment; filename=" + file->file_name);
    reply.body = file->octets;
    return reply;
}

/// `.../format/F` or `.../platform/N`, of which 29 is known.
std::string format_of(const HttpRequest& request, const std::string& last) {
    if (request.path.find("/platform/") == std::string::npos) return last;
    return last == "29" ? "pem_all" : "";
}

}  // namespace

HttpReply ServicesApi::requests(Call& call) {
    const std::string& status = field(call.request.query, "status");
    const std::string& order_id = field(call.request.query, "order_id");
    js::array items;
    for (const auto& order : world_.orders()) {
        if (order->facts.account != call.login.account || !order->on_guest_portal()) continue;
        if (!order_id.empty() && order->facts.supplier_order_id != order_id) continue;
        for (const ApiRequest& request : requests_of(*order)) {
            if (!status.empty() && request.status != status) continue;
            if (items.size() < kMostReissues) items.push_back(api_json_of(request, true));
        }
    }
    js::object out;
    out["requests"] = std::move(items);
    return api_json(200, out);
}

HttpReply ServicesApi::request_info(Call& call) {
    for (const auto& order : world_.orders()) {
        if (order->facts.account != call.login.account) continue;
        for (const ApiRequest& request : requests_of(*order)) {
            if (std::to_string(request.id) == call.parts.front()) {
                return api_json(200, api_json_of(request, true));
            }
        }
    }
    return api_error(404, "not_found|request", "There is no such request.");
}

HttpReply ServicesApi::download(Call& call) {
    const std::string key = upper(call.parts.front());
    Order* order = world_.find_by_certificate(key);
    if (order != nullptr && order->facts.account == call.login.account) {
        for (const Certificate& certificate : order->certificates) {
            if (std::to_string(certificate.id) != key && certificate.serial != key) continue;
            ++order->books.downloads;
            return file_reply(world_, *order, certificate,
                              format_of(call.request, call.parts.back()));
        }
    }
    return api_error(404, "not_found|certificate", "There is no such certificate.");
}

HttpReply ServicesApi::download_by_order(Call& call) {
    Order& order = *call.order;
    if (order.certificates.empty()) {
        return api_error(400, "certificate_not_issued", "There is no certificate yet.");
    }
    ++order.books.downloads;
    const bool named = call.parts.size() > 1;
    return file_reply(world_, order, order.certificates.back(),
                      named ? format_of(call.request, call.parts.back()) : "default");
}

HttpReply ServicesApi::chain(Call& call) {
    Order* order = world_.find_by_certificate(call.parts.front());
    if (order == nullptr || order->facts.account != call.login.account) {
        return api_error(404, "not_found|certificate", "There is no such certificate.");
    }
    const ChainPem chain = world_.chain_of(*order).value();
    js::array items;
    for (const std::string* pem : {&chain.intermediate, &chain.root}) {
        js::object item;
        item["subject_common_name"] =
            pem == &chain.intermediate ? "Simulated TLS CA 2" : "Simulated Trust Root G1";
        item["pem"] = *pem;
        items.push_back(std::move(item));
    }
    js::object out;
    out["intermediates"] = std::move(items);
    return api_json(200, out);
}

}  // namespace cabroker::sim
