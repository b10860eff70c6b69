// Outgoing mail of the simulated world: kept in memory, and delivered to a Maildir or an SMTP relay
// if wished.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/random.hpp"
#include "sim/clock.hpp"
#include "sim/faults.hpp"

namespace cabroker::sim {

struct PostSettings {
    std::string from_name = "DigiCert Guest Portal";
    std::string from = "no-reply@guest-portal.example";
    std::string authserv_id = "mx.example.com";
    /// Empty: none.
    std::string maildir;
    /// HOST:PORT, empty: none.
    std::string relay;
};

struct NewMail {
    /// `code` or `notice`.
    std::string kind;
    std::string to;
    std::string subject;
    std::string body;
    std::string order_id;
    /// The access code in it, for whoever reads the mailbox over the control API.
    std::string code;
    /// Stand in the body, so that a fault can put others in their place.
    std::string common_name;
    std::string reference;
    /// Instead of the post's own sender; empty: that one.
    std::string from_name;
    std::string from;
};

/// Mails delivered to one address.
struct MailCount {
    std::uint64_t codes = 0;
    std::uint64_t notices = 0;
};

struct SentMail {
    std::uint64_t number = 0;
    NewMail mail;
    std::string message_id;
    domain::Time at{};
    std::string raw;
};

/// One thread. Faults: `mail.code`, `mail.notice` with lost, twice, delay (of the simulated clock),
/// wrong_order, wrong_sender, two_codes, old_code; `mail.relay`.
class Post {
  public:
    Post(boost::asio::any_io_executor executor, SimClock& clock, runtime::Random& random,
         Faults& faults, PostSettings settings);

    void send(NewMail mail);
    /// Delivers what a delay fault held back and is due now.
    void deliver_due();
    /// Oldest first; at most the last 50,000 are kept.
    [[nodiscard]] const std::deque<SentMail>& mails() const { return mails_; }
    void forget(const std::string& to);
    /// By address in lower case; forget() does not touch it.
    [[nodiscard]] const std::map<std::string, MailCount>& counts() const { return counts_; }
    [[nodiscard]] std::uint64_t relay_failures() const { return relay_failures_; }
    void count_relay_failure() { ++relay_failures_; }

  private:
    struct Held {
        domain::Time due;
        NewMail mail;
    };
    void deliver(NewMail mail);
    void spoil(const Fault& fault, NewMail& mail);
    [[nodiscard]] std::string compose(const NewMail& mail, const std::string& message_id,
                                      domain::Time at) const;

    boost::asio::any_io_executor executor_;
    SimClock& clock_;
    runtime::Random& random_;
    Faults& faults_;
    PostSettings settings_;
    std::deque<SentMail> mails_;
    std::vector<Held> held_;
    std::map<std::string, MailCount> counts_;
    /// The last code mail to each address, for the fault old_code.
    std::map<std::string, NewMail> last_codes_;
    std::uint64_t next_number_ = 1;
    std::uint64_t relay_failures_ = 0;
};

/// Puts one mail into a Maildir: tmp, fsync, then new. False when the disk refuses.
[[nodiscard]] bool deliver_to_maildir(const std::string& maildir, const std::string& unique,
                                      const std::string& raw);

}  // namespace cabroker::sim
