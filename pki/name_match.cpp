#include "pki/name_match.hpp"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <set>

#include "pki/openssl.hpp"

namespace cabroker::pki {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
/// Anything longer cannot become a host name, so IDNA need not look at it.
constexpr std::size_t kMaxUnicodeName = 1024;

bool is_label(std::string_view label) {
    if (label.empty() || label.size() > kMaxLabel) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > kMaxName) return false;
    while (true) {
        const std::size_t dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) break;
        name.remove_prefix(dot + 1);
    }
    // An all-numeric last label makes an address, not a name (RFC 1123 section 2.1).
    return !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The name in A-labels and lower case; pure ASCII without `xn--` needs no table look-ups.
std::optional<std::string> to_ascii(std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
    std::string lowered = lower(name);
    if (plain && lowered.find("xn--") == std::string::npos) return lowered;
    if (name.find('\0') != std::string_view::npos) return std::nullopt;
    char* ascii = nullptr;
    const int code = idn2_to_ascii_8z(
        lowered.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
    if (code != IDN2_OK) return std::nullopt;
    std::string result = lower(ascii);
    idn2_free(ascii);
    return result;
}

std::string_view without_www(std::string_view name) {
    return name.starts_with("www.") ? name.substr(4) : name;
}

/// Can the character stand in an address? A name nearly always has another.
bool is_of_address(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' ||
           c == ':';
}

NameVerdict misfit(std::string detail) { return {false, std::move(detail), {}}; }

}  // namespace

std::string plain_name(std::string_view name) {
    const std::string same = normalise_name(name).value_or(std::string(name));
    return std::string(without_www(same));
}

bool is_ip_address(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.size() >= INET6_ADDRSTRLEN) return false;
    std::array<char, INET6_ADDRSTRLEN> address{};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_of_address(text[i])) return false;
        address[i] = text[i];
    }
    std::array<unsigned char, 16> octets{};
    return inet_pton(AF_INET, address.data(), octets.data()) == 1 ||
           inet_pton(AF_INET6, address.data(), octets.data()) == 1;
}

std::optional<std::string> normalise_name(std::string_view name) {
    if (name.size() > kMaxUnicodeName) return std::nullopt;
    const bool wildcard = name.starts_with("*.");
    if (wildcard) name.remove_prefix(2);
    if (name.ends_with('.')) name.remove_suffix(1);
    // libidn2 lets a wildcard pass even with STD3 rules.
    if (name.find('*') != std::string_view::npos || is_ip_address(name)) return std::nullopt;
    std::optional<std::string> ascii = to_ascii(name);
    if (!ascii || !is_host_name(*ascii)) return std::nullopt;
    if (!wildcard) return ascii;
    if (ascii->size() + 2 > kMaxName) return std::nullopt;
    return "*." + *ascii;
}

bool is_internal_name(std::string_view normalised) {
    // RFC 6761, 6762, 8375, 9476, ICANN's .internal, and ends that ICANN will never delegate.
    constexpr std::array<std::string_view, 13> kInside = {
        ".local",     ".internal", ".localhost", ".localdomain", ".test", ".example", ".invalid",
        ".home.arpa", ".lan",      ".corp",      ".home",        ".mail", ".alt"};
    constexpr std::array<std::string_view, 2> kReverse = {".in-addr.arpa", ".ip6.arpa"};
    if (normalised.starts_with("*.")) normalised.remove_prefix(2);
    if (normalised.find('.') == std::string_view::npos) return true;
    const auto ends = [&](std::string_view end) { return normalised.ends_with(end); };
    return std::any_of(kInside.begin(), kInside.end(), ends) ||
           std::any_of(kReverse.begin(), kReverse.end(), ends);
}

bool covers(std::string_view pattern, std::string_view name) {
    const std::optional<std::string> have = normalise_name(pattern);
    const std::optional<std::string> want = normalise_name(name);
    if (!have || !want) return false;
    if (*have == *want) return true;
    if (!have->starts_with("*.") || want->starts_with("*.")) return false;
    const std::size_t dot = want->find('.');
    return dot != std::string::npos && std::string_view(*want).substr(dot) == have->substr(1);
}

NameVerdict csr_fits_order(const CsrFacts& csr, const std::optional<std::string>& common_name,
                           const std::vector<std::string>& dns_names) {
    NameVerdict verdict;
    const auto shown = [](const std::string& name) { return normalise_name(name).value_or(name); };
    if (csr.common_name && common_name && shown(*csr.common_name) != shown(*common_name)) {
        const std::string asked = shown(*csr.common_name);
        const std::string ordered = shown(*common_name);
        if (without_www(asked) != without_www(ordered)) {
            return misfit("the CSR is for " + asked + ", the order for " + ordered);
        }
        verdict.notes.push_back("the CSR says " + asked + ", the order " + ordered);
    }
    std::set<std::string> known;
    for (const std::string& name : dns_names) known.insert(shown(name));
    if (common_name) known.insert(shown(*common_name));
    if (known.empty()) return verdict;
    // Without its list of names only the order's common name is known: then further names may be
    // right.
    const bool knows_all = !dns_names.empty();
    bool has_one = csr.dns_names.empty();
    for (const std::string& dns_name : csr.dns_names) {
        const std::string name = shown(dns_name);
        if (known.contains(name)) {
            has_one = true;
            continue;
        }
        const bool variant =
            known.contains("www." + name) || known.contains(std::string(without_www(name)));
        if (variant) {
            has_one = true;
            verdict.notes.push_back(name + " is on the order only with or without www.");
        } else if (knows_all) {
            return misfit("the CSR asks for " + name + ", which is not on the order");
        } else {
            verdict.notes.push_back(name + " is not known to be on the order");
        }
    }
    if (!csr.common_name && !has_one) {
        return misfit("none of the CSR's names is on the order");
    }
    return verdict;
}

}  // namespace cabroker::pki
