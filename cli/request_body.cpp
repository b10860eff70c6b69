#include "cli/request_body.hpp"

#include <boost/json.hpp>

#include "cli/input.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "cli/view.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

struct Field {
    const char* option;
    const char* member;
};

constexpr Field kOrderFields[] = {
    {"cn", "common_name"},
    {"supplier-order-id", "supplier_order_id"},
    {"platform-order-id", "platform_order_id"},
    {"brand", "brand"},
    {"product", "product"},
    {"admin-email", "admin_email"},
    {"technical-email", "technical_email"},
    {"corporate-email", "corporate_email"},
    {"login-email", "login_email"},
    {"account", "account"},
};

constexpr Field kParamFields[] = {
    {"validation", "validation_method"},
    {"reason", "reason"},
    {"reason-code", "reason_code"},
    {"scope", "scope"},
    {"serial", "serial"},
    {"target-account", "target_account"},
    {"verification", "verification"},
};

OrExit<bj::object> params_member(Session& session, const Arguments& arguments) {
    bj::object params;
    if (arguments.has("csr")) {
        const OrExit<std::string> csr = read_csr(session, arguments.text("csr"));
        if (csr.has_error()) return csr.error();
        params["csr"] = *csr;
    }
    for (const auto& [option, member] : kParamFields) {
        if (arguments.has(option)) params[member] = arguments.text(option);
    }
    if (arguments.has("format")) {
        bj::array formats;
        for (const std::string& format : arguments.all("format")) formats.emplace_back(format);
        params["formats"] = std::move(formats);
    }
    return params;
}

}  // namespace

std::vector<Option> order_options() {
    return {
        {"--cn", "FQDN", "The order by its common name"},
        {"--order", "ID", "The order: ord_..., a supplier order ID, or platform:ID"},
        {"--brand", "BRAND", "For an order the inventory does not know: its brand"},
        {"--supplier-order-id", "ID", "... its supplier order ID"},
        {"--platform-order-id", "ID", "... its platform order ID"},
        {"--product", "NAME", "... its product"},
        {"--admin-email", "ADDRESS", "... its admin contact"},
        {"--technical-email", "ADDRESS", "... its technical contact"},
        {"--corporate-email", "ADDRESS", "... its corporate contact"},
        {"--login-email", "ADDRESS", "... who gets the access code"},
        {"--account", "NAME", "... the account it belongs to"},
    };
}

std::vector<Option> request_options() {
    return {
        {"--ref", "SYS:ID", "Your ticket, such as rt:4711"},
        {"--label", "K=V", "A label; again for more", true},
        {"--note", "TEXT", "A note kept with the request"},
        {"--dry-run", "", "Show what would happen; store nothing"},
        {"--allow-duplicate", "", "Even if the same is already under way"},
    };
}

bj::object order_fields(const Arguments& arguments) {
    bj::object order;
    for (const auto& [option, member] : kOrderFields) {
        if (arguments.has(option)) order[member] = arguments.text(option);
    }
    return order;
}

OrExit<bj::object> order_member(Session& session, const Arguments& arguments) {
    bj::object order = order_fields(arguments);
    if (arguments.has("order")) name_order(arguments.text("order"), order);
    const bool named = order.contains("id") || order.contains("common_name") ||
                       order.contains("supplier_order_id") || order.contains("platform_order_id");
    if (!named) return session.fail(Exit::usage, "which order? give --cn FQDN or --order ID");
    return order;
}

// ord_... is the broker's id; platform:... the platform's; anything else the supplier's.
void name_order(const std::string& text, bj::object& order) {
    constexpr std::string_view kPlatform = "platform:";
    constexpr std::string_view kSupplier = "supplier:";
    if (text.starts_with("ord_")) {
        order["id"] = text;
    } else if (text.starts_with(kPlatform)) {
        order["platform_order_id"] = text.substr(kPlatform.size());
    } else if (text.starts_with(kSupplier)) {
        order["supplier_order_id"] = text.substr(kSupplier.size());
    } else {
        order["supplier_order_id"] = text;
    }
}

std::optional<bj::value> known_order(Session& session, const bj::object& order) {
    Call call;
    if (const bj::value* const id = order.if_contains("id")) {
        call.target = "/v1/orders/" + percent(text_at(*id, ""));
    } else {
        std::vector<std::pair<std::string, std::string>> query{{"limit", "2"}};
        for (const char* const key :
             {"supplier_order_id", "platform_order_id", "common_name", "brand", "supplier"}) {
            if (const bj::value* const value = order.if_contains(key))
                query.emplace_back(key, text_at(*value, ""));
        }
        call.target = with_query("/v1/orders", query);
    }
    const domain::Result<Reply> reply = session.client.send(call);
    if (reply.has_error() || !reply->good()) return std::nullopt;
    domain::Result<bj::value> body = json::parse(reply->body);
    if (body.has_error()) return std::nullopt;
    const bj::array* const items = items_of(*body);
    if (items == nullptr) return std::move(*body);
    if (items->size() != 1) return std::nullopt;
    return items->front();
}

OrExit<bj::object> labels_member(Session& session, const Arguments& arguments) {
    bj::object labels;
    for (const std::string& label : arguments.all("label")) {
        const std::size_t equals = label.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return session.fail(Exit::usage,
                                "--label is K=V, such as team=web, not " + clean(label));
        }
        labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    return labels;
}

OrExit<bj::object> request_body(Session& session, const std::string& kind,
                                const Arguments& arguments) {
    OrExit<bj::object> order = order_member(session, arguments);
    if (order.has_error()) return order.error();
    OrExit<bj::object> labels = labels_member(session, arguments);
    if (labels.has_error()) return labels.error();
    bj::object body;
    body["kind"] = kind;
    body["order"] = std::move(*order);
    const std::string ref = arguments.text("ref");
    if (arguments.has("ref")) {
        const std::size_t colon = ref.find(':');
        if (colon == 0 || colon == std::string::npos || colon + 1 == ref.size()) {
            return session.fail(Exit::usage, "--ref is SYS:ID, such as rt:4711, not " + clean(ref));
        }
        body["external_ref"] =
            bj::object{{"system", ref.substr(0, colon)}, {"id", ref.substr(colon + 1)}};
    }
    OrExit<bj::object> params = params_member(session, arguments);
    if (params.has_error()) return params.error();
    if (!params->empty()) body["params"] = std::move(*params);
    if (!labels->empty()) body["labels"] = std::move(*labels);
    if (arguments.has("note")) body["note"] = arguments.text("note");
    if (arguments.has("dry-run")) body["dry_run"] = true;
    if (arguments.has("allow-duplicate")) body["allow_duplicate"] = true;
    return body;
}

}  // namespace cabroker::cli
