#include "daemon/store/order_table.hpp"

#include <boost/json.hpp>

#include "daemon/store/connection.hpp"
#include "daemon/store/filter.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::store {
namespace {

const std::string kSelect =
    "SELECT id, version, supplier, brand, status, created_at, updated_at, common_name, "
    "supplier_order_id, platform_order_id, product, status_raw, status_at, account, admin_email, "
    "technical_email, corporate_email, login_email, ordered_at, issued_at, expires_at, dns_names, "
    "labels FROM orders";

std::string names_text(const std::vector<std::string>& names) {
    boost::json::array array;
    for (const std::string& name : names) array.emplace_back(name);
    return boost::json::serialize(array);
}

boost::json::value parsed(std::string_view text) {
    return boost::json::parse(boost::json::string_view(text.data(), text.size()));
}

std::vector<std::string> names_of(std::string_view text) {
    std::vector<std::string> names;
    if (text == "[]") return names;
    const boost::json::value value = parsed(text);
    for (const boost::json::value& name : value.as_array()) names.emplace_back(name.as_string());
    return names;
}

domain::Labels labels_of(std::string_view text) {
    if (text == "{}") return {};
    return undamaged(json::labels_from_json(parsed(text)));
}

void read_into(Query& row, domain::Order& order) {
    order.id = row.id<domain::OrderId>();
    order.version = row.integer();
    order.supplier = row.word<domain::Supplier>();
    order.brand = row.word<domain::Brand>();
    order.status = row.word<domain::OrderStatus>();
    order.created_at = row.time();
    order.updated_at = row.time();
    order.common_name = row.opt_text();
    order.supplier_order_id = row.opt_text();
    order.platform_order_id = row.opt_text();
    order.product = row.opt_text();
    order.status_raw = row.opt_text();
    order.status_at = row.opt_time();
    order.account = row.opt_text();
    order.admin_email = row.opt_text();
    order.technical_email = row.opt_text();
    order.corporate_email = row.opt_text();
    order.login_email = row.opt_text();
    order.ordered_at = row.opt_time();
    order.issued_at = row.opt_time();
    order.expires_at = row.opt_time();
    order.dns_names = names_of(row.view());
    order.labels = labels_of(row.view());
}

// An order is wide: it is read where it stays.
std::optional<domain::Order> read_first(Query& query) {
    std::optional<domain::Order> order;
    if (query.next()) read_into(query, order.emplace());
    return order;
}

// Binds all that insert and update share, in the order of the columns from supplier to labels.
void bind(Query& query, const domain::Order& order) {
    query.word(domain::name_of(order.supplier))
        .word(domain::name_of(order.brand))
        .word(domain::name_of(order.status))
        .time(order.updated_at)
        .text(order.common_name)
        .text(order.supplier_order_id)
        .text(order.platform_order_id)
        .text(order.product)
        .text(order.status_raw)
        .time(order.status_at)
        .text(order.account)
        .text(order.admin_email)
        .text(order.technical_email)
        .text(order.corporate_email)
        .text(order.login_email)
        .time(order.ordered_at)
        .time(order.issued_at)
        .time(order.expires_at)
        .text(names_text(order.dns_names))
        .text(boost::json::serialize(json::to_json(order.labels)));
}

// The last three placeholders: the next version, and which row in which version.
domain::Result<void> run_update(Query& query, domain::Order& order) {
    query.integer(order.version + 1).id(order.id).integer(order.version);
    if (query.run() != 1) {
        return domain::Error(domain::ErrorCode::conflict,
                             "cannot change the order: it was changed by somebody else meanwhile");
    }
    ++order.version;
    return {};
}

std::vector<domain::Order> read_orders(Query& query) {
    std::vector<domain::Order> orders;
    while (query.next()) read_into(query, orders.emplace_back());
    return orders;
}

Conditions order_conditions(const OrderFilter& filter) {
    Conditions conditions;
    conditions.any_text("common_name IN (SELECT value FROM json_each(?))", filter.common_names);
    conditions.any_word("brand IN (SELECT value FROM json_each(?))", filter.brands);
    conditions.any_word("supplier IN (SELECT value FROM json_each(?))", filter.suppliers);
    conditions.any_word("status IN (SELECT value FROM json_each(?))", filter.statuses);
    conditions.any_pair(
        // What is asked for is read once, not for each row.
        "EXISTS (SELECT 1 FROM json_each(labels) AS l WHERE (l.key, l.value) IN "
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)))",
        filter.labels);
    conditions.contains(
        "(id || char(10) || ifnull(common_name, '') || char(10) || ifnull(supplier_order_id, '') "
        "|| char(10) || ifnull(platform_order_id, '') || char(10) || ifnull(admin_email, '') || "
        "char(10) || ifnull(login_email, ''))",
        filter.q);
    return conditions;
}

}  // namespace

std::optional<domain::Order> OrderTable::get(const domain::OrderId& id) const {
    static const std::string sql = kSelect + " WHERE id = ?";
    Query query(connection_, sql);
    query.id(id);
    return read_first(query);
}

std::optional<domain::Order> OrderTable::find_by_supplier_order_id(
    domain::Supplier supplier, const std::string& supplier_order_id) const {
    static const std::string sql = kSelect + " WHERE supplier_order_id = ? AND supplier = ?";
    Query query(connection_, sql);
    query.text(supplier_order_id).word(domain::name_of(supplier));
    return read_first(query);
}

std::vector<domain::Order> OrderTable::find_by_supplier_order_id(
    const std::string& supplier_order_id) const {
    static const std::string sql = kSelect + " WHERE supplier_order_id = ? ORDER BY id";
    Query query(connection_, sql);
    query.text(supplier_order_id);
    return read_orders(query);
}

std::vector<domain::Order> OrderTable::find_by_platform_order_id(
    const std::string& platform_order_id) const {
    static const std::string sql = kSelect + " WHERE platform_order_id = ? ORDER BY id LIMIT 100";
    Query query(connection_, sql);
    query.text(platform_order_id);
    return read_orders(query);
}

std::vector<domain::Order> OrderTable::find_by_common_name(const std::string& common_name,
                                                           std::size_t limit) const {
    static const std::string sql = kSelect + " WHERE common_name = ? ORDER BY id LIMIT ?";
    Query query(connection_, sql);
    query.text(common_name).integer(static_cast<std::int64_t>(limit));
    return read_orders(query);
}

Page<domain::Order> OrderTable::list(const OrderFilter& filter, ListOrder order, std::size_t limit,
                                     const std::optional<PageKey>& after) const {
    Conditions conditions = order_conditions(filter);
    const std::string tail = page_order(conditions, order, after);
    const std::string sql = kSelect + conditions.sql() + tail;
    Query query(connection_, sql);
    conditions.bind(query);
    query.integer(static_cast<std::int64_t>(limit) + 1);

    Page<domain::Order> page;
    while (query.next()) {
        if (!page.items.empty() && page.items.size() == limit) {
            const domain::Order& last = page.items.back();
            page.next = PageKey{last.updated_at.time_since_epoch().count(), last.id.text()};
            break;
        }
        read_into(query, page.items.emplace_back());
    }
    return page;
}

std::int64_t OrderTable::count(const OrderFilter& filter) const {
    const Conditions conditions = order_conditions(filter);
    const std::string sql = "SELECT count(*) FROM orders" + conditions.sql();
    Query query(connection_, sql);
    conditions.bind(query);
    query.next();
    return query.integer();
}

domain::Result<void> OrderTable::insert(const domain::Order& order) {
    static const std::string sql =
        "INSERT INTO orders (supplier, brand, status, updated_at, common_name, supplier_order_id, "
        "platform_order_id, product, status_raw, status_at, account, admin_email, technical_email, "
        "corporate_email, login_email, ordered_at, issued_at, expires_at, dns_names, labels, id, "
        "version, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?) ON CONFLICT (supplier_order_id, supplier) WHERE supplier_order_id IS NOT NULL "
        "DO NOTHING";
    Query query(connection_, sql);
    bind(query, order);
    query.id(order.id).integer(order.version).time(order.created_at);
    if (query.run() == 1) return {};
    return taken(order);
}

domain::Result<void> OrderTable::update(domain::Order& order) {
    if (order.supplier_order_id) {
        const auto other = find_by_supplier_order_id(order.supplier, *order.supplier_order_id);
        if (other && other->id != order.id) return taken(order);
    }
    static const std::string sql =
        "UPDATE orders SET supplier = ?, brand = ?, status = ?, updated_at = ?, common_name = ?, "
        "supplier_order_id = ?, platform_order_id = ?, product = ?, status_raw = ?, status_at = ?, "
        "account = ?, admin_email = ?, technical_email = ?, corporate_email = ?, login_email = ?, "
        "ordered_at = ?, issued_at = ?, expires_at = ?, dns_names = ?, labels = ?, version = ? "
        "WHERE id = ? AND version = ?";
    Query query(connection_, sql);
    bind(query, order);
    return run_update(query, order);
}

domain::Result<void> OrderTable::update_status(domain::Order& order) {
    static const std::string sql =
        "UPDATE orders SET status = ?, status_raw = ?, status_at = ?, updated_at = ?, version = ? "
        "WHERE id = ? AND version = ?";
    Query query(connection_, sql);
    query.word(domain::name_of(order.status))
        .text(order.status_raw)
        .time(order.status_at)
        .time(order.updated_at);
    return run_update(query, order);
}

domain::Error OrderTable::taken(const domain::Order& order) const {
    domain::Error error(domain::ErrorCode::order_exists,
                        "cannot store the order: its supplier order ID is in the inventory");
    const auto other = find_by_supplier_order_id(order.supplier, *order.supplier_order_id);
    if (!other) return error;
    return std::move(error).with("order_id", other->id.text());
}

}  // namespace cabroker::store
