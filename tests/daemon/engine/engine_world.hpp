// A core in one process: real store and vault, a clock that stands still, and an outside that plays
// a script.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>

#include "daemon/engine/engine.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

/// Answers steps and proofs from scripts, and remembers what it was told.
class ScriptedOutside final : public link::Outside {
  public:
    using Step = std::function<domain::Result<protocol::StepResult>(const protocol::StepContext&)>;
    using Look = std::function<domain::Result<protocol::Proof>(const protocol::ProofContext&)>;

    asio::awaitable<domain::Result<protocol::StepResult>> advance(
        protocol::StepContext context) override {
        ++calls;
        if (context.leave) ++leaves;
        told_before.push_back(context.inputs_told_before);
        inputs_seen.push_back(
            context.inputs.empty() ? "" : std::string(context.inputs.front().value.reveal()));
        if (script.empty()) co_return domain::Error(domain::ErrorCode::no_answer, "no more script");
        Step step = std::move(script.front());
        script.pop_front();
        co_return step(context);
    }
    asio::awaitable<domain::Result<protocol::Proof>> prove(
        protocol::ProofContext context) override {
        ++proofs;
        if (looks.empty()) co_return domain::Error(domain::ErrorCode::no_answer, "no more proofs");
        Look look = std::move(looks.front());
        looks.pop_front();
        co_return look(context);
    }
    bool up() const override { return is_up; }
    std::string trouble() const override { return is_up ? "" : "down"; }
    const std::map<std::string, protocol::Capabilities>& capabilities() const override {
        return known;
    }
    const std::map<std::string, link::AdapterProblem>& problems() const override {
        return troubled;
    }
    void on_change(std::function<void()> handler) override { changed = std::move(handler); }

    std::deque<Step> script;
    std::deque<Look> looks;
    std::map<std::string, protocol::Capabilities> known;
    std::map<std::string, link::AdapterProblem> troubled;
    std::function<void()> changed;
    std::vector<std::string> inputs_seen;
    std::vector<bool> told_before;
    int calls = 0;
    int leaves = 0;
    int proofs = 0;
    bool is_up = true;
};

class EngineWorld : public ::testing::Test {
  protected:
    EngineWorld();
    ~EngineWorld() override;

    void open();
    void close();
    /// Lets the loop turn until `done`, at most five seconds.
    void turn_until(const std::function<bool()>& done);
    void advance(domain::Duration by);
    domain::Order order() const;
    Creation request_for(domain::Params params);
    /// The request once it is on disk.
    domain::Result<domain::Request> create_as(Creation creation);
    domain::RequestId create(domain::Params params);
    domain::Request get(const domain::RequestId& id);
    void turn_until_state(const domain::RequestId& id, domain::State state);
    template <class T>
    T wait(asio::awaitable<T> work) {
        auto future = asio::co_spawn(io_, std::move(work), asio::use_future);
        turn_until(
            [&] { return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
        return future.get();
    }
    static ScriptedOutside::Step answers(protocol::Answer answer, std::string step);
    static protocol::Intend intent(domain::EffectClass effect_class, std::string summary);

    std::filesystem::path directory_;
    asio::io_context io_{1};
    asio::thread_pool pool_{1};
    runtime::FakeClock clock_{domain::Time(domain::Duration(1'790'000'000'000))};
    runtime::SystemRandom random_;
    runtime::IdMaker ids_{random_};
    std::shared_ptr<config::Settings> settings_ = std::make_shared<config::Settings>();
    pki::TrustRoots roots_ = pki::TrustRoots::of({});
    ScriptedOutside outside_;
    std::unique_ptr<ChangeHub> hub_;
    std::unique_ptr<store::Store> store_;
    std::optional<vault::Vault> vault_;
    std::unique_ptr<Engine> engine_;
    domain::Order order_;
    bool ordered_ = false;
};

}  // namespace cabroker::engine
