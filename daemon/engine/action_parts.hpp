// Inside the engine: what several actions of people share.
#pragma once

#include <string>

#include "daemon/engine/journal.hpp"
#include "domain/error.hpp"
#include "domain/request.hpp"

namespace cabroker::engine {

[[nodiscard]] domain::Error settled_conflict(const domain::Request& request);
/// The row ends in a settled state with this outcome.
void settle_row(store::StoredRequest& row, domain::State state, const std::string& code,
                const std::string& detail, const std::string& hint);
[[nodiscard]] domain::Result<void> close_open_effect(Journal& journal,
                                                     const store::StoredRequest& row,
                                                     const std::string& why);
/// The engine looks at the row now, and asks its adapter.
void make_due(store::StoredRequest& row, domain::Time now);

}  // namespace cabroker::engine
