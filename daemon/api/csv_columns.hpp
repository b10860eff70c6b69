// Which column of an order CSV is which field: by obvious names, or as the caller says.
#pragma once

#include <string>
#include <vector>

#include "daemon/api/http.hpp"

namespace cabroker::api {

struct CsvColumn {
    std::string name;
    /// A field of an order, `label.KEY`, or empty: not used.
    std::string field;
};

/// `header`: the names of the first line; `maps`: `COLUMN:field` as given, where an empty field or
/// `-` means not to use the column. bad_parameter for an unknown column or field, or a field named
/// twice; invalid_body for a header that is empty, not UTF-8 or has a name twice.
[[nodiscard]] Result<std::vector<CsvColumn>> map_columns(const std::vector<std::string>& header,
                                                         const std::vector<std::string>& maps);

}  // namespace cabroker::api
