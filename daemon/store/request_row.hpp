// A row of `requests` as columns and as the domain's type. Inside daemon/store/ only.
#pragma once

#include "daemon/store/connection.hpp"

namespace cabroker::store {

/// The columns that read_request expects, up to and including `params`; `cookie` follows.
extern const std::string kRequestColumns;

[[nodiscard]] StoredRequest read_request(Query& row);

/// Binds what insert and update share, from `version` to `cookie`. `stored` must outlive the query.
void bind_request(Query& query, const StoredRequest& stored, std::int64_t version);

}  // namespace cabroker::store
