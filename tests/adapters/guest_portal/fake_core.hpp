// Plays the core for one request: keeps cookie and session, gives leave for every intent, hands in
// inputs, and collects everything that would be shown to people.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"

namespace cabroker::adapters {

/// Runs one awaitable to its end, 60 s at most.
template <class T>
T await(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr failed;
    boost::asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& failure, T value) {
        failed = failure;
        result.emplace(std::move(value));
    });
    loop.restart();
    loop.run_for(std::chrono::seconds(60));
    if (failed) std::rethrow_exception(failed);
    if (!result) throw std::runtime_error("the awaitable did not end");
    return std::move(*result);
}

class FakeCore {
  public:
    FakeCore(Adapter& adapter, boost::asio::io_context& loop, domain::Order order,
             domain::Params params);

    void give(const std::string& name, const std::string& value);
    /// Steps until an answer that is no intent; leave is given for each one.
    protocol::StepResult go();
    /// One step without leave.
    protocol::StepResult step();
    /// The step with leave for the last intent.
    protocol::StepResult leave();
    /// As after a crash: the answer of a step with leave never arrives.
    void leave_and_lose_the_answer();
    /// The same for a step without leave: the inputs are handed in again, and said to have been
    /// told.
    void step_and_lose_the_answer();
    protocol::Proof prove();
    /// The session is gone from the store.
    void forget_session() { session_.reset(); }
    /// Goes on with another adapter, as after a change of settings.
    void use(Adapter& adapter) { adapter_ = &adapter; }
    /// A core that hands out the wrong session.
    void use_session_of(const FakeCore& other);

    domain::Time now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
    std::vector<domain::Effect> effects;
    std::optional<protocol::Mail> mail;
    std::optional<protocol::MailIdentity> mail_identity;
    /// Name, user and password of the order's account; empty: it has none.
    std::vector<std::string> account;
    bool session_dropped = false;
    /// Notes, hints, details, errors and evidence of all answers.
    std::string shown;
    [[nodiscard]] bool has_session() const { return session_.has_value(); }
    [[nodiscard]] std::string jar() const;
    [[nodiscard]] std::size_t count(domain::EffectClass kind) const;
    domain::Params params;

  private:
    [[nodiscard]] protocol::StepContext context(bool with_leave);
    protocol::StepResult advance(bool with_leave);
    void take(const protocol::StepResult& result);
    void keep(domain::Secret cookie, std::optional<protocol::Session> session, bool drop);

    Adapter* adapter_;
    boost::asio::io_context& loop_;
    domain::Order order_;
    domain::RequestId request_;
    domain::Secret cookie_;
    std::optional<protocol::Session> session_;
    std::vector<protocol::Input> inputs_;
    bool inputs_told_before_ = false;
};

/// The need of that name, or nullptr.
[[nodiscard]] const domain::Need* need_of(const protocol::StepResult& result,
                                          const std::string& name);
/// "done issued", "rejected wrong_contact", "need access_code", "wait", ...: for comparisons.
[[nodiscard]] std::string text_of(const protocol::Answer& answer);

}  // namespace cabroker::adapters
