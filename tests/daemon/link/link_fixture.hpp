// What the tests of the link share: a link in this process, and peers that speak raw lines to it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "daemon/link/link.hpp"
#include "tests/adapters/protocol/wire.hpp"

namespace cabroker::link {

/// How a peer greets, and how it takes the settings: the rest of a frame, behind its id.
inline constexpr const char* kHello = R"("op":"hello","protocol":1,"build":"peer"})";
inline constexpr const char* kConfigured =
    R"("op":"configured","capabilities":{"portal":{"type":"fake","channel":"portal","kinds":["status"],"brands":[]}},"problems":{"other":"wrong"}})";

class LinkFixture : public ::testing::Test {
  protected:
    using Milliseconds = std::chrono::milliseconds;
    using Answer = std::optional<domain::Result<adapters::protocol::StepResult>>;

    LinkFixture();
    ~LinkFixture() override;

    /// With short pauses, to the socket that next_peer() accepts at.
    [[nodiscard]] LinkOptions quick() const;
    /// With the settings of one adapter and a secret.
    void start(LinkOptions options);
    boost::asio::awaitable<void> run_link();

    std::unique_ptr<tests::RawPeer> next_peer();
    boost::json::object hear(tests::RawPeer& peer);
    void answer(tests::RawPeer& peer, const boost::json::object& question, const std::string& rest);
    /// Greets and takes the settings; the link is up then.
    void greet(tests::RawPeer& peer);

    static adapters::protocol::StepContext step(Milliseconds deadline);
    void advance(adapters::protocol::StepContext context, Answer& into);
    /// The rest of a frame that answers a step.
    static std::string done();
    void expect_error(Answer& answer, domain::ErrorCode code);

    std::filesystem::path folder_;
    boost::asio::io_context io_{1};
    boost::asio::local::stream_protocol::acceptor acceptor_{io_};
    runtime::SeededRandom random_{7};
    std::optional<Link> link_;
    boost::json::object configured_;
    bool ended_ = false;

  private:
    boost::asio::awaitable<tests::LocalSocket> accept();
};

}  // namespace cabroker::link
