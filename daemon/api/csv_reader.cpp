#include "daemon/api/csv_reader.hpp"

#include <algorithm>

namespace cabroker::api {

CsvReader::CsvReader(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

bool CsvReader::at_line_end() const {
    return rest_.empty() || rest_.front() == '\n' || rest_.starts_with("\r\n");
}

void CsvReader::eat_line_end() {
    if (rest_.empty()) return;
    rest_.remove_prefix(rest_.front() == '\r' ? 2 : 1);
    ++line_;
}

void CsvReader::skip_line() {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos) {
        rest_ = {};
        return;
    }
    rest_.remove_prefix(end + 1);
    ++line_;
}

// Behind the opening quote. False when the closing one is missing; then only this line is given up,
// so that one stray quote does not swallow the rest of the file.
bool CsvReader::read_quoted(std::string& field, CsvRecord& record) {
    const std::string_view begin = rest_;
    const std::size_t first_line = line_;
    while (!rest_.empty() && begin.size() - rest_.size() <= kMaxRecord) {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        if (c != '"') {
            field += c;
        } else if (rest_.starts_with('"')) {
            field += '"';
            rest_.remove_prefix(1);
        } else {
            return true;
        }
    }
    rest_ = begin;
    line_ = first_line;
    record.fault = "a quote is not closed, or the record has more than 64 KiB";
    return false;
}

std::optional<CsvRecord> CsvReader::next() {
    while (!rest_.empty() && at_line_end()) eat_line_end();
    if (rest_.empty()) return std::nullopt;
    CsvRecord record;
    record.line = line_;
    const std::size_t size_before = rest_.size();
    while (true) {
        std::string field;
        if (rest_.starts_with('"')) {
            rest_.remove_prefix(1);
            if (!read_quoted(field, record)) break;
            if (!at_line_end() && rest_.front() != ',') record.fault = "text after a closing quote";
        } else {
            const auto end = std::min(rest_.find_first_of(",\n\"\r"), rest_.size());
            field = rest_.substr(0, end);
            rest_.remove_prefix(end);
            if (!at_line_end() && rest_.front() != ',')
                record.fault = "a quote or carriage return inside a bare field";
        }
        if (size_before - rest_.size() > kMaxRecord)
            record.fault = "the record has more than 64 KiB";
        if (!record.fault.empty()) break;
        record.fields.push_back(std::move(field));
        if (at_line_end()) {
            eat_line_end();
            return record;
        }
        rest_.remove_prefix(1);
    }
    skip_line();
    return record;
}

}  // namespace cabroker::api
