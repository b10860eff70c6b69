// The control API's orders: list, create, change, prove their domains, reissue as the support desk
// would.
#include "domain/words.hpp"
#include "json/parse.hpp"
#include "json/reader.hpp"
#include "sim/control.hpp"
#include "sim/control_json.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

std::optional<GuestAccess> guest_access_of(std::string_view word) {
    if (word == "enabled") return GuestAccess::enabled;
    if (word == "disabled") return GuestAccess::disabled;
    if (word == "unapproved") return GuestAccess::unapproved;
    return std::nullopt;
}

std::optional<bool> manual_of(std::string_view word) {
    if (word == "manual") return true;
    if (word == "auto") return false;
    return std::nullopt;
}

void read_common(json::ObjectReader& reader, NewOrder& facts) {
    if (const auto access =
            reader.word("guest_access", guest_access_of, "enabled, disabled, unapproved")) {
        facts.guest_access = *access;
    }
    if (const auto manual = reader.word("dcv", manual_of, "auto, manual"))
        facts.dcv_manual = *manual;
    if (const auto allowed = reader.boolean("revoke_allowed")) facts.revoke_allowed = *allowed;
    if (const auto contact = reader.line("login_contact")) facts.login_contact = *contact;
    if (const auto email = reader.line("admin_email")) facts.admin_email = *email;
    if (const auto email = reader.line("technical_email")) facts.technical_email = *email;
    if (const auto account = reader.line("account")) facts.account = *account;
}

}  // namespace

HttpReply Control::orders(const HttpRequest& request) {
    if (request.method == "POST") return create(request.body);
    js::array items;
    for (const auto& order : world_.orders()) items.push_back(json_of(*order));
    js::object out;
    out["items"] = std::move(items);
    return json_reply(200, out);
}

HttpReply Control::create(const std::string& body) {
    const auto parsed = json::parse(body);
    if (!parsed) return trouble(400, parsed.error().detail);
    json::Problems problems;
    json::ObjectReader reader(*parsed, "", problems);
    NewOrder facts;
    reader.require("supplier_order_id");
    reader.require("common_name");
    facts.supplier_order_id = reader.line("supplier_order_id").value_or("");
    facts.common_name = lower(reader.line("common_name").value_or(""));
    facts.platform_order_id = reader.line("platform_order_id").value_or("");
    facts.brand = lower(reader.line("brand").value_or("rapidssl"));
    facts.product = reader.line("product").value_or("");
    facts.status = reader.line("status").value_or("issued");
    facts.sans = reader.lines("sans").value_or(std::vector<std::string>());
    facts.issued_at = reader.time("issued_at");
    read_common(reader, facts);
    reader.finish();
    if (!domain::parse_brand(facts.brand)) {
        reader.complain("brand", "unknown_value", domain::list_of_words<domain::Brand>());
    }
    if (!problems.empty()) return trouble(problems);
    const auto added = world_.add(std::move(facts));
    if (!added) return trouble(409, added.error().detail);
    return json_reply(201, json_of(**added));
}

HttpReply Control::one_order(const HttpRequest& request, std::string_view rest) {
    const std::size_t slash = rest.find('/');
    Order* order = world_.find(url_decode(rest.substr(0, slash)));
    if (order == nullptr) return trouble(404, "no such order");
    const std::string_view action = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (action.empty() && request.method == "GET") return json_reply(200, json_of(*order));
    if (request.method != "POST") return trouble(405, "use POST");
    if (action.empty()) return change(*order, request.body);
    if (action == "dcv") {
        if (!world_.confirm_dcv(*order)) return trouble(409, "no reissue is pending");
        world_.settle();
        return json_reply(200, json_of(*order));
    }
    if (action == "reissue") return support_reissue(*order, request.body);
    return trouble(404, "no such action");
}

HttpReply Control::change(Order& order, const std::string& body) {
    const auto parsed = json::parse(body);
    if (!parsed) return trouble(400, parsed.error().detail);
    json::Problems problems;
    json::ObjectReader reader(*parsed, "", problems);
    NewOrder facts = order.facts;
    const auto status = reader.line("status");
    read_common(reader, facts);
    reader.finish();
    if (!problems.empty()) return trouble(problems);
    order.facts = std::move(facts);
    if (status) order.status = *status;
    return json_reply(200, json_of(order));
}

HttpReply Control::support_reissue(Order& order, const std::string& body) {
    const auto parsed = json::parse(body);
    if (!parsed) return trouble(400, parsed.error().detail);
    json::Problems problems;
    json::ObjectReader reader(*parsed, "", problems);
    reader.require("csr");
    const std::string csr = reader.text("csr", 65536).value_or("");
    reader.finish();
    if (!problems.empty()) return trouble(problems);
    const auto issued = world_.reissue_by_support(order, csr);
    if (!issued) return trouble(422, issued.error().detail);
    js::object out = json_of(*issued, true);
    const auto chain = world_.chain_of(order);
    if (chain) out["chain"] = chain->leaf + chain->intermediate;
    return json_reply(200, out);
}

}  // namespace cabroker::sim
