#include "pki/csr_names.hpp"

#include <algorithm>

#include "pki/name_match.hpp"

namespace cabroker::pki {
namespace {

constexpr std::size_t kShownBytes = 100;
/// One finding per bad name would make a report of a thousand findings.
constexpr std::size_t kMostNameFindings = 20;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; }

/// A name for a message: control characters and other than ASCII replaced, cut at 100 octets.
std::string shown(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, kShownBytes)) {
        text += is_control(c) || static_cast<unsigned char>(c) >= 0x80U ? '?' : c;
    }
    if (name.size() > kShownBytes) text += "...";
    return "\"" + text + "\"";
}

Finding bad(Severity severity, std::string detail, std::string hint) {
    return {"bad_name", severity, std::move(detail), std::move(hint)};
}

bool has_misplaced_wildcard(std::string_view name) {
    const std::size_t star = name.find('*');
    if (star == std::string_view::npos) return false;
    const bool leftmost = name.starts_with("*.") && name.find('*', 1) == std::string_view::npos;
    const bool over_a_domain = leftmost && name.find('.', 2) != std::string_view::npos;
    return !over_a_domain;
}

/// The first thing to say about one name, if any. A common name may be something else than a host
/// name.
std::optional<Finding> finding_about(std::string_view name, bool is_common_name) {
    const std::string what = (is_common_name ? "the common name " : "the DNS name ") + shown(name);
    if (name.empty() || std::any_of(name.begin(), name.end(), is_control)) {
        return bad(Severity::error, what + " is empty or holds control characters",
                   "make a new CSR with clean names");
    }
    if (is_ip_address(name)) {
        if (!is_common_name) {
            return bad(Severity::error, what + " is an IP address",
                       "an address belongs into an IP entry, not into a DNS name");
        }
        return Finding{"ip_address_san", Severity::warning, what + " is an IP address",
                       "most products are for host names only"};
    }
    if (has_misplaced_wildcard(name)) {
        return bad(Severity::error, what + " has a wildcard that no CA issues",
                   "use one * as the whole leftmost label, as in *.example.com");
    }
    const bool has_other_than_ascii = std::any_of(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
    const std::optional<std::string> normalised = normalise_name(name);
    if (!normalised || (has_other_than_ascii && !is_common_name)) {
        return bad(is_common_name ? Severity::warning : Severity::error, what + " is no host name",
                   "use a name like www.example.com, without scheme, port or path");
    }
    if (has_other_than_ascii) {
        return bad(Severity::warning, what + " is not written in ASCII",
                   "some CAs want it as " + *normalised);
    }
    if (is_internal_name(*normalised)) {
        return bad(Severity::warning, what + " is a name for inside use",
                   "public CAs certify only names under public domains");
    }
    return std::nullopt;
}

}  // namespace

void judge_names(const CsrAttributes& asked, int common_names, CsrReport& report) {
    std::size_t told = 0;
    const auto tell = [&](std::optional<Finding> finding) {
        if (finding && told++ < kMostNameFindings) report.findings.push_back(std::move(*finding));
    };
    if (report.common_name) tell(finding_about(*report.common_name, true));
    for (const std::string& name : report.dns_names) tell(finding_about(name, false));
    if (common_names > 1) {
        tell(bad(Severity::warning, "the subject has several common names, the last one is used",
                 "put further names into the subject alternative names"));
    }
    if (asked.ip_addresses > 0) {
        tell(Finding{"ip_address_san", Severity::warning,
                     "the CSR asks for " + std::to_string(asked.ip_addresses) + " IP address(es)",
                     "most products are for host names only"});
    }
    if (asked.other_names > 0) {
        tell(bad(Severity::info, "the CSR asks for names that are neither DNS names nor addresses",
                 "CAs leave them out of TLS certificates"));
    }
    if (!report.common_name && report.dns_names.empty()) {
        tell(Finding{"no_names", Severity::warning, "the CSR asks for no name",
                     "many CAs want the common name in the CSR"});
    }
}

}  // namespace cabroker::pki
