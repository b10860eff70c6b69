// Inside policy/: what an adapter must be told before it can begin, and what it will ask for on the
// way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/adapter_settings.hpp"
#include "domain/request.hpp"

namespace cabroker::policy {

/// A refusal in the contract's three parts.
[[nodiscard]] inline domain::Outcome outcome(std::string code, std::string detail,
                                             std::string hint) {
    return domain::Outcome{std::move(code), std::move(detail), std::move(hint), {}};
}
/// The channel cannot do exactly this, whatever is known of the order (one certificate out of an
/// order, a validation method that the portal does not offer).
[[nodiscard]] std::optional<domain::Outcome> refused_by_channel(
    const config::AdapterSettings& adapter, const domain::Order& order,
    const domain::Params& params);
/// `missing_facts`, naming all that are missing. A missing CSR is no missing fact but an expected
/// input.
[[nodiscard]] std::optional<domain::Outcome> refused_for_facts(
    const config::AdapterSettings& adapter, const domain::Order& order,
    const domain::Params& params);
/// Names of inputs the adapter will need, in their order.
[[nodiscard]] std::vector<std::string> expected_inputs(const config::AdapterSettings& adapter,
                                                       const domain::Params& params);

}  // namespace cabroker::policy
