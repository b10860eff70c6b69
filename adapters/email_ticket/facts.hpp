// The facts that a support mail speaks of, checked before a mail is made of them: nothing that is
// missing, nothing that could become a header or a part, and never a private key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/protocol/messages.hpp"

namespace cabroker::adapters::email_ticket {

/// By the names that templates use: common_name supplier_order_id platform_order_id brand product
/// csr validation_method reason reason_code serial reference subject_tag.
using Facts = std::map<std::string, std::string>;

[[nodiscard]] Facts facts_of(const protocol::StepContext& context);

/// Why no mail may be made of the facts: missing_facts, bad_facts, csr_unparsable or
/// private_key_pasted; nullopt when one may.
[[nodiscard]] std::optional<protocol::Rejected> refusal(const Facts& facts,
                                                        const std::vector<std::string>& needed);

/// `www.example.com.csr`: letters, digits, `.`, `_` and `-` only; a wildcard's `*` as `wildcard`.
[[nodiscard]] std::string attachment_name(const Facts& facts);

}  // namespace cabroker::adapters::email_ticket
