#include <set>

#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

class OrderTableTest : public StoreTest {
  protected:
    domain::Order put(domain::Order order) {
        must_write([&](Tx& tx) { ASSERT_TRUE(tx.orders().insert(order).has_value()); });
        return order;
    }
    [[nodiscard]] const OrderTable& orders() { return store().reader().orders(); }
    [[nodiscard]] std::int64_t matching(const OrderFilter& filter) {
        const std::int64_t count = orders().count(filter);
        EXPECT_EQ(static_cast<std::size_t>(count), orders().list(filter, {}, 500, {}).items.size());
        return count;
    }
};

TEST_F(OrderTableTest, EveryFieldComesBackAsItWasStored) {
    domain::Order order = an_order();
    order.supplier = domain::Supplier::sectigo;
    order.brand = domain::Brand::positivessl;
    order.product = "PositiveSSL";
    order.dns_names = {"www.example.com", "ex\"ample.com"};
    order.supplier_order_id = "902817364";
    order.platform_order_id = "55";
    order.status = domain::OrderStatus::reissue_pending;
    order.status_raw = "Reissue Pending";
    order.status_at = at(5);
    order.account = "acc";
    order.admin_email = "admin@example.com";
    order.technical_email = "tech@example.com";
    order.corporate_email = "corp@example.com";
    order.login_email = "login@example.com";
    order.ordered_at = at(1);
    order.issued_at = at(2);
    order.expires_at = at(3);
    order.labels = {{"team", "web"}, {"x", "\n"}};
    order.updated_at = at(9);

    put(order);

    const auto found = orders().get(order.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->supplier, order.supplier);
    EXPECT_EQ(found->brand, order.brand);
    EXPECT_EQ(found->product, order.product);
    EXPECT_EQ(found->common_name, order.common_name);
    EXPECT_EQ(found->dns_names, order.dns_names);
    EXPECT_EQ(found->supplier_order_id, order.supplier_order_id);
    EXPECT_EQ(found->platform_order_id, order.platform_order_id);
    EXPECT_EQ(found->status, order.status);
    EXPECT_EQ(found->status_raw, order.status_raw);
    EXPECT_EQ(found->status_at, order.status_at);
    EXPECT_EQ(found->account, order.account);
    EXPECT_EQ(found->admin_email, order.admin_email);
    EXPECT_EQ(found->technical_email, order.technical_email);
    EXPECT_EQ(found->corporate_email, order.corporate_email);
    EXPECT_EQ(found->login_email, order.login_email);
    EXPECT_EQ(found->ordered_at, order.ordered_at);
    EXPECT_EQ(found->issued_at, order.issued_at);
    EXPECT_EQ(found->expires_at, order.expires_at);
    EXPECT_EQ(found->labels, order.labels);
    EXPECT_EQ(found->created_at, order.created_at);
    EXPECT_EQ(found->updated_at, order.updated_at);
    EXPECT_EQ(found->version, 1);
}

TEST_F(OrderTableTest, SameSupplierOrderIdOfOneSupplierExistsOnce) {
    domain::Order first = an_order();
    first.supplier_order_id = "1";
    put(first);
    domain::Order elsewhere = an_order();
    elsewhere.supplier_order_id = "1";
    elsewhere.supplier = domain::Supplier::trustwave;
    put(elsewhere);

    domain::Order again = an_order();
    again.supplier_order_id = "1";
    Change<void> change = [again](Tx& tx) { return tx.orders().insert(again); };
    const Result<void> refused = write(std::move(change));

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::order_exists);
    EXPECT_EQ(refused.error().facts.at("order_id"), first.id.text());
    EXPECT_EQ(orders().find_by_supplier_order_id("1").size(), 2U);
    EXPECT_EQ(orders().find_by_supplier_order_id(domain::Supplier::trustwave, "1")->id,
              elsewhere.id);
    put(an_order());
    put(an_order());
    EXPECT_EQ(matching({}), 4) << "orders without an ID do not collide";
}

TEST_F(OrderTableTest, UpdateWithAnOldVersionIsAConflict) {
    domain::Order order = put(an_order());
    domain::Order stale = order;
    order.product = "new";

    must_write([&](Tx& tx) { ASSERT_TRUE(tx.orders().update(order).has_value()); });
    Change<void> change = [&stale](Tx& tx) { return tx.orders().update(stale); };
    const Result<void> refused = write(std::move(change));

    EXPECT_EQ(order.version, 2);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(orders().get(order.id)->product, "new");
    EXPECT_EQ(orders().get(order.id)->version, 2);
}

TEST_F(OrderTableTest, UpdateToATakenSupplierOrderIdIsRefused) {
    domain::Order first = an_order();
    first.supplier_order_id = "1";
    put(first);
    domain::Order second = put(an_order());
    second.supplier_order_id = "1";

    Change<void> change = [&second](Tx& tx) { return tx.orders().update(second); };
    const Result<void> refused = write(std::move(change));

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::order_exists);
    EXPECT_EQ(second.version, 1);
}

TEST_F(OrderTableTest, CommonNameIsFoundCaseBlind) {
    put(an_order("WWW.Example.com"));
    put(an_order("www.example.com"));
    put(an_order("example.com"));

    EXPECT_EQ(orders().find_by_common_name("www.example.COM").size(), 2U);
    OrderFilter filter;
    filter.common_names = {"www.EXAMPLE.com", "nothing"};
    EXPECT_EQ(matching(filter), 2);
}

TEST_F(OrderTableTest, FiltersAreAlternativesWithinAndConditionsBetween) {
    domain::Order a = an_order("a.example.com");
    a.brand = domain::Brand::thawte;
    a.platform_order_id = "77";
    a.labels = {{"team", "web"}, {"env", "live"}};
    put(a);
    domain::Order b = an_order("b.example.com");
    b.status = domain::OrderStatus::issued;
    b.labels = {{"team", "mail"}};
    b.admin_email = "100%_sure@example.com";
    put(b);

    OrderFilter brands;
    brands.brands = {domain::Brand::thawte, domain::Brand::rapidssl};
    EXPECT_EQ(matching(brands), 2);
    brands.statuses = {domain::OrderStatus::issued};
    EXPECT_EQ(matching(brands), 1);
    OrderFilter labels;
    labels.labels = {{"team", "web"}, {"team", "nobody"}};
    EXPECT_EQ(matching(labels), 1);
    labels.labels = {{"team", "live"}};
    EXPECT_EQ(matching(labels), 0);
    EXPECT_EQ(orders().find_by_platform_order_id("77").size(), 1U);

    for (const auto& [text, count] : std::map<std::string, int>{
             {"EXAMPLE", 2}, {"b.ex", 1}, {"%", 1}, {"_sure", 1}, {"\\", 0}, {"' OR 1=1 --", 0}}) {
        OrderFilter search;
        search.q = text;
        EXPECT_EQ(matching(search), count) << text;
    }
}

TEST_F(OrderTableTest, WalkSeesEachRowOnceWhileRowsArrive) {
    for (const bool newest_first : {true, false}) {
        std::set<std::string> before;
        for (int i = 0; i < 10; ++i) put(an_order());
        for (const auto& order : orders().list({}, {}, 500, {}).items)
            before.insert(order.id.text());

        std::set<std::string> seen;
        std::optional<PageKey> after;
        do {
            const auto page = orders().list({}, {SortColumn::created_at, newest_first}, 3, after);
            for (const auto& order : page.items) {
                EXPECT_TRUE(seen.insert(order.id.text()).second) << "seen twice";
            }
            after = page.next;
            if (seen.size() < before.size() + 5) put(an_order());
        } while (after);

        for (const std::string& id : before) EXPECT_TRUE(seen.contains(id)) << "missed " << id;
    }
}

}  // namespace
}  // namespace cabroker::store
