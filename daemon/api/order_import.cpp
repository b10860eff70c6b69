#include <boost/json.hpp>

#include "daemon/api/csv_columns.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/import_rows.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/upload.hpp"
#include "daemon/store/store.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

/// Rows in one change: others are served between two of them.
constexpr std::size_t kRowsAtOnce = 200;

/// An import under way; shared with the pool, one at a time.
struct Import {
    std::shared_ptr<Upload> upload;
    CsvReader reader;
    std::vector<CsvColumn> columns;
    std::shared_ptr<const config::Settings> settings;
    std::vector<OrderRow> rows;
    ImportCounts counts;
    DryImport dry;
    bool end = false;

    Import(std::shared_ptr<Upload> body, std::shared_ptr<const config::Settings> with)
        : upload(std::move(body)), reader(upload->view()), settings(std::move(with)) {}
};
using ImportPtr = std::shared_ptr<Import>;

Result<void> read_header(Import& import, const std::vector<std::string>& maps) {
    const std::optional<CsvRecord> header = import.reader.next();
    std::vector<domain::FieldProblem> problems;
    if (!header) problems.emplace_back("", "required", "has no first line that names the columns");
    if (header && !header->fault.empty()) problems.emplace_back("", "bad_format", header->fault);
    if (!problems.empty()) return invalid_body(std::move(problems));
    Result<std::vector<CsvColumn>> columns = map_columns(header->fields, maps);
    if (!columns) return columns.error();
    import.columns = std::move(*columns);
    return {};
}

asio::awaitable<Result<void>> look_at_batch(Api& api, ImportPtr import) {
    store::Scan<int> scan = [import,
                             now = api.now()](const store::Reader& reader) -> domain::Result<int> {
        import->counts.add(import->dry.look_at(reader, import->rows, now));
        return 0;
    };
    const Result<int> looked = co_await api.services.store.scan(std::move(scan));
    if (!looked) co_return looked.error();
    co_return Result<void>();
}

asio::awaitable<Result<void>> write_batch(Api& api, ImportPtr import) {
    store::Change<ImportCounts> change = [import, now = api.now(), &ids = api.services.ids](
                                             store::Tx& tx) -> domain::Result<ImportCounts> {
        return import_rows(tx, ids, import->rows, now);
    };
    const Result<ImportCounts> written = co_await api.services.store.write(std::move(change));
    if (!written) co_return written.error();
    import->counts.add(*written);
    co_return Result<void>();
}

asio::awaitable<Result<void>> import_all(Api& api, ImportPtr import, bool dry_run) {
    while (!import->end) {
        std::function<void()> read = [import] {
            import->rows = read_rows(import->reader, import->columns, import->settings->brands,
                                     kRowsAtOnce, import->counts, import->end);
        };
        co_await in_pool(api.services.pool, std::move(read));
        if (import->rows.empty()) continue;
        Result<void> done;
        if (dry_run) {
            done = co_await look_at_batch(api, import);
        } else {
            done = co_await write_batch(api, import);
        }
        if (!done) co_return done.error();
    }
    co_return Result<void>();
}

bj::object counts_json(const Import& import, bool dry_run) {
    bj::object body;
    body["dry_run"] = dry_run;
    body["rows"] = import.counts.rows;
    body["created"] = import.counts.created;
    body["updated"] = import.counts.updated;
    body["unchanged"] = import.counts.unchanged;
    body["rejected"] = import.counts.rejected;
    bj::object columns;
    for (const CsvColumn& column : import.columns) {
        columns[column.name] = nullptr;
        if (!column.field.empty()) columns[column.name] = column.field;
    }
    body["columns"] = std::move(columns);
    bj::array errors;
    for (const RowFault& fault : import.counts.faults) {
        bj::object entry;
        entry["line"] = fault.line;
        entry["column"] = nullptr;
        if (!fault.column.empty()) entry["column"] = fault.column;
        entry["code"] = fault.code;
        entry["detail"] = fault.detail;
        errors.push_back(std::move(entry));
    }
    body["errors"] = std::move(errors);
    return body;
}

}  // namespace

/// POST /v1/orders/import: a CSV into the inventory; bad rows do not stop good ones. 200 with what
/// became of the rows; 400, 422 for a file without columns.
Answer post_order_import(Api& api, CallPtr call) {
    Parameters parameters(call->query);
    const bool dry_run = parameters.flag("dry_run");
    if (parameters.problem()) co_return problem(*parameters.problem());
    if (!call->upload) co_return field_problem("", "required", "is empty");

    auto import = std::make_shared<Import>(call->upload, api.services.settings);
    const Result<void> header = read_header(*import, call->query.all("map"));
    if (!header) co_return problem(header.error());
    const Result<void> done = co_await import_all(api, import, dry_run);
    if (import->counts.private_key_seen) {
        std::function<void()> wipe = [import] { import->upload->wipe(); };
        co_await in_pool(api.services.pool, std::move(wipe));
    }
    if (!done) co_return problem(done.error());
    co_return object_response(200, counts_json(*import, dry_run));
}

}  // namespace cabroker::api
