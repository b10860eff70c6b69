// order list, show, add, import; inbox and batch lists.
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/request_body.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Exit list_orders(Session& session, const Arguments& arguments) {
    Pairs query;
    for (const char* const name : {"brand", "supplier", "status", "sort", "limit"}) {
        query.emplace_back(name, arguments.text(name));
    }
    query.emplace_back("common_name", arguments.text("cn"));
    query.emplace_back("supplier_order_id", arguments.text("supplier-order-id"));
    query.emplace_back("platform_order_id", arguments.text("platform-order-id"));
    query.emplace_back("q", arguments.text("search"));
    query.emplace_back("page_token", arguments.text("page-token"));
    for (const std::string& label : arguments.all("label")) query.emplace_back("label", label);
    return session.show_list(with_query("/v1/orders", query), order_view(), arguments.has("all"));
}

Exit show_order(Session& session, const Arguments& arguments) {
    std::string id = arguments.text("ID");
    if (!id.starts_with("ord_")) {
        bj::object order;
        name_order(id, order);
        const std::optional<bj::value> known = known_order(session, order);
        if (known) id = text_at(*known, "/id");
    }
    return session.get_and_show("/v1/orders/" + percent(id), order_view());
}

Exit add(Session& session, const Arguments& arguments) {
    const OrExit<bj::object> labels = labels_member(session, arguments);
    if (labels.has_error()) return labels.error();
    bj::object order = order_fields(arguments);
    if (!labels->empty()) order["labels"] = *labels;
    if (order.empty())
        return session.fail(Exit::usage,
                            "which order? give --brand and --cn or --supplier-order-id");
    const OrExit<Reply> reply = session.post("/v1/orders", order);
    return reply.has_error() ? reply.error() : session.show(reply->body, order_view());
}

Exit import(Session& session, const Arguments& arguments) {
    constexpr std::size_t kMost = 256UL * 1024 * 1024;
    Pairs query;
    if (arguments.has("dry-run")) query.emplace_back("dry_run", "true");
    for (const std::string& map : arguments.all("map")) {
        const std::size_t equals = map.rfind('=');
        if (equals == 0 || equals == std::string::npos) {
            return session.fail(
                Exit::usage,
                "--map is COLUMN=field, such as Domain=common_name, not " + clean(map));
        }
        query.emplace_back("map", map.substr(0, equals) + ':' + map.substr(equals + 1));
    }
    OrExit<std::string> text = read_file(session, arguments.text("FILE"), kMost);
    if (text.has_error()) return text.error();
    if (text->empty()) {
        return session.fail(Exit::invalid,
                            "cannot import " + clean(arguments.text("FILE")) +
                                ": it is empty; it must begin with a header line that names the "
                                "columns, such as common_name,supplier_order_id,brand");
    }
    Call call;
    call.method = "POST";
    call.target = with_query("/v1/orders/import", query);
    call.body = std::move(*text);
    call.content_type = "text/csv";
    call.limit = domain::Duration(900'000);
    const OrExit<Reply> reply = session.call(std::move(call));
    if (reply.has_error()) return reply.error();
    const Exit code = session.show(reply->body, import_view());
    const domain::Result<bj::value> report = json::parse(reply->body);
    const bool bad_rows = report.has_value() && text_at(*report, "/rejected") != "0";
    return code == Exit::ok && bad_rows ? Exit::invalid : code;
}

Exit inbox(Session& session, const Arguments& arguments) {
    return session.show_list("/v1/inbox", message_view(), arguments.has("all"));
}

Exit batches(Session& session, const Arguments& arguments) {
    return session.show_list("/v1/batches", plain_view(), arguments.has("all"));
}

Exit batch(Session& session, const Arguments& arguments) {
    return session.get_and_show("/v1/batches/" + percent(arguments.text("ID")), plain_view());
}

std::vector<Option> add_options() {
    std::vector<Option> options;
    for (const Option& option : order_options()) {
        if (option.names == "--order") continue;
        options.push_back(option);
    }
    options.push_back({"--label", "K=V", "A label; again for more", true});
    return options;
}

}  // namespace

std::vector<Command> order_commands() {
    const Option all{"--all", "", "All pages"};
    return {
        {"order list",
         "List orders",
         {},
         {{"--cn", "FQDN", "With this common name"},
          {"--brand", "BRANDS", "Brands, comma between"},
          {"--supplier", "SUPPLIERS", "digicert, sectigo, trustwave"},
          {"--status", "STATUSES", "issued, pending, ..."},
          {"--supplier-order-id", "ID", "With this supplier order ID"},
          {"--platform-order-id", "ID", "With this platform order ID"},
          {"--label", "K=V", "With this label; again for more", true},
          {"--search", "TEXT", "Words in names and ids"},
          {"--sort", "FIELD", "[-]created_at or [-]updated_at"},
          {"--limit", "N", "So many a page (50, at most 500)"},
          {"--page-token", "TOKEN", "The page after"},
          all},
         list_orders},
        {"order show",
         "One order",
         {{"ID", "ord_..., a supplier order ID, or platform:ID"}},
         {},
         show_order},
        {"order add", "Add one order to the inventory", {}, add_options(), add},
        {"order import",
         "Import orders from CSV",
         {{"FILE", "FILE or - for stdin"}},
         {{"--map", "COLUMN=FIELD", "What a column means; again for more", true},
          {"--dry-run", "", "Check only; store nothing"}},
         import},
        {"inbox list", "Mail that belongs to no request yet (daemons to come)", {}, {all}, inbox},
        {"batch list", "List batches (daemons to come)", {}, {all}, batches},
        {"batch show", "One batch (daemons to come)", {{"ID", "bat_..."}}, {}, batch},
    };
}

}  // namespace cabroker::cli
