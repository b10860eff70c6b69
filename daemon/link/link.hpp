// The daemon's end of the adapter protocol: connects to the host or spawns it, supervises it, keeps
// deadlines, survives its death. Judges nothing that an adapter says.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/link/mail_outside.hpp"
#include "daemon/link/outside.hpp"
#include "daemon/link/trace_frame.hpp"
#include "runtime/random.hpp"

namespace cabroker::link {

struct LinkOptions {
    /// spawn: the program, a path or a name to look for beside this program and then in PATH; else
    /// empty.
    std::string program;
    /// connect: the host's socket; else empty.
    std::string socket;
    std::string build;
    std::chrono::milliseconds connect_patience{5'000};
    std::chrono::milliseconds ping_every{10'000};
    std::chrono::milliseconds silence{30'000};
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{5'000};
    /// Takes what adapters tell of their exchanges with portals; empty: they are not asked to.
    TraceHandler trace{};
    /// An answer may come this much after the step's own deadline.
    std::chrono::milliseconds grace{5'000};
};

/// What the outside is to work with; sent whole after each `hello` and each reload.
struct Configuration {
    /// Name to settings, each a JSON object.
    std::map<std::string, std::string> adapters;
    std::map<std::string, std::string> mailers;
    std::map<std::string, domain::Secret> secrets;
};

/// One thread: the loop's. Lives until the loop has ended.
class Link final : public Outside, public MailOutside {
  public:
    Link(LinkOptions options, boost::asio::any_io_executor loop, runtime::Random& random);
    ~Link() override;

    /// Sent at the next connect, and now when up. Takes the secrets over.
    void configure(Configuration configuration);
    /// Connects, serves and reconnects until stop(); spawn it.
    [[nodiscard]] boost::asio::awaitable<void> run();
    /// Hangs up; a spawned host ends by itself.
    void stop();

    boost::asio::awaitable<domain::Result<adapters::protocol::StepResult>> advance(
        adapters::protocol::StepContext context) override;
    boost::asio::awaitable<domain::Result<adapters::protocol::CheckReport>> check(
        std::string adapter, domain::Duration within) override;
    boost::asio::awaitable<domain::Result<adapters::protocol::Proof>> prove(
        adapters::protocol::ProofContext context) override;
    [[nodiscard]] bool up() const override;
    [[nodiscard]] std::string trouble() const override;
    [[nodiscard]] const std::map<std::string, adapters::protocol::Capabilities>& capabilities()
        const override;
    void on_change(std::function<void()> handler) override;

    void open_mailbox(adapters::protocol::MailboxOpen open) override;
    void mail_taken(std::string mailbox, adapters::protocol::MailRef ref) override;
    void on_mail(MailHandlers handlers) override;

    [[nodiscard]] const std::map<std::string, AdapterProblem>& problems() const override;
    [[nodiscard]] std::size_t in_flight() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace cabroker::link
