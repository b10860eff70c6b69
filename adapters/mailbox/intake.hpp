// One open mailbox: looks, offers what it finds to the core, and files away what the core has
// taken. Remembers nothing that must survive: what is not taken is offered again.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "adapters/mailbox/code_mail.hpp"
#include "adapters/mailbox/source.hpp"
#include "runtime/clock.hpp"

namespace cabroker::adapters::mailbox {

struct IntakeOptions {
    std::string name;
    MailRules rules;
    /// Code mails are deleted once taken, else moved like the others.
    bool delete_code_mails = true;
    std::chrono::milliseconds poll{15'000};
    /// Offered again when it was not taken in this time.
    std::chrono::milliseconds patience{60'000};
    std::size_t most_untaken = protocol::kMostUntaken;
};

/// What the intake tells; called on the loop.
struct IntakeEvents {
    std::function<void(std::shared_ptr<protocol::MailOffer>)> offer;
    std::function<void(protocol::MailFiled)> filed;
    std::function<void(protocol::MailboxReport)> report;
};

/// One thread, the loop's; what blocks runs on a thread of its own.
class Intake {
  public:
    Intake(IntakeOptions options, IntakeEvents events, std::unique_ptr<Source> source,
           const runtime::Clock& clock, const boost::asio::any_io_executor& loop);
    /// Ends looking and waiting; nothing is told any more.
    ~Intake();
    Intake(const Intake&) = delete;
    Intake& operator=(const Intake&) = delete;

    /// The core has committed this mail: file it away.
    void taken(const protocol::MailRef& ref);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace cabroker::adapters::mailbox
