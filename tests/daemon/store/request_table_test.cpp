#include <boost/json.hpp>
#include <set>

#include "json/domain_codec.hpp"
#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

class RequestTableTest : public StoreTest {
  protected:
    void put(const StoredRequest& row) {
        must_write([&](Tx& tx) { tx.requests().insert(row); });
    }
    domain::Order put_order(domain::Order order) {
        must_write([&](Tx& tx) { ASSERT_TRUE(tx.orders().insert(order).has_value()); });
        return order;
    }
    [[nodiscard]] const RequestTable& requests() { return store().reader().requests(); }
    [[nodiscard]] std::int64_t matching(const RequestFilter& filter) {
        const std::int64_t count = requests().count(filter);
        EXPECT_EQ(static_cast<std::size_t>(count),
                  requests().list(filter, {}, 500, {}).items.size());
        return count;
    }
    static std::string text_of(const domain::Request& request) {
        return boost::json::serialize(json::to_json(request));
    }
    /// With every optional part filled.
    StoredRequest a_full_request(const domain::Order& order) {
        StoredRequest row = a_request(order, 1);
        domain::Request& request = row.request;
        request.kind = domain::Kind::reissue;
        domain::ReissueParams params;
        params.csr = "-----BEGIN CERTIFICATE REQUEST-----\nx\n";
        params.validation_method = domain::ValidationMethod::dns_txt_token;
        params.reason = "server moved";
        params.formats = {domain::Format::pem_all, domain::Format::default_};
        request.params = params;
        request.adapter = "portal";
        request.channel = domain::Channel::portal;
        request.state = domain::State::needs_input;
        request.next_actor = domain::NextActor::requester;
        request.step = "access_code";
        request.attempt = 2;
        domain::Need& need = request.needs.emplace_back();
        need.name = "access_code";
        need.hint = "see the mail";
        need.expires_at = at(600);
        need.attempts_left = 3;
        need.last_error = domain::LastError{"access_code_wrong", at(2)};
        need.details = {{"a", "b"}};
        request.outcome = domain::Outcome{"issued", "done", "", {}};
        domain::Evidence& evidence = request.outcome->evidence.emplace_back();
        evidence.type = domain::EvidenceType::operator_;
        evidence.id = "art_x";
        evidence.detail = "seen";
        domain::CertificateResult result;
        result.certificate.common_name = "www.example.com";
        result.certificate.dns_names = {"www.example.com"};
        result.certificate.serial = "0a";
        result.certificate.sha256 = "ff";
        result.artifacts.push_back(new_id<domain::ArtifactId>(start_));
        request.result = result;
        request.last_problem = domain::Trouble{"timeout", "no answer", at(3)};
        request.next_attempt_at = at(4);
        request.external_ref = domain::ExternalRef{"rt", "4711"};
        request.labels = {{"team", "web"}};
        request.note = "asked by phone";
        request.retry_of = new_id<domain::RequestId>(start_);
        request.created_by = domain::Person{1000, "alice", "bob"};
        request.settled_at = at(5);
        row.sealed_cookie = std::string("\0\1sealed", 8);
        row.due_at = at(6);
        row.session_key = "portal/alice";
        row.open_effect = new_id<domain::EffectId>(start_);
        row.cancel_requested = true;
        row.due_asks_adapter = false;
        return row;
    }
};

TEST_F(RequestTableTest, AnUpdateWritesNoMoreThanItsColumns) {
    const domain::Order order = put_order(an_order());
    StoredRequest row = a_full_request(order);
    put(row);
    const auto change = [&](Columns columns) {
        StoredRequest now = *requests().get(row.request.id);
        now.request.attempt += 1;
        now.due_at = at(700 + now.request.attempt);
        now.request.note = "note " + std::to_string(now.request.attempt);
        must_write([&](Tx& tx) { ASSERT_TRUE(tx.requests().update(now, columns).has_value()); });
        return *requests().get(row.request.id);
    };

    const StoredRequest progress = change(Columns::progress);
    const StoredRequest due = change(Columns::progress_and_due);
    const StoredRequest all = change(Columns::all);

    EXPECT_EQ(progress.request.attempt, 3);
    EXPECT_EQ(progress.due_at, row.due_at);
    EXPECT_EQ(progress.request.note, row.request.note);
    EXPECT_EQ(due.due_at, at(704));
    EXPECT_EQ(due.request.note, row.request.note);
    EXPECT_EQ(all.due_at, at(705));
    EXPECT_EQ(all.request.note, "note 5");
    EXPECT_EQ(all.request.version, row.request.version + 3);
}

TEST_F(RequestTableTest, CurrentIsWhatWasSeenUntilSomebodyChangesIt) {
    const domain::Order order = put_order(an_order());
    const StoredRequest row = a_full_request(order);
    put(row);
    const StoredRequest seen = *requests().get(row.request.id);
    StoredRequest marked = seen;
    marked.request.note = "only in memory";

    const StoredRequest same = requests().current(marked);
    StoredRequest changed = seen;
    changed.request.note = "on disk";
    must_write([&](Tx& tx) { ASSERT_TRUE(tx.requests().update(changed).has_value()); });
    const StoredRequest other = requests().current(marked);

    EXPECT_EQ(same.request.note, "only in memory") << "an unchanged row is not read again";
    EXPECT_EQ(other.request.note, "on disk");
    EXPECT_EQ(other.request.version, seen.request.version + 1);
}

TEST_F(RequestTableTest, EveryFieldComesBackAsItWasStored) {
    domain::Order order = an_order();
    order.supplier_order_id = "902817364";
    order.platform_order_id = "5";
    order.product = "RapidSSL";
    put_order(order);
    const StoredRequest row = a_full_request(order);

    put(row);

    const auto found = requests().get(row.request.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(text_of(found->request), text_of(row.request));
    EXPECT_EQ(found->request.version, 1);
    EXPECT_EQ(found->sealed_cookie, row.sealed_cookie);
    EXPECT_EQ(found->due_at, row.due_at);
    EXPECT_EQ(found->session_key, row.session_key);
    EXPECT_EQ(found->open_effect, row.open_effect);
    EXPECT_TRUE(found->cancel_requested);
    EXPECT_FALSE(found->due_asks_adapter);
    EXPECT_TRUE(requests().list({}, {}, 5, {}).items.at(0).sealed_cookie.empty());
}

TEST_F(RequestTableTest, UpdateWritesEveryFieldThatMayChange) {
    const domain::Order order = put_order(an_order());
    StoredRequest row = a_request(order, 1);
    row.request.kind = domain::Kind::reissue;
    row.request.params = domain::ReissueParams{};
    put(row);
    StoredRequest changed = a_full_request(order);
    changed.request.id = row.request.id;
    changed.request.created_by = row.request.created_by;
    changed.request.retry_of = row.request.retry_of;

    must_write([&](Tx& tx) { ASSERT_TRUE(tx.requests().update(changed).has_value()); });

    const auto found = requests().get(row.request.id);
    EXPECT_EQ(text_of(found->request), text_of(changed.request));
    EXPECT_EQ(found->request.version, 2);
    EXPECT_EQ(requests().version(row.request.id), 2);
    EXPECT_EQ(changed.request.version, 2);
    EXPECT_EQ(found->sealed_cookie, changed.sealed_cookie);
    EXPECT_EQ(found->due_at, changed.due_at);
    EXPECT_EQ(found->session_key, changed.session_key);
    EXPECT_EQ(found->open_effect, changed.open_effect);
    EXPECT_TRUE(found->cancel_requested);
}

TEST_F(RequestTableTest, SecondWriterWithTheSameVersionGetsConflict) {
    StoredRequest first = stored_request();
    StoredRequest second = first;
    first.request.state = domain::State::running;
    second.request.state = domain::State::canceled;

    must_write([&](Tx& tx) { ASSERT_TRUE(tx.requests().update(first).has_value()); });
    Change<void> change = [&second](Tx& tx) { return tx.requests().update(second); };
    const Result<void> refused = write(std::move(change));

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(requests().get(first.request.id)->request.state, domain::State::running);
}

TEST_F(RequestTableTest, ActiveRequestIsFoundByOrderAndKindUntilSettled) {
    StoredRequest row = stored_request();

    EXPECT_EQ(requests().active_for(row.request.order.id, domain::Kind::status), row.request.id);
    EXPECT_EQ(requests().active_for(row.request.order.id, domain::Kind::revoke), std::nullopt);
    row.request.state = domain::State::succeeded;
    row.request.settled_at = at(9);
    must_write([&](Tx& tx) { ASSERT_TRUE(tx.requests().update(row).has_value()); });

    EXPECT_EQ(requests().active_for(row.request.order.id, domain::Kind::status), std::nullopt);
}

TEST_F(RequestTableTest, CountsGoByStateAndKind) {
    const domain::Order order = put_order(an_order());
    for (int i = 0; i < 3; ++i) put(a_request(order));
    StoredRequest running = a_request(order);
    running.request.state = domain::State::running;
    put(running);

    std::map<domain::State, std::int64_t> counts;
    for (const RequestCount& count : requests().counts()) {
        EXPECT_EQ(count.kind, domain::Kind::status);
        counts[count.state] = count.count;
    }

    EXPECT_EQ(counts, (std::map<domain::State, std::int64_t>{{domain::State::queued, 3},
                                                             {domain::State::running, 1}}));
    ASSERT_EQ(requests().all_in_state(domain::State::running).size(), 1U);
}

TEST_F(RequestTableTest, FiltersAreAlternativesWithinAndConditionsBetween) {
    domain::Order first_order = an_order("a.example.com");
    first_order.supplier_order_id = "902817364";
    put_order(first_order);
    domain::Order second_order = an_order("b.example.net");
    second_order.brand = domain::Brand::sectigo;
    put_order(second_order);
    StoredRequest first = a_request(first_order, 10);
    first.request.adapter = "portal";
    first.request.external_ref = domain::ExternalRef{"rt", "4711"};
    first.request.labels = {{"team", "web"}};
    put(first);
    StoredRequest second = a_request(second_order, 20);
    second.request.state = domain::State::waiting_ca;
    second.request.kind = domain::Kind::cancel;
    second.request.params = domain::CancelParams{"why"};
    second.request.external_ref = domain::ExternalRef{"4711", "rt"};
    second.request.note = "Half 50%";
    put(second);

    const auto count = [this](auto fill) {
        RequestFilter filter;
        fill(filter);
        return matching(filter);
    };
    using F = RequestFilter;
    EXPECT_EQ(count([](F& f) { f.states = {domain::State::waiting_ca}; }), 1);
    EXPECT_EQ(count([](F& f) { f.kinds = {domain::Kind::cancel, domain::Kind::status}; }), 2);
    EXPECT_EQ(count([](F& f) { f.brands = {domain::Brand::sectigo}; }), 1);
    EXPECT_EQ(count([](F& f) { f.suppliers = {domain::Supplier::digicert}; }), 1);
    EXPECT_EQ(count([](F& f) { f.adapters = {"portal", "tickets"}; }), 1);
    EXPECT_EQ(count([&](F& f) { f.orders = {second_order.id}; }), 1);
    EXPECT_EQ(count([](F& f) { f.external_refs = {{"rt", "4711"}}; }), 1);
    EXPECT_EQ(count([](F& f) { f.labels = {{"team", "web"}}; }), 1);
    EXPECT_EQ(count([this](F& f) { f.created_after = at(10); }), 1);
    EXPECT_EQ(count([this](F& f) { f.created_after = at(9); }), 2);
    EXPECT_EQ(count([](F& f) { f.q = "EXAMPLE"; }), 2);
    EXPECT_EQ(count([](F& f) { f.q = "0281"; }), 1);
    EXPECT_EQ(count([](F& f) { f.q = "50%"; }), 1);
    EXPECT_EQ(count([](F& f) {
                  f.q = "example";
                  f.kinds = {domain::Kind::status};
                  f.brands = {domain::Brand::sectigo};
              }),
              0);
}

TEST_F(RequestTableTest, WalkSeesEachRowOnceWhileRowsArrive) {
    const domain::Order order = put_order(an_order());
    int clock = 0;
    for (const SortColumn column : {SortColumn::created_at, SortColumn::updated_at}) {
        for (const bool newest_first : {true, false}) {
            std::set<domain::RequestId> before;
            for (int i = 0; i < 8; ++i) put(a_request(order, clock++ / 3));  // equal times too
            for (const auto& row : requests().list({}, {}, 500, {}).items) {
                before.insert(row.request.id);
            }
            std::set<domain::RequestId> seen;
            domain::Time last = newest_first ? at(1'000'000) : start_;
            std::optional<PageKey> after;
            do {
                const auto page = requests().list({}, {column, newest_first}, 3, after);
                for (const auto& row : page.items) {
                    EXPECT_TRUE(seen.insert(row.request.id).second) << "seen twice";
                    const domain::Time now = row.request.updated_at;
                    EXPECT_TRUE(newest_first ? now <= last : now >= last) << "out of order";
                    last = now;
                }
                after = page.next;
                if (seen.size() < before.size() + 5) put(a_request(order, clock++ / 3));
            } while (after);

            for (const auto& id : before) EXPECT_TRUE(seen.contains(id)) << "missed " << id.text();
        }
    }
}

TEST_F(RequestTableTest, LastPageOfAnExactMultipleHasNoNext) {
    const domain::Order order = put_order(an_order());
    for (int i = 0; i < 4; ++i) put(a_request(order, i));

    const auto first = requests().list({}, {}, 2, {});
    ASSERT_TRUE(first.next.has_value());
    const auto second = requests().list({}, {}, 2, first.next);

    EXPECT_EQ(second.items.size(), 2U);
    EXPECT_FALSE(second.next.has_value());
}

}  // namespace
}  // namespace cabroker::store
