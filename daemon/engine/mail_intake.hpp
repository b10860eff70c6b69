// Takes the mails that the outside offers: commits each once, gives a code to the request that
// waits for it, and keeps everything else for a person. Decides nothing by itself: code_match.hpp
// and sign_in_line.hpp do.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.hpp"
#include "daemon/engine/code_match.hpp"
#include "daemon/engine/journal.hpp"
#include "daemon/engine/sign_in_line.hpp"
#include "daemon/link/mail_outside.hpp"
#include "daemon/link/outside.hpp"
#include "daemon/store/store.hpp"
#include "daemon/vault/vault.hpp"
#include "runtime/clock.hpp"
#include "runtime/random.hpp"

namespace cabroker::engine {

/// Everything outlives the intake.
struct MailServices {
    store::Store& store;
    link::Outside& outside;
    link::MailOutside& mail;
    const vault::Vault& vault;
    const runtime::Clock& clock;
    runtime::IdMaker& ids;
    boost::asio::any_io_executor loop;
    std::function<std::shared_ptr<const config::Settings>()> settings;
    /// The same as the engine's: names the run that steady stamps belong to.
    std::string run;
    /// A request became due.
    std::function<void()> kick;
};

/// How a mailbox is doing.
struct MailboxStatus {
    std::string name;
    bool open = false;
    std::optional<domain::Time> last_seen;
    std::optional<domain::Time> last_mail;
    std::string last_error;
    std::size_t codes_used = 0;
    std::size_t unmatched = 0;
};

/// One thread: the loop's. Lives until the loop has ended.
class MailIntake {
  public:
    explicit MailIntake(MailServices services);

    /// Codes that waited when the last run ended: used where their sign-in was answered by then;
    /// else of no use, for that sign-in begins anew. Before the loop runs, after the engine's.
    [[nodiscard]] domain::Result<void> recover();
    /// Opens the mailboxes of the configuration, each time the outside has come up.
    void open_all();
    /// After a commit that changed requests: a code may have waited for one of them.
    void requests_changed();
    void stop();

    [[nodiscard]] std::vector<MailboxStatus> mailboxes() const;

  private:
    using Offer = std::shared_ptr<adapters::protocol::MailOffer>;
    /// What became of an offer, for the loop.
    struct Taken {
        bool fresh = false;
        bool used = false;
        bool waits = false;
        std::string reason;
    };

    void offered(const Offer& offer);
    void filed(adapters::protocol::MailFiled filed);
    void reported(const adapters::protocol::MailboxReport& report);
    boost::asio::awaitable<void> take(Offer offer);
    boost::asio::awaitable<void> keep_cursor(std::string mailbox, std::string cursor);
    boost::asio::awaitable<void> try_waiting();
    boost::asio::awaitable<void> end_old_ones();
    [[nodiscard]] TwoClocks moment() const;

    /// Runs on the writer thread.
    [[nodiscard]] domain::Result<Taken> commit(store::Tx& tx,
                                               const adapters::protocol::MailOffer& offer,
                                               const config::Settings& settings,
                                               const TwoClocks& at) const;
    [[nodiscard]] domain::Result<Taken> commit_code(store::Tx& tx,
                                                    const adapters::protocol::MailOffer& offer,
                                                    const config::Settings& settings,
                                                    const TwoClocks& at,
                                                    const domain::MessageId& message) const;
    [[nodiscard]] domain::Result<void> use_code(Journal& journal,
                                                const adapters::protocol::MailOffer& offer,
                                                const CodeDecision& decision,
                                                const domain::MessageId& message) const;
    void unmatched(store::Tx& tx, const TwoClocks& at, const std::string& mailbox,
                   const domain::MessageId& message, const std::string& reason) const;
    void keep_waiting(store::Tx& tx, const adapters::protocol::MailOffer& offer,
                      const TwoClocks& at, const domain::MessageId& message) const;
    [[nodiscard]] domain::Result<bool> try_one(store::Tx& tx, const store::WaitingCodeRow& row,
                                               const config::Settings& settings,
                                               const TwoClocks& at) const;

    MailServices services_;
    boost::asio::steady_timer sweep_;
    std::map<std::string, MailboxStatus> status_;
    std::size_t taking_ = 0;
    std::size_t waiting_ = 0;
    bool trying_ = false;
    bool sweeping_ = false;
    bool stopping_ = false;
};

}  // namespace cabroker::engine
