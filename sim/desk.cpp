#include "sim/desk.hpp"

#include "sim/text.hpp"

namespace cabroker::sim {

void Desk::take(DeskMail mail) {
    mail.number = next_number_++;
    mail.at = clock_.now();
    mail.message_id = header_of(mail.raw, "message-id");
    mail.subject = header_of(mail.raw, "subject");
    mails_.push_back(std::move(mail));
}

bool Desk::credentials_fit(const std::string& user, const std::string& password) const {
    return !settings_.user.empty() && user == settings_.user && password == settings_.password;
}

std::string header_of(std::string_view raw, std::string_view name) {
    std::string value;
    bool found = false;
    for (std::size_t start = 0; start < raw.size();) {
        const std::size_t end = std::min(raw.find("\r\n", start), raw.size());
        const std::string_view line = raw.substr(start, end - start);
        start = end + 2;
        if (line.empty()) break;
        const bool folded = line.front() == ' ' || line.front() == '\t';
        if (found && folded) value += " " + trimmed(line);
        if (found && !folded) break;
        const std::size_t colon = line.find(':');
        if (!found && !folded && colon != std::string_view::npos &&
            lower(line.substr(0, colon)) == name) {
            found = true;
            value = trimmed(line.substr(colon + 1));
        }
    }
    return value;
}

std::string unstuffed(std::string_view data) {
    std::string out;
    out.reserve(data.size());
    for (std::size_t i = 0; i < data.size(); ++i) {
        const bool line_start = i == 0 || (i >= 2 && data[i - 1] == '\n' && data[i - 2] == '\r');
        if (line_start && data[i] == '.') continue;
        out += data[i];
    }
    return out;
}

}  // namespace cabroker::sim
