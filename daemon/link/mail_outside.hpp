// Incoming mail as the engine sees it: open mailboxes, be offered mails, say what was taken. Link
// (link.hpp) implements it over the adapter protocol; tests implement it in-process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/protocol/mail_messages.hpp"

namespace cabroker::link {

/// Called on the loop.
struct MailHandlers {
    std::function<void(std::shared_ptr<adapters::protocol::MailOffer>)> offered;
    std::function<void(adapters::protocol::MailFiled)> filed;
    std::function<void(adapters::protocol::MailboxReport)> reported;
};

/// One thread: the loop's. Nothing is promised to arrive: a mail that is not taken is offered
/// again, and a new link closes all mailboxes.
class MailOutside {
  public:
    virtual ~MailOutside() = default;
    virtual void open_mailbox(adapters::protocol::MailboxOpen open) = 0;
    virtual void mail_taken(std::string mailbox, adapters::protocol::MailRef ref) = 0;
    virtual void on_mail(MailHandlers handlers) = 0;
};

}  // namespace cabroker::link
