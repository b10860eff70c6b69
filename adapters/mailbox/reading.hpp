// Makes an offer of a mail in a source: reads it, parses it within limits, judges it. Blocks.
#pragma once

#include "adapters/mailbox/code_mail.hpp"
#include "adapters/mailbox/source.hpp"

namespace cabroker::adapters::mailbox {

struct MailRead {
    protocol::MailOffer offer;
    /// The original may be deleted once it is taken.
    bool may_delete = false;
};

/// A mail that is too large, broken or a bomb becomes an offer too, by its header. not_found when
/// it is gone; other errors when the source fails.
[[nodiscard]] domain::Result<MailRead> read_offer(Source& source, const FoundMail& found,
                                                  const MailRules& rules);

}  // namespace cabroker::adapters::mailbox
