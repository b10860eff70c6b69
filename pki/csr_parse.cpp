#include "pki/csr_parse.hpp"

#include "pki/der.hpp"

namespace cabroker::pki {
namespace {

using namespace std::string_view_literals;

// PKCS#9 (RFC 2985), Microsoft's older place for extensions, and RFC 5280.
constexpr auto kExtensionRequest = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x0E"sv;
constexpr auto kMicrosoftExtensions = "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x0E"sv;
constexpr auto kChallengePassword = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x07"sv;
constexpr auto kSubjectAltName = "\x55\x1D\x11"sv;

constexpr std::uint8_t kDerBoolean = 0x01;
constexpr std::uint8_t kDnsName = 0x82;
constexpr std::uint8_t kIpAddress = 0x87;

bool read_alt_names(std::string_view octets, std::size_t max_names, CsrAttributes& found) {
    DerReader value(octets);
    const auto list = value.next(kDerSequence);
    if (!list || !value.at_end()) return false;
    DerReader names(list->content);
    while (!names.at_end()) {
        const auto name = names.next();
        if (!name) return false;
        if (name->tag == kDnsName) {
            if (found.dns_names.size() >= max_names) {
                found.too_many_names = true;
                return true;
            }
            found.dns_names.emplace_back(name->content);
        } else if (name->tag == kIpAddress) {
            ++found.ip_addresses;
        } else {
            ++found.other_names;
        }
    }
    return true;
}

bool read_extensions(std::string_view octets, std::size_t max_names, CsrAttributes& found) {
    DerReader extensions(octets);
    while (!extensions.at_end()) {
        const auto extension = extensions.next(kDerSequence);
        if (!extension) return false;
        DerReader members(extension->content);
        const auto oid = members.next(kDerOid);
        static_cast<void>(members.next(kDerBoolean));
        const auto value = members.next(kDerOctetString);
        if (!oid || !value || !members.at_end()) return false;
        if (oid->content == kSubjectAltName && !read_alt_names(value->content, max_names, found)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::optional<CsrParts> csr_parts(std::string_view der, std::string_view* rest) {
    DerReader input(der);
    const auto outer = input.next(kDerSequence);
    if (!outer) return std::nullopt;
    *rest = input.rest();

    DerReader members(outer->content);
    const auto info = members.next(kDerSequence);
    const auto algorithm = members.next(kDerSequence);
    const auto signature = members.next(kDerBitString);
    if (!info || !algorithm || !signature || !members.at_end()) return std::nullopt;
    const auto signature_octets = der_bit_string(*signature);
    const auto signature_oid = DerReader(algorithm->content).next(kDerOid);
    if (!signature_octets || !signature_oid) return std::nullopt;

    DerReader fields(info->content);
    const auto version = fields.next(kDerInteger);
    const auto subject = fields.next(kDerSequence);
    const auto public_key = fields.next(kDerSequence);
    if (!version || !der_magnitude(*version) || !subject || !public_key) return std::nullopt;
    // RFC 2986 wants the attributes even when empty; tools that leave them out are common.
    const auto attributes = fields.next(kDerContext0);
    if (!fields.at_end()) return std::nullopt;

    CsrParts parts;
    parts.signed_octets = info->whole;
    parts.subject = subject->whole;
    parts.public_key = public_key->whole;
    if (attributes) parts.attributes = attributes->content;
    parts.signature_algorithm = algorithm->whole;
    parts.signature_oid = signature_oid->whole;
    parts.signature = *signature_octets;
    return parts;
}

std::optional<CsrAttributes> csr_attributes(std::string_view attributes, std::size_t max_names) {
    CsrAttributes found;
    DerReader list(attributes);
    while (!list.at_end()) {
        const auto attribute = list.next(kDerSequence);
        if (!attribute) return std::nullopt;
        DerReader members(attribute->content);
        const auto oid = members.next(kDerOid);
        const auto values = members.next(kDerSet);
        if (!oid || !values || !members.at_end()) return std::nullopt;
        if (oid->content == kChallengePassword) found.has_challenge_password = true;
        if (oid->content != kExtensionRequest && oid->content != kMicrosoftExtensions) continue;
        DerReader lists(values->content);
        const auto extensions = lists.next(kDerSequence);
        if (!extensions || !lists.at_end()) return std::nullopt;
        if (!read_extensions(extensions->content, max_names, found)) return std::nullopt;
    }
    return found;
}

}  // namespace cabroker::pki
