#include "config/portal_profile.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/profile_decode.hpp"
#include "domain/ascii.hpp"

namespace cabroker::config {
namespace {

using domain::lower;
using domain::trimmed;

using domain::Word;

constexpr std::array<Word<PortalOperation>, 8> kOperations{{
    {PortalOperation::sign_in, "sign_in"},
    {PortalOperation::enter_code, "enter_code"},
    {PortalOperation::read_order, "read_order"},
    {PortalOperation::reissue, "reissue"},
    {PortalOperation::download, "download"},
    {PortalOperation::revoke, "revoke"},
    {PortalOperation::revoke_certificate, "revoke_certificate"},
    {PortalOperation::cancel_reissue, "cancel_reissue"},
}};

constexpr std::array<Word<PageOutcome>, 18> kOutcomes{{
    {PageOutcome::wrong_contact, "wrong_contact"},
    {PageOutcome::unknown_order, "unknown_order"},
    {PageOutcome::access_code_wrong, "access_code_wrong"},
    {PageOutcome::access_code_expired, "access_code_expired"},
    {PageOutcome::access_code_attempts_exhausted, "access_code_attempts_exhausted"},
    {PageOutcome::session_expired, "session_expired"},
    {PageOutcome::guest_access_disabled, "guest_access_disabled"},
    {PageOutcome::revoke_not_allowed, "revoke_not_allowed"},
    {PageOutcome::awaiting_approval, "awaiting_approval"},
    {PageOutcome::human_login, "human_login"},
    {PageOutcome::rate_limited, "rate_limited"},
    {PageOutcome::maintenance, "maintenance"},
    {PageOutcome::csr_rejected, "csr_rejected"},
    {PageOutcome::reissue_pending, "reissue_pending"},
    {PageOutcome::order_not_issued, "order_not_issued"},
    {PageOutcome::not_supported_by_channel, "not_supported_by_channel"},
    {PageOutcome::credentials_rejected, "credentials_rejected"},
    {PageOutcome::stale_form, "stale_form"},
}};

constexpr std::array<std::string_view, 13> kGiven{
    "email",  "order_identifier",  "common_name", "supplier_order_id", "access_code",
    "csr",    "validation_method", "reason",      "reason_code",       "format",
    "serial", "username",          "password"};

}  // namespace

std::string_view name_of(PortalOperation operation) {
    for (const auto& word : kOperations) {
        if (word.value == operation) return word.name;
    }
    return "unknown";
}

std::string_view name_of(PageOutcome outcome) {
    for (const auto& word : kOutcomes) {
        if (word.value == outcome) return word.name;
    }
    return "unknown";
}

std::optional<PageOutcome> parse_page_outcome(std::string_view word) {
    for (const auto& known : kOutcomes) {
        if (known.name == word) return known.value;
    }
    return std::nullopt;
}

std::optional<PortalOperation> parse_portal_operation(std::string_view word) {
    for (const auto& known : kOperations) {
        if (known.name == word) return known.value;
    }
    return std::nullopt;
}

std::optional<ReissueState> parse_reissue_state(std::string_view word) {
    if (word == "pending") return ReissueState::pending;
    if (word == "issued") return ReissueState::issued;
    if (word == "canceled") return ReissueState::canceled;
    if (word == "rejected") return ReissueState::rejected;
    return std::nullopt;
}

std::optional<RevokeState> parse_revoke_state(std::string_view word) {
    if (word == "pending") return RevokeState::pending;
    if (word == "revoked") return RevokeState::revoked;
    if (word == "rejected") return RevokeState::rejected;
    return std::nullopt;
}

std::optional<CertificateState> parse_certificate_state(std::string_view word) {
    if (word == "valid") return CertificateState::valid;
    if (word == "revoked") return CertificateState::revoked;
    return std::nullopt;
}

std::string page_outcome_words() {
    std::string list;
    for (const auto& known : kOutcomes) {
        list += (list.empty() ? "" : ", ") + std::string(known.name);
    }
    return list;
}

std::string portal_operation_words() {
    std::string list;
    for (const auto& known : kOperations) {
        list += (list.empty() ? "" : ", ") + std::string(known.name);
    }
    return list;
}

std::string_view name_of(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::delete_:
            return "DELETE";
    }
    return "GET";
}

bool is_given_variable(std::string_view name) {
    return std::find(kGiven.begin(), kGiven.end(), name) != kGiven.end();
}

bool CodePattern::accepts(std::string_view code) const {
    if (code.size() < min_length || code.size() > max_length) return false;
    return std::all_of(code.begin(), code.end(), [this](char c) {
        return (digits && c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z') ||
               (lower && c >= 'a' && c <= 'z') || others.find(c) != std::string::npos;
    });
}

std::string CodePattern::text() const {
    std::string out = std::to_string(min_length);
    if (max_length != min_length) out += " to " + std::to_string(max_length);
    out += " characters:";
    if (digits) out += " digits,";
    if (upper && lower) {
        out += " letters,";
    } else if (upper) {
        out += " upper-case letters,";
    } else if (lower) {
        out += " lower-case letters,";
    }
    if (!others.empty()) out += " any of `" + others + "`,";
    out.pop_back();
    return out;
}

const PageRule* PortalProfile::page(std::string_view wanted) const {
    const auto found = std::find_if(pages.begin(), pages.end(),
                                    [&](const PageRule& rule) { return rule.name == wanted; });
    return found == pages.end() ? nullptr : &*found;
}

const ProfileOperation* PortalProfile::operation(PortalOperation wanted) const {
    const auto found = operations.find(wanted);
    return found == operations.end() ? nullptr : &found->second;
}

bool PortalProfile::stands_in_headers(std::string_view variable) const {
    const auto carried_by = [variable](const auto& sent) {
        return std::any_of(sent.begin(), sent.end(), [variable](const auto& header) {
            const std::vector<std::string> names = header.second.variables();
            return std::find(names.begin(), names.end(), variable) != names.end();
        });
    };
    if (carried_by(headers)) return true;
    return std::any_of(operations.begin(), operations.end(), [&](const auto& operation) {
        const std::vector<ProfileStep>& steps = operation.second.steps;
        return std::any_of(steps.begin(), steps.end(), [&](const ProfileStep& step) {
            return carried_by(step.request.headers);
        });
    });
}

domain::OrderStatus PortalProfile::status_of(std::string_view raw) const {
    const auto found = words.statuses.find(lower(trimmed(raw)));
    return found == words.statuses.end() ? domain::OrderStatus::unknown : found->second;
}

std::optional<domain::ValidationMethod> PortalProfile::token_method_of(std::string_view raw) const {
    const auto found = words.token_methods.find(lower(trimmed(raw)));
    if (found != words.token_methods.end()) return found->second;
    for (const auto& [ours, theirs] : words.validation_methods) {
        if (lower(trimmed(theirs)) == lower(trimmed(raw))) return ours;
    }
    return std::nullopt;
}

std::optional<ReissueState> PortalProfile::reissue_state_of(std::string_view raw) const {
    const auto found = words.reissue_states.find(lower(trimmed(raw)));
    if (found != words.reissue_states.end()) return found->second;
    return parse_reissue_state(lower(trimmed(raw)));
}

std::optional<RevokeState> PortalProfile::revoke_state_of(std::string_view raw) const {
    const auto found = words.revoke_states.find(lower(trimmed(raw)));
    if (found != words.revoke_states.end()) return found->second;
    return parse_revoke_state(lower(trimmed(raw)));
}

std::optional<CertificateState> PortalProfile::certificate_state_of(std::string_view raw) const {
    const auto found = words.certificate_states.find(lower(trimmed(raw)));
    if (found != words.certificate_states.end()) return found->second;
    return parse_certificate_state(lower(trimmed(raw)));
}

std::string PortalProfile::serial_text(std::string_view serial) const {
    std::string digits = plain_serial(serial);
    if (serial_separator.empty() && !serial_upper) return digits;
    if (!serial_separator.empty() && digits.size() % 2 != 0) digits.insert(digits.begin(), '0');
    std::string out;
    for (std::size_t at = 0; at < digits.size(); ++at) {
        if (at != 0 && at % 2 == 0) out += serial_separator;
        const char c = digits[at];
        const bool raise = serial_upper && c >= 'a' && c <= 'f';
        out += raise ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

std::string plain_serial(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        const bool number = c >= '0' && c <= '9';
        const bool lower = c >= 'a' && c <= 'f';
        if (number || lower) {
            digits += c;
        } else if (c >= 'A' && c <= 'F') {
            digits += static_cast<char>(c - 'A' + 'a');
        } else if (c != ':' && c != ' ' && c != '-') {
            return {};
        }
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

bool PortalProfile::does(domain::Kind kind) const {
    switch (kind) {
        case domain::Kind::status:
            return operation(PortalOperation::read_order) != nullptr;
        case domain::Kind::reissue:
            return operation(PortalOperation::reissue) != nullptr;
        case domain::Kind::revoke:
            return operation(PortalOperation::revoke) != nullptr ||
                   operation(PortalOperation::revoke_certificate) != nullptr;
        case domain::Kind::cancel:
            return operation(PortalOperation::cancel_reissue) != nullptr;
        case domain::Kind::download:
            return operation(PortalOperation::download) != nullptr;
        case domain::Kind::transfer:
            break;
    }
    return false;
}

std::vector<domain::Kind> PortalProfile::kinds() const {
    std::vector<domain::Kind> kinds;
    for (const auto& word : domain::words<domain::Kind>()) {
        if (does(word.value)) kinds.push_back(word.value);
    }
    return kinds;
}

}  // namespace cabroker::config
