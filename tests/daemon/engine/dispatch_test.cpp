// Who is next: lanes, turns of requesters, logins, and the breaker.
#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::State;

class DispatchTest : public EngineWorld {
  protected:
    DispatchTest() {
        protocol::Capabilities tickets;
        tickets.type = "email_ticket";
        outside_.known.emplace("tickets", tickets);
        outside_.known.at("portal").sessions = protocol::SessionBinding::none;
        limit("portal", 1);
        limit("tickets", 1);
    }
    void limit(const std::string& adapter, std::size_t most) {
        config::AdapterSettings settings;
        settings.name = adapter;
        config::EmailTicketSettings details;
        details.max_in_flight = most;
        settings.details = details;
        settings.breaker.failures = 3;
        settings.breaker.open = std::chrono::seconds(30);
        settings_->adapters[adapter] = settings;
    }
    /// Put into the store as one change, so that all are due at the same time.
    domain::RequestId request_of(std::uint32_t uid, const std::string& adapter = "portal",
                                 const std::optional<domain::Order>& of = {}) {
        Creation creation = request_for(domain::StatusParams{});
        creation.request.adapter = adapter;
        creation.request.created_by.uid = uid;
        creation.allow_duplicate = true;
        if (of) {
            creation.request.order = domain::snapshot_of(*of);
            creation.new_order.reset();
        }
        const auto id = creation.request.id;
        const auto created = create_as(std::move(creation));
        if (!created) throw std::runtime_error(created.error().detail);
        return id;
    }
    /// More of the same, in one transaction.
    void backlog(store::StoredRequest row, int count) {
        const auto stored = store_->write_and_wait([&](store::Tx& tx) -> domain::Result<void> {
            for (int i = 0; i < count; ++i) {
                row.request.id = ids_.make<domain::RequestId>(clock_.now());
                tx.requests().insert(row);
            }
            return {};
        });
        ASSERT_TRUE(stored) << stored.error().detail;
    }
    std::vector<std::string> told_of_adapters() {
        std::vector<std::string> told;
        for (const store::Event& event : store_->reader().events().after(0, 5000)) {
            if (event.type == "adapter.changed") told.push_back(event.data);
        }
        return told;
    }
    void pause(const std::string& adapter) {
        ASSERT_TRUE(wait(engine_->pause(adapter, "test", {})));
    }
    void resume(const std::string& adapter) { ASSERT_TRUE(wait(engine_->resume(adapter, {}))); }
    /// Every step is taken down and answered with `wait`.
    void answer_all() {
        for (int i = 0; i < 200; ++i) {
            outside_.script.push_back([this](const protocol::StepContext& context) {
                asked_.push_back(context.request);
                protocol::StepResult result;
                result.answer = protocol::Wait{std::chrono::hours(24), "", true};
                result.step = "polling";
                return domain::Result<protocol::StepResult>(std::move(result));
            });
        }
    }
    void silence(int times) {
        for (int i = 0; i < times; ++i) {
            outside_.script.push_back([](const protocol::StepContext&) {
                return domain::Result<protocol::StepResult>(
                    Error(ErrorCode::no_answer, "no answer in time"));
            });
        }
    }
    AdapterStatus status(const std::string& name) {
        for (AdapterStatus& one : engine_->adapters()) {
            if (one.name == name) return one;
        }
        return {};
    }

    std::vector<domain::RequestId> asked_;
};

TEST_F(DispatchTest, AnAdapterThatDoesNotWorkSaysWhy) {
    outside_.known["portal"].kinds.push_back(domain::Kind::status);
    EXPECT_EQ(status("portal").state, "up");
    outside_.troubled["portal"].why = "its program is not running";
    outside_.troubled["portal"].down = true;
    EXPECT_EQ(status("portal").state, "down");
    EXPECT_EQ(status("portal").detail, "its program is not running");
    EXPECT_FALSE(status("portal").kinds.empty()) << "what it can do is still known";

    outside_.known.erase("portal");
    EXPECT_EQ(status("portal").state, "down");

    outside_.troubled["portal"].why = "no such profile";
    outside_.troubled["portal"].down = false;
    EXPECT_EQ(status("portal").state, "misconfigured");
    EXPECT_EQ(status("portal").detail, "no such profile");

    outside_.is_up = false;
    EXPECT_EQ(status("portal").state, "down");
    EXPECT_EQ(status("portal").detail, "") << "of old";
}

TEST_F(DispatchTest, TheBacklogOfAPausedAdapterHoldsNoOtherUp) {
    pause("portal");
    backlog(*store_->reader().requests().get(request_of(1)), 1100);
    answer_all();

    const auto ticket = request_of(1, "tickets");

    turn_until_state(ticket, State::waiting_ca);
    EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(DispatchTest, RequestersTakeTurns) {
    pause("portal");
    for (int i = 0; i < 40; ++i) (void)request_of(1);
    const auto late_comer = request_of(2);
    const auto another = request_of(3);
    answer_all();

    resume("portal");
    turn_until([&] { return asked_.size() >= 4; });

    const auto place = [&](const domain::RequestId& id) {
        return std::find(asked_.begin(), asked_.end(), id) - asked_.begin();
    };
    EXPECT_LT(place(late_comer), 3) << "not behind forty others";
    EXPECT_LT(place(another), 3);
    turn_until([&] { return asked_.size() == 42; });
}

TEST_F(DispatchTest, WorkOfOneLoginIsDoneTogetherButNotForEver) {
    outside_.known.at("portal").sessions = protocol::SessionBinding::order_and_contact;
    pause("portal");
    domain::Order other = order_;
    (void)request_of(1);
    other.id = ids_.make<domain::OrderId>(clock_.now());
    other.supplier_order_id = "902817365";
    Creation creation = request_for(domain::StatusParams{});
    creation.request.order = domain::snapshot_of(other);
    creation.new_order = std::make_unique<domain::Order>(other);
    creation.request.created_by.uid = 1;
    const auto foreign = creation.request.id;
    ASSERT_TRUE(create_as(std::move(creation)));
    for (int i = 0; i < 20; ++i) (void)request_of(1);
    answer_all();

    resume("portal");
    turn_until([&] { return asked_.size() == 22; });

    const auto place = std::find(asked_.begin(), asked_.end(), foreign) - asked_.begin();
    EXPECT_GT(place, 1) << "the login of the first order was used on";
    EXPECT_LT(place, 10) << "and then the other had its turn";
}

TEST_F(DispatchTest, WhatOnlyWaitsForTimeEndsThoughTheAdapterIsPaused) {
    domain::Need need;
    need.name = "access_code";
    need.expires_at = clock_.now() + std::chrono::hours(2);
    outside_.script.push_back(answers(protocol::NeedInput{{need}}, "access_code"));
    const auto asks = request_of(1);
    turn_until_state(asks, State::needs_input);
    pause("portal");
    const auto queued = request_of(2);

    advance(std::chrono::hours(2));
    turn_until_state(asks, State::expired);
    EXPECT_EQ(get(queued).state, State::queued);
    advance(std::chrono::hours(24 * 7));
    turn_until_state(queued, State::failed);
}

TEST_F(DispatchTest, TheBreakerOpensAndWhatIsDueWaitsWithAReason) {
    silence(3);
    std::vector<domain::RequestId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(request_of(1));

    turn_until([&] {
        return std::all_of(ids.begin(), ids.end(),
                           [&](const auto& id) { return get(id).state == State::backoff; });
    });

    EXPECT_EQ(outside_.calls, 3) << "the others were not even tried";
    EXPECT_EQ(status("portal").breaker, "open");
    EXPECT_EQ(status("portal").failures, 3);
    EXPECT_EQ(status("tickets").breaker, "closed");
    EXPECT_EQ(get(ids.back()).last_problem->code, "upstream_unreachable");
    EXPECT_NE(get(ids.back()).last_problem->detail.find("left alone"), std::string::npos);
    EXPECT_EQ(get(ids.back()).attempt, 0) << "no attempt was made";
    const auto timeline = store_->reader().timeline().list(ids.back());
    EXPECT_NE(timeline.back().text.find("left alone"), std::string::npos);
}

TEST_F(DispatchTest, OneProbeGoesThroughAndItsAnswerLetsTheOthersFollow) {
    silence(3);
    std::vector<domain::RequestId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(request_of(1));
    turn_until([&] {
        return std::all_of(ids.begin(), ids.end(),
                           [&](const auto& id) { return get(id).state == State::backoff; });
    });
    limit("portal", 4);
    int at_once = 0;
    outside_.script.push_back([&](const protocol::StepContext&) {
        at_once = static_cast<int>(status("portal").in_flight);
        return domain::Result<protocol::StepResult>(
            Error(ErrorCode::no_answer, "no answer in time"));
    });
    advance(std::chrono::minutes(2));
    turn_until([&] { return outside_.calls == 4 && engine_->idle(); });
    EXPECT_EQ(at_once, 1);
    EXPECT_EQ(status("portal").breaker, "open") << "the probe failed";

    answer_all();
    advance(std::chrono::minutes(20));
    turn_until([&] { return asked_.size() == 5; });
    EXPECT_EQ(status("portal").breaker, "closed");
    turn_until([&] { return told_of_adapters().size() == 2; });
    const auto told = told_of_adapters();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_NE(told[0].find("breaker_opened"), std::string::npos);
    EXPECT_NE(told[1].find("breaker_closed"), std::string::npos);
}

TEST_F(DispatchTest, ALostLinkOpensNoBreaker) {
    for (int i = 0; i < 20; ++i) {
        outside_.script.push_back([this](const protocol::StepContext&) {
            outside_.is_up = false;
            return domain::Result<protocol::StepResult>(
                Error(ErrorCode::no_answer, "the link was lost"));
        });
    }
    for (int i = 0; i < 4; ++i) {
        const auto id = request_of(1);
        outside_.is_up = true;
        engine_->kick();
        turn_until_state(id, State::backoff);
    }

    EXPECT_EQ(status("portal").breaker, "closed");
}

}  // namespace
}  // namespace cabroker::engine
