// Rows of an order CSV: read in batches, checked, and put into the inventory. No HTTP in here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/rules.hpp"
#include "daemon/api/csv_columns.hpp"
#include "daemon/api/csv_reader.hpp"
#include "daemon/store/views.hpp"
#include "domain/order.hpp"
#include "runtime/random.hpp"

namespace cabroker::api {

struct RowFault {
    std::size_t line = 0;
    /// The column's name, or empty when the whole row is meant.
    std::string column;
    std::string code;
    std::string detail;
};

/// One good row: an order with the fields it gives.
struct OrderRow {
    std::size_t line = 0;
    domain::Order order;
    std::vector<std::string> given;
};

struct ImportCounts {
    std::size_t rows = 0;
    std::size_t created = 0;
    std::size_t updated = 0;
    std::size_t unchanged = 0;
    std::size_t rejected = 0;
    bool private_key_seen = false;
    /// The first ones.
    std::vector<RowFault> faults;

    static constexpr std::size_t kMaxFaults = 1000;
    void reject(std::vector<RowFault> why);
    void add(const ImportCounts& other);
};

/// Reads up to `most` rows; what is wrong with the others is counted in `counts`. Fewer than `most`
/// records read means the end. Any thread.
[[nodiscard]] std::vector<OrderRow> read_rows(CsvReader& reader,
                                              const std::vector<CsvColumn>& columns,
                                              const config::BrandCatalogue& brands,
                                              std::size_t most, ImportCounts& counts, bool& end);

/// Creates or changes what the rows say, each with its event. A row that conflicts with the
/// inventory is rejected alone. On the writer's thread.
[[nodiscard]] domain::Result<ImportCounts> import_rows(store::Tx& tx, runtime::IdMaker& ids,
                                                       const std::vector<OrderRow>& rows,
                                                       domain::Time now);

/// What import_rows would count, without changing anything.
class DryImport {
  public:
    [[nodiscard]] ImportCounts look_at(const store::Reader& reader,
                                       const std::vector<OrderRow>& rows, domain::Time now);

  private:
    /// Keys of rows seen, and what the row said.
    std::map<std::string, std::string> seen_;
};

}  // namespace cabroker::api
