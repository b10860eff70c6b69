// Inside pki only: what is to be said about the names in a CSR.
#pragma once

#include <vector>

#include "pki/csr.hpp"
#include "pki/csr_parse.hpp"

namespace cabroker::pki {

/// Judges the common name and the names asked for in extensions; appends to the report's findings.
/// `common_names` is how many the subject has.
void judge_names(const CsrAttributes& asked, int common_names, CsrReport& report);

}  // namespace cabroker::pki
