// The mailboxes that the core has opened on this link: their frames in and out.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/mailbox/intake.hpp"
#include "adapters/protocol/channel.hpp"
#include "runtime/clock.hpp"

namespace cabroker::adapters::host {

/// One thread: the loop's.
class Mailboxes {
  public:
    /// Sends one frame to the core.
    using Say =
        std::function<void(std::string op, std::uint64_t id,
                           std::shared_ptr<boost::json::object> body, protocol::Blobs blobs)>;
    Mailboxes(Say say, const runtime::Clock& clock, boost::asio::any_io_executor loop)
        : say_(std::move(say)), clock_(clock), loop_(std::move(loop)) {}

    /// What all configured profiles say of code mails; with `configure`, which closes all
    /// mailboxes: the core opens them again.
    void configure(std::vector<mailbox::CodeRule> rules);
    /// `mailbox_open`; nothing to do for one that is open. What cannot be opened is reported as
    /// such.
    void open(const protocol::Frame& frame);
    /// `mail_taken`.
    void taken(const protocol::Frame& frame);

  private:
    void say(std::string op, std::shared_ptr<boost::json::object> body, protocol::Blobs blobs);
    void refuse(const std::string& name, const std::string& why);

    Say say_;
    const runtime::Clock& clock_;
    boost::asio::any_io_executor loop_;
    std::vector<mailbox::CodeRule> rules_;
    std::map<std::string, std::unique_ptr<mailbox::Intake>> open_;
    std::uint64_t next_id_ = protocol::kFirstOwnId;
};

/// The code mail rule of an adapter's settings, if it has one.
[[nodiscard]] std::optional<mailbox::CodeRule> code_rule_of(const std::string& adapter,
                                                            const boost::json::value& settings);

}  // namespace cabroker::adapters::host
