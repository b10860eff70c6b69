#include "pki/openssl.hpp"

#include <openssl/objects.h>
#include <openssl/sha.h>

#include <array>

namespace cabroker::pki {

const unsigned char* octets_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hex(std::string_view octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(octets.size() * 2);
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        text += kDigits[octet >> 4U];
        text += kDigits[octet & 15U];
    }
    return text;
}

std::string sha256_hex(std::string_view octets) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(octets_of(octets), octets.size(), digest.data());
    return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string content_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    if (size <= 0 || data == nullptr) return {};
    return {data, static_cast<std::size_t>(size)};
}

std::string name_text(const X509_NAME* name) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    // Octets of UTF-8 stay as they are: RFC 4514 allows them, and people can read them.
    constexpr unsigned long kFlags =
        XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    if (!out || X509_NAME_print_ex(out.get(), name, 0, kFlags) < 0) return {};
    return content_of(out.get());
}

std::optional<std::string> common_name_of(const X509_NAME* name, int* count) {
    int found = 0;
    int last = -1;
    for (int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) {
        last = at;
        ++found;
    }
    if (count != nullptr) *count = found;
    if (last < 0) return std::nullopt;
    unsigned char* utf8 = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    if (size < 0) return std::nullopt;
    std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return text;
}

std::string algorithm_text(const ASN1_OBJECT* object) {
    const int nid = OBJ_obj2nid(object);
    if (nid != NID_undef) return OBJ_nid2ln(nid);
    std::array<char, 128> text{};
    OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
    return text.data();
}

std::string_view view_of(const ASN1_STRING* text) {
    const int size = ASN1_STRING_length(text);
    if (size <= 0) return {};
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(size)};
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace cabroker::pki
