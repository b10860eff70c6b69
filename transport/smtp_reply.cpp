#include "transport/smtp_reply.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "runtime/log.hpp"

namespace cabroker::transport {
namespace {

constexpr std::size_t kMaxText = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_id(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

/// `2.0.0` at the front of a reply's text: its length, or 0.
std::size_t enhanced_length(std::string_view text) {
    std::size_t i = 0;
    for (int field = 0; field < 3; ++field) {
        std::size_t digits = 0;
        while (i < text.size() && is_digit(text[i]) && digits < 3) {
            ++i;
            ++digits;
        }
        if (digits == 0 || (field == 0 && digits != 1)) return 0;
        if (field == 2) break;
        if (i >= text.size() || text[i] != '.') return 0;
        ++i;
    }
    const bool ends = i == text.size() || text[i] == ' ';
    const bool known = text.front() == '2' || text.front() == '4' || text.front() == '5';
    return ends && known ? i : 0;
}

std::string queue_id_in(std::string_view text) {
    constexpr std::array<std::string_view, 4> kMarks{"queued as ", "id=", "queue-id ", "queue id "};
    for (const std::string_view mark : kMarks) {
        const std::size_t at = text.find(mark);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = text.substr(at + mark.size());
        const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_id);
        std::string id(rest.begin(), end);
        while (id.ends_with('.')) id.pop_back();
        if (!id.empty() && id.size() <= 100) return id;
    }
    return {};
}

}  // namespace

int smtp_code_of(std::string_view line) {
    if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

SmtpReceipt read_smtp_reply(std::string_view lines) {
    SmtpReceipt receipt;
    receipt.code = smtp_code_of(lines);
    if (receipt.code / 100 == 2) receipt.verdict = SmtpVerdict::accepted;
    if (receipt.code / 100 == 5) receipt.verdict = SmtpVerdict::permanent;
    std::string text;
    while (!lines.empty()) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        line.remove_prefix(std::min<std::size_t>(4, line.size()));
        const std::size_t enhanced = line.empty() ? 0 : enhanced_length(line);
        if (enhanced > 0 && receipt.enhanced_code.empty()) {
            receipt.enhanced_code = std::string(line.substr(0, enhanced));
        }
        line.remove_prefix(std::min(enhanced == 0 ? 0 : enhanced + 1, line.size()));
        if (!text.empty()) text += ' ';
        text += line;
    }
    receipt.queue_id = queue_id_in(text);
    receipt.text = runtime::printable(text).substr(0, kMaxText);
    return receipt;
}

}  // namespace cabroker::transport
