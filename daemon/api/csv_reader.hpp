// Reads CSV as RFC 4180 has it: commas, double quotes, CRLF or LF; a first line of names is the
// caller's business. Strict: a quote in a bare field, or text after a closing quote, is an error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::api {

struct CsvRecord {
    /// Where it begins, counted from 1.
    std::size_t line = 1;
    std::vector<std::string> fields;
    /// Empty, or why the record is not CSV; `fields` is then useless.
    std::string fault;
};

/// Reads record after record from text that outlives it. Bounded: a record has at most 64 KiB.
class CsvReader {
  public:
    static constexpr std::size_t kMaxRecord = 64UL * 1024;

    /// A byte order mark at the beginning is skipped.
    explicit CsvReader(std::string_view text);
    /// The next record, or nullopt at the end. Empty lines are skipped. After a faulty record
    /// reading goes on with the next line.
    [[nodiscard]] std::optional<CsvRecord> next();

  private:
    bool read_quoted(std::string& field, CsvRecord& record);
    void skip_line();
    bool at_line_end() const;
    void eat_line_end();

    std::string_view rest_;
    std::size_t line_ = 1;
};

}  // namespace cabroker::api
