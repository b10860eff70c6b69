#include "tests/daemon/store/store_fixture.hpp"

#include <cstdlib>

namespace cabroker::store {

StoreTest::StoreTest() {
    std::string name = (std::filesystem::temp_directory_path() / "store-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.state_dir = folder_ / "state";
    reopen();
}

StoreTest::~StoreTest() {
    store_.reset();
    std::filesystem::remove_all(folder_);
}

Store& StoreTest::reopen() {
    store_.reset();
    Result<std::unique_ptr<Store>> opened = Store::open(options_, loop_.get_executor());
    if (!opened) throw std::runtime_error(opened.error().detail);
    store_ = std::move(*opened);
    return *store_;
}

void StoreTest::must_write(const std::function<void(Tx&)>& change) {
    Change<void> work = [&change](Tx& tx) -> Result<void> {
        change(tx);
        return {};
    };
    const Result<void> written = write(std::move(work));
    if (!written) throw std::runtime_error(written.error().detail);
}

domain::Order StoreTest::an_order(const std::string& common_name) {
    domain::Order order;
    order.id = new_id<domain::OrderId>(start_);
    order.common_name = common_name;
    order.brand = domain::Brand::rapidssl;
    order.created_at = start_;
    order.updated_at = start_;
    return order;
}

StoredRequest StoreTest::a_request(const domain::Order& order, int seconds) {
    StoredRequest row;
    row.request.id = new_id<domain::RequestId>(at(seconds));
    row.request.order = domain::snapshot_of(order);
    row.request.created_at = at(seconds);
    row.request.updated_at = at(seconds);
    row.request.deadline_at = at(seconds + 3600);
    row.request.created_by.name = "root";
    return row;
}

StoredRequest StoreTest::stored_request(int seconds) {
    const domain::Order order = an_order();
    StoredRequest row = a_request(order, seconds);
    must_write([&](Tx& tx) {
        ASSERT_TRUE(tx.orders().insert(order).has_value());
        tx.requests().insert(row);
    });
    return row;
}

Event StoreTest::an_event(const StoredRequest& row) {
    Event event;
    event.id = new_id<domain::EventId>(row.request.created_at);
    event.type = "request.created";
    event.at = row.request.created_at;
    event.request_id = row.request.id;
    event.order_id = row.request.order.id;
    return event;
}

}  // namespace cabroker::store
