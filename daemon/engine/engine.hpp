// Drives every request step by step through its adapter: takes what is due, asks the outside for
// one step, commits the result, sets the next due time, and after a crash goes on from the last
// committed step. Knows no CA and no HTTP.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "config/settings.hpp"
#include "daemon/engine/apply.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/engine/clock_watch.hpp"
#include "daemon/engine/judge.hpp"
#include "daemon/engine/lane.hpp"
#include "daemon/engine/request_service.hpp"
#include "daemon/engine/sign_in_line.hpp"
#include "daemon/engine/transition.hpp"
#include "daemon/link/outside.hpp"
#include "daemon/store/store.hpp"
#include "daemon/vault/vault.hpp"
#include "pki/chain.hpp"
#include "runtime/clock.hpp"
#include "runtime/random.hpp"

namespace cabroker::engine {

/// What the crash test hooks into. In the product both are as they stand here.
struct TestHooks {
    /// Called with the name of each point that kCrashPoints lists.
    std::function<void(std::string_view)> crash_point;
    /// False: effects are not recorded before they are done. The control that must fail.
    bool record_intents = true;
};

/// The named points between which a crash makes a difference.
inline constexpr std::array<std::string_view, 8> kCrashPoints{
    "request_created", "request_claimed",  "step_answered",   "intent_committed",
    "effect_answered", "result_committed", "proof_committed", "input_committed"};

/// Everything outlives the engine.
struct EngineServices {
    store::Store& store;
    link::Outside& outside;
    const vault::Vault& vault;
    const runtime::Clock& clock;
    runtime::Random& random;
    runtime::IdMaker& ids;
    ChangeHub& hub;
    const pki::TrustRoots& roots;
    boost::asio::any_io_executor loop;
    boost::asio::any_io_executor pool;
    /// The configuration in force; a reload swaps it.
    std::function<std::shared_ptr<const config::Settings>()> settings;
    TestHooks hooks;
};

/// One thread: the loop's. Lives until the loop has ended.
class Engine final : public RequestService, public AdapterControl {
  public:
    explicit Engine(EngineServices services);

    /// Puts what a crash interrupted in order. Before run(), before the API opens; blocks on the
    /// disk.
    [[nodiscard]] domain::Result<void> recover();
    /// Takes what is due until stop(); spawn it.
    [[nodiscard]] boost::asio::awaitable<void> run();
    /// No new steps and no new requests; what is in flight may end. idle() tells when it has.
    void stop();
    [[nodiscard]] bool idle() const { return in_flight_.empty(); }
    /// Looks for due requests now.
    void kick();

    /// Names this run of the daemon: steady stamps of another one mean nothing.
    [[nodiscard]] const std::string& run_name() const { return run_name_; }

    /// The mail that a request like this would send now; sends and stores nothing.
    [[nodiscard]] boost::asio::awaitable<domain::Result<protocol::Mail>> preview_mail(
        domain::Order order, domain::Params params, std::string adapter);

    [[nodiscard]] Creating create(Creation&& creation, Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> cancel(domain::RequestId id,
                                                                   Cancellation what,
                                                                   domain::Person who,
                                                                   Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> retry_now(domain::RequestId id,
                                                                      domain::Person who,
                                                                      Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> resolve(domain::RequestId id,
                                                                    Resolution what,
                                                                    domain::Person who,
                                                                    Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> give_input(domain::RequestId id,
                                                                       std::string name,
                                                                       domain::Secret value,
                                                                       domain::Person who,
                                                                       Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> approve(domain::RequestId id,
                                                                    std::string note,
                                                                    domain::Person who,
                                                                    Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> reject(domain::RequestId id,
                                                                   std::string reason,
                                                                   domain::Person who,
                                                                   Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> amend(domain::RequestId id,
                                                                  Amendment what,
                                                                  domain::Person who,
                                                                  Also also) override;
    boost::asio::awaitable<domain::Result<domain::Request>> comment(domain::RequestId id,
                                                                    std::string text,
                                                                    domain::Person who,
                                                                    Also also) override;

    [[nodiscard]] std::vector<AdapterStatus> adapters() const override;
    boost::asio::awaitable<domain::Result<void>> pause(std::string adapter, std::string reason,
                                                       domain::Person who) override;
    boost::asio::awaitable<domain::Result<void>> resume(std::string adapter,
                                                        domain::Person who) override;
    [[nodiscard]] std::vector<SessionStatus> sessions(const std::string& adapter) const override;

  private:
    /// What one call of the outside was told, as far as its result needs it.
    struct Call {
        domain::RequestId id;
        std::string adapter;
        std::size_t inputs = 0;
        /// The inputs went out before in a call whose answer is not known.
        bool told_before = false;
        std::optional<domain::EffectId> effect;
        std::optional<domain::MessageId> message;
        std::optional<std::string> session_key;
        domain::Duration settle{};
    };
    /// Without `order`: it asks no adapter and has no place in a lane.
    struct InFlight {
        std::string adapter;
        std::string requester;
        std::optional<domain::OrderId> order;
        std::optional<std::string> session_key;
        int in_a_row = 0;
    };
    struct Entry;
    using Edit = std::function<domain::Result<domain::Request>(store::Tx&, store::StoredRequest&)>;

    boost::asio::awaitable<domain::Result<void>> write_entry(std::shared_ptr<const Entry> entry);
    void dispatch();
    /// Could a request that is due now be started at once? Otherwise whoever ends kicks.
    [[nodiscard]] bool has_room(const std::optional<std::string>& adapter) const;
    [[nodiscard]] std::size_t room_of(const std::string& adapter) const;
    void dispatch_to(const std::string& adapter, std::size_t most);
    /// What time alone moves on; an adapter that is paused or full does not hold it up.
    void start_late(std::size_t most);
    void start_same_login(const std::string& adapter, std::size_t& room);
    [[nodiscard]] bool start_next_of(Turn& turn, const std::string& adapter);
    /// Requesters with something due, from the one whose turn it is.
    [[nodiscard]] std::vector<Turn> turns_of(const std::string& adapter, const Lane& lane) const;
    /// False: it is at work already, or its login is busy.
    bool start(const domain::RequestId& id, const domain::OrderId& order_id,
               const std::string& adapter, const std::string& requester, int in_a_row);
    void leave_lane(const domain::RequestId& id);
    [[nodiscard]] BreakerPace breaker_pace(const std::string& adapter) const;
    void observe(const domain::RequestId& id, const std::string& adapter, Sign sign);
    boost::asio::awaitable<void> tell_adapter(Details details);
    /// While the breaker is open: what is due waits, in portions.
    void put_off(const std::string& adapter, Lane& lane);
    boost::asio::awaitable<void> put_off_all(std::string adapter,
                                             std::vector<domain::RequestId> ids,
                                             domain::Time until);
    [[nodiscard]] std::optional<std::string> session_key_of(const domain::Order& order,
                                                            const std::string& adapter) const;
    /// Puts in the order's account with its password, where the adapter works with accounts; reads
    /// the password's file.
    [[nodiscard]] domain::Result<void> give_account(protocol::StepContext& context) const;
    [[nodiscard]] const protocol::Capabilities* capabilities_of(const std::string& adapter) const;
    /// What the loop knows of now, for changes that run on the writer thread.
    struct Moment {
        domain::Time now{};
        double fraction = 0;
        Pace retry;
        Pace poll;
        domain::Duration settle{};
    };
    [[nodiscard]] Moment moment(domain::Duration settle = {}) const;
    [[nodiscard]] static Situation situation_of(const domain::Request& request,
                                                const store::Reader& reader, const Moment& moment);

    boost::asio::awaitable<void> drive(domain::RequestId id);
    boost::asio::awaitable<bool> drive_once(domain::RequestId id);
    boost::asio::awaitable<bool> step(store::StoredRequest row);
    boost::asio::awaitable<bool> probe(store::StoredRequest row);
    boost::asio::awaitable<domain::Result<store::StoredRequest>> claim(store::StoredRequest seen);
    [[nodiscard]] bool told_before(const domain::RequestId& id) const;
    boost::asio::awaitable<domain::Result<void>> mark_told(domain::RequestId id);
    boost::asio::awaitable<domain::Result<void>> renew_leave(domain::RequestId id,
                                                             domain::Duration act_for);
    /// `asked`: the request as the outside was told of it.
    boost::asio::awaitable<bool> finish_step(Call call,
                                             std::shared_ptr<protocol::StepResult> result,
                                             std::shared_ptr<const store::StoredRequest> asked);
    boost::asio::awaitable<void> finish_silence(Call call, domain::Error error);
    boost::asio::awaitable<bool> act_unrecorded(Call call,
                                                std::shared_ptr<protocol::StepResult> intent,
                                                std::shared_ptr<const store::StoredRequest> asked);
    boost::asio::awaitable<Judged> judge_in_pool(JudgeTask task);
    boost::asio::awaitable<Judged> judge_answer(std::shared_ptr<const store::StoredRequest> asked,
                                                std::shared_ptr<protocol::StepResult> result);
    [[nodiscard]] CallFacts facts_of(const Call& call) const;
    void give_leave(const store::EffectRow& effect, protocol::StepContext& context) const;
    boost::asio::awaitable<bool> end_what_is_over(domain::RequestId id);

    [[nodiscard]] domain::Result<protocol::StepContext> context_for(const store::StoredRequest& row,
                                                                    Call& call);
    [[nodiscard]] std::optional<protocol::MailIdentity> mail_identity_for(
        const std::string& adapter_name, const domain::RequestId& request);
    boost::asio::awaitable<domain::Result<domain::Request>> change(domain::RequestId id, Edit edit,
                                                                   Also also);
    boost::asio::awaitable<domain::Result<domain::Request>> change(store::StoredRequest seen,
                                                                   Edit edit, Also also);
    /// Of a step's own changes: with others under way they share commits.
    [[nodiscard]] store::Urgency urgency() const;
    /// When somebody set the date, what waits keeps the time that it had. False: the dates on disk
    /// are not right yet, so that nothing may be judged by them.
    boost::asio::awaitable<bool> follow_date();
    /// The same after a start: set back while no daemon ran, the stamps on disk are in the future.
    [[nodiscard]] domain::Result<void> follow_date_of_last_run(store::Tx& tx,
                                                               domain::Time now) const;
    [[nodiscard]] domain::Result<void> set_dates(store::Tx& tx, const config::Settings& settings,
                                                 domain::Time now, domain::Duration by) const;
    /// The adapter asks for a code that by the date is over: the date was set since it began.
    void let_codes_live(std::vector<domain::Need>& needs, const std::string& adapter,
                        domain::Time now) const;
    void reach(std::string_view crash_point) const;
    [[nodiscard]] TwoClocks two_clocks() const;
    /// Before a proof that may have to sign in: notes when, for the code mail.
    boost::asio::awaitable<bool> begin_proof(domain::RequestId id, std::string adapter);

    EngineServices services_;
    std::string run_name_;
    ClockWatch clock_watch_;
    /// By how much the date was set and the dates on disk were not yet.
    domain::Duration date_owed_{};
    bool following_date_ = false;
    boost::asio::steady_timer wake_;
    bool kicked_ = false;
    bool stopping_ = false;
    static constexpr auto kPauseDown = std::chrono::milliseconds(250);
    /// While the outside is down: not to look at due requests before then.
    std::chrono::steady_clock::time_point look_again_{};
    std::unordered_map<domain::RequestId, InFlight> in_flight_;
    std::unordered_map<std::string, Lane> lanes_;
    std::unordered_set<std::string> busy_sessions_;
    std::unordered_map<std::string, std::string> paused_;
};

}  // namespace cabroker::engine
