// The page that a run ended at as evidence, and what may not stand in anything that is kept of a
// run.
#pragma once

#include <string>
#include <vector>

#include "adapters/portal/run.hpp"
#include "adapters/protocol/messages.hpp"
#include "transport/cookie_jar.hpp"

namespace cabroker::adapters::portal {

/// The run's secret values and the cookies, in all their disguises: for redact().
[[nodiscard]] std::vector<std::string> secrets_of(const Run& run, const transport::CookieJar& jar);

/// The page a run ended at, without secrets; of an endless one the beginning.
[[nodiscard]] protocol::EvidenceBlob evidence_of(const Run& run, const transport::CookieJar& jar);

}  // namespace cabroker::adapters::portal
