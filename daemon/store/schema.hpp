// The schema as numbered migrations. Inside daemon/store/ only.
#pragma once

#include "domain/error.hpp"

namespace SQLite {
class Database;
}

namespace cabroker::store {

/// The number of the schema that this program writes; kept in `user_version`.
[[nodiscard]] int schema_version();

/// Brings the database up to schema_version(), one transaction per step. bad_configuration when the
/// file belongs to another program or was written by a newer version. Throws SQLite::Exception when
/// the disk fails.
[[nodiscard]] domain::Result<void> migrate(SQLite::Database& database);

}  // namespace cabroker::store
