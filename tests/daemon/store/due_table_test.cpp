#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

class DueTableTest : public StoreTest {
  protected:
    domain::RequestId put(const domain::Order& order, const std::string& adapter, std::uint32_t uid,
                          int second, bool asks_adapter = true) {
        StoredRequest row = a_request(order);
        row.request.adapter = adapter;
        row.request.created_by.uid = uid;
        row.request.deadline_at = at(1000);
        row.due_at = at(second);
        row.due_asks_adapter = asks_adapter;
        must_write([&](Tx& tx) { tx.requests().insert(row); });
        return row.request.id;
    }
    domain::Order put_order(const std::string& name = "www.example.com") {
        domain::Order order = an_order(name);
        must_write([&](Tx& tx) { ASSERT_TRUE(tx.orders().insert(order).has_value()); });
        return order;
    }
    [[nodiscard]] const DueTable& due() { return store().reader().due(); }
};

TEST_F(DueTableTest, AdaptersThatRequestsWaitForAreNamedOnce) {
    const domain::Order order = put_order();
    put(order, "tickets", 1, 5);
    put(order, "portal", 1, 5);
    put(order, "portal", 2, 900);
    put(order, "panel", 1, 5, false);

    EXPECT_EQ(due().adapters(), (std::vector<std::string>{"portal", "tickets"}));
}

TEST_F(DueTableTest, ARequestersDueRequestsComeEarliestFirstInChunks) {
    const domain::Order order = put_order();
    const auto third = put(order, "portal", 1, 30);
    const auto first = put(order, "portal", 1, 10);
    const auto second = put(order, "portal", 1, 20);
    put(order, "portal", 1, 99);
    put(order, "portal", 2, 1);
    put(order, "tickets", 1, 1);

    const auto chunk = due().of_requester("portal", "1/", at(30), std::nullopt, 2);
    ASSERT_EQ(chunk.size(), 2U);
    EXPECT_EQ(chunk[0].id, first);
    EXPECT_EQ(chunk[1].id, second);
    const auto rest = due().of_requester("portal", "1/", at(30), chunk.back(), 2);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, third);
}

TEST_F(DueTableTest, RequestersWithNothingDueAreSteppedOver) {
    const domain::Order order = put_order();
    put(order, "portal", 1, 10);
    put(order, "portal", 2, 900);
    put(order, "portal", 3, 10);

    EXPECT_EQ(due().requester_after("portal", "", at(10)), "1/");
    EXPECT_EQ(due().requester_after("portal", "1/", at(10)), "3/");
    EXPECT_EQ(due().requester_after("portal", "3/", at(10)), std::nullopt);
}

TEST_F(DueTableTest, WorkOfOneOrderIsFoundTogether) {
    const domain::Order one = put_order("one.example.com");
    const domain::Order other = put_order("other.example.com");
    const auto mine = put(one, "portal", 2, 10);
    put(other, "portal", 1, 1);
    put(one, "tickets", 1, 1);

    const auto rows = due().of_order("portal", one.id, at(10), 5);

    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].id, mine);
}

TEST_F(DueTableTest, WhatTimeAloneMovesOnIsApartAndDeadlinesCountForAll) {
    const domain::Order order = put_order();
    const auto expired = put(order, "portal", 1, 10, false);
    const auto asks = put(order, "portal", 1, 10);

    EXPECT_EQ(due().late(at(9), 10).size(), 0U);
    EXPECT_EQ(due().late(at(10), 10), std::vector<domain::RequestId>{expired});
    EXPECT_EQ(due().late(at(1000), 10), (std::vector<domain::RequestId>{expired, asks}));
}

TEST_F(DueTableTest, TheNextDueTimeIsTheEarliestOfBothKinds) {
    const domain::Order order = put_order();
    put(order, "portal", 1, 30);
    put(order, "portal", 1, 20, false);

    EXPECT_EQ(due().next_after(at(0)), at(20));
    EXPECT_EQ(due().next_after(at(20)), at(30));
    EXPECT_EQ(due().next_after(at(30)), std::nullopt);
}

}  // namespace
}  // namespace cabroker::store
