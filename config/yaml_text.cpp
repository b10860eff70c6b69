#include "config/yaml_text.hpp"

#include <optional>

#include "config/yaml.hpp"

namespace cabroker::config {
namespace {

std::optional<std::size_t> invalid_utf8_line(std::string_view text) {
    std::size_t line = 1;
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        if (lead == '\n') ++line;
        if (lead < 0x80) {
            ++at;
            continue;
        }
        const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return line;
        const auto second = static_cast<unsigned char>(text[at + 1]);
        const unsigned low = lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
        const unsigned high = lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
        if (second < low || second > high) return line;
        for (std::size_t next = 2; next < length; ++next) {
            if ((static_cast<unsigned char>(text[at + next]) & 0xC0U) != 0x80U) return line;
        }
        at += length;
    }
    return std::nullopt;
}

}  // namespace

bool is_readable(std::string_view text, const std::string& file, std::vector<Problem>& problems) {
    if (text.size() > kMaxYamlBytes) {
        problems.emplace_back(file, 0, 0, "larger than 1 MiB");
        return false;
    }
    const std::string_view whole = text;
    std::size_t line = 1;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view row = text.substr(0, end);
        const std::size_t first = row.find_first_not_of(" \t\r");
        const std::size_t tab = row.find('\t');
        if (first != std::string_view::npos && tab < first) {
            problems.emplace_back(file, line, tab + 1,
                                  "tab in the indentation: indent with spaces");
            return false;
        }
        for (std::size_t at = 0; at < row.size(); ++at) {
            const auto octet = static_cast<unsigned char>(row[at]);
            if ((octet < 0x20 && octet != '\t' && octet != '\r') || octet == 0x7F) {
                problems.emplace_back(file, line, at + 1, "control character");
                return false;
            }
        }
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
        ++line;
    }
    if (const std::optional<std::size_t> bad = invalid_utf8_line(whole)) {
        problems.emplace_back(file, *bad, 1, "not valid UTF-8");
        return false;
    }
    return true;
}

}  // namespace cabroker::config
