// The JSON form of the words about incoming mail, as docs/adapter-protocol.md publishes it.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "adapters/protocol/mail_messages.hpp"
#include "adapters/protocol/octets.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

[[nodiscard]] boost::json::object to_json(const MailboxOpen& open);
[[nodiscard]] boost::json::object to_json(const MailOffer& offer, const std::string& prefix,
                                          Blobs& blobs);
/// `mail_taken`: the mailbox and the ref; `mail_filed` has the cursor too.
[[nodiscard]] boost::json::object to_json(const MailFiled& filed);
[[nodiscard]] boost::json::object to_json(const MailboxReport& report);

/// bad_answer, with what is wrong, for anything that is not of the published form.
[[nodiscard]] domain::Result<MailboxOpen> mailbox_open_from(const boost::json::value& value);
[[nodiscard]] domain::Result<MailOffer> mail_offer_from(const boost::json::value& value,
                                                        Blobs& blobs);
[[nodiscard]] domain::Result<MailFiled> mail_filed_from(const boost::json::value& value);
[[nodiscard]] domain::Result<MailboxReport> mailbox_report_from(const boost::json::value& value);

}  // namespace cabroker::adapters::protocol
