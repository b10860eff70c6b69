// Authentication-Results (RFC 8601) of the own mail server, and nobody else's.
#include <algorithm>

#include "adapters/mailbox/code_mail.hpp"
#include "domain/ascii.hpp"

namespace cabroker::adapters::mailbox {

using protocol::Authentication;

namespace {

using domain::lower;

/// Without comments in parentheses, which may nest; lower case, quotes taken away.
std::string plain(std::string_view value) {
    std::string out;
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"' && depth == 0) {
            quoted = !quoted;
        } else if (!quoted && c == '(') {
            ++depth;
        } else if (!quoted && c == ')' && depth > 0) {
            --depth;
        } else if (depth == 0) {
            // What is quoted cannot end a result.
            out += quoted && (c == ';' || c == ' ') ? '_' : c;
        }
    }
    return lower(out);
}

std::vector<std::string> split(std::string_view text, std::string_view marks) {
    std::vector<std::string> parts;
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find_first_of(marks, at), text.size());
        if (end > at) parts.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

/// `method=result` and its properties.
struct Finding {
    std::string method;
    std::string result;
    std::vector<std::pair<std::string, std::string>> properties;

    [[nodiscard]] std::string property(std::string_view name) const {
        for (const auto& [key, value] : properties) {
            if (key == name) return value;
        }
        return {};
    }
};

std::vector<Finding> findings_of(const std::vector<std::string>& parts) {
    std::vector<Finding> findings;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        Finding finding;
        for (const std::string& word : split(parts[i], " \t\r\n")) {
            const std::size_t equals = word.find('=');
            if (equals == std::string::npos) continue;
            std::string key = word.substr(0, equals);
            std::string value = word.substr(equals + 1);
            if (finding.method.empty()) {
                // `dkim/1=pass`: the version says nothing here.
                finding.method = key.substr(0, key.find('/'));
                finding.result = std::move(value);
            } else {
                finding.properties.emplace_back(std::move(key), std::move(value));
            }
        }
        if (!finding.method.empty()) findings.push_back(std::move(finding));
    }
    return findings;
}

std::string domain_of(const std::string& address) {
    const std::size_t at = address.rfind('@');
    return lower(at == std::string::npos ? address : address.substr(at + 1));
}

/// The From domain, or one above it that has a dot.
bool is_aligned(const std::string& signer, const std::string& from) {
    if (signer.empty() || signer.find('.') == std::string::npos) return false;
    return signer == from || (from.size() > signer.size() && from.ends_with("." + signer));
}

/// DMARC's word counts before all others; of several, each has to be good.
bool passes(const std::vector<Finding>& findings, const std::string& from) {
    bool passed = false;
    std::optional<bool> dmarc;
    for (const Finding& finding : findings) {
        const bool pass = finding.result == "pass";
        if (finding.method == "dmarc") {
            const std::string header = finding.property("header.from");
            dmarc = dmarc.value_or(true) && pass && (header.empty() || header == from);
        }
        if (finding.method == "dkim" && pass) {
            std::string signer = finding.property("header.d");
            if (signer.empty()) signer = domain_of(finding.property("header.i"));
            passed = passed || is_aligned(signer, from);
        }
        if (finding.method == "spf" && pass) {
            passed = passed || is_aligned(domain_of(finding.property("smtp.mailfrom")), from);
        }
    }
    return dmarc.value_or(passed);
}

/// Was this Received line written by another host than ours? Ours: the authserv-id, hosts of its
/// domain, addresses and names without a domain.
bool is_foreign(const std::string& received, const std::string& authserv_id) {
    const std::vector<std::string> words = split(plain(received), " \t\r\n;");
    const auto by = std::find(words.begin(), words.end(), "by");
    if (by == words.end() || std::next(by) == words.end()) return true;
    const std::string& host = *std::next(by);
    if (host == authserv_id || host.find('.') == std::string::npos ||
        host.find_first_not_of("0123456789.[]") == std::string::npos ||
        host.find(':') != std::string::npos) {
        return false;
    }
    const std::size_t dot = authserv_id.find('.');
    const std::string domain = dot == std::string::npos ? authserv_id : authserv_id.substr(dot + 1);
    const bool wide = domain.find('.') != std::string::npos;
    return !(wide && (host == domain || host.ends_with("." + domain)));
}

}  // namespace

Authentication authentication_of(const transport::ReadMail& mail,
                                 const std::optional<std::string>& authserv_id) {
    if (!authserv_id) return Authentication::not_checked;
    if (mail.from.size() != 1) return Authentication::failed;
    const std::string ours = lower(*authserv_id);
    for (const auto& [name, value] : mail.headers) {
        if (name == "received" && is_foreign(value, ours)) break;
        if (name != "authentication-results") continue;
        const std::vector<std::string> parts = split(plain(value), ";");
        if (parts.empty()) continue;
        const std::vector<std::string> first = split(parts.front(), " \t\r\n");
        if (first.empty() || first.front() != ours) continue;
        return passes(findings_of(parts), domain_of(mail.from.front().address))
                   ? Authentication::passed
                   : Authentication::failed;
    }
    return Authentication::failed;
}

}  // namespace cabroker::adapters::mailbox
