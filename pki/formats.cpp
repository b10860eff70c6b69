#include "pki/formats.hpp"

#include <openssl/pem.h>

#include "pki/parsed_certificate.hpp"
#include "pki/zip.hpp"

namespace cabroker::pki {
namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Format;

using Chain = std::vector<Certificate>;

Error failed(const std::string& what) {
    return {ErrorCode::internal, "cannot write the certificates as " + what};
}

/// The chain without its root: a last certificate that is self-issued and not the only one.
Chain without_root(const Chain& chain) {
    Chain shorter = chain;
    if (shorter.size() > 1 && shorter.back().is_self_issued()) shorter.pop_back();
    return shorter;
}

std::string pem_of(const Chain& chain) {
    std::string text;
    for (const Certificate& certificate : chain) text += certificate.pem();
    return text;
}

Result<std::string> zip_file(const Chain& chain, const std::string& stem,
                             const std::string& extension) {
    std::vector<ZipEntry> entries;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        std::string name = "intermediate-" + std::to_string(i);
        if (i == 0) {
            name = stem;
        } else if (i + 1 == chain.size() && chain[i].is_self_issued()) {
            name = "root";
        }
        entries.push_back({name + extension, chain[i].pem()});
    }
    return zip_of(entries);
}

Result<std::string> pkcs7_file(const Chain& chain) {
    const Pkcs7Ptr bundle(PKCS7_new());
    const BioPtr out(BIO_new(BIO_s_mem()));
    bool good = bundle && out && PKCS7_set_type(bundle.get(), NID_pkcs7_signed) == 1 &&
                PKCS7_content_new(bundle.get(), NID_pkcs7_data) == 1;
    for (const Certificate& certificate : chain) {
        good = good && PKCS7_add_certificate(bundle.get(), handle_of(certificate.parsed())) == 1;
    }
    // A bundle has no content, not an empty one.
    good = good && PKCS7_set_detached(bundle.get(), 1) == 1;
    if (!good || PEM_write_bio_PKCS7(out.get(), bundle.get()) != 1) return failed("PKCS#7");
    return content_of(out.get());
}

/// Without encryption, because nothing in it is secret. The MAC over an empty password is there for
/// programs that want one; its salt comes from the leaf, so that equal input gives equal octets.
Result<std::string> pkcs12_file(const Chain& chain) {
    constexpr int kRounds = 2048;
    constexpr int kNone = -1;
    constexpr int kSaltBytes = 16;
    const X509StackPtr others(sk_X509_new_null());
    if (!others) return failed("PKCS#12");
    for (std::size_t i = 1; i < chain.size(); ++i) {
        sk_X509_push(others.get(), handle_of(chain[i].parsed()));
    }
    const Pkcs12Ptr store(PKCS12_create(nullptr, nullptr, nullptr,
                                        handle_of(chain.front().parsed()), others.get(), kNone,
                                        kNone, 0, kNone, 0));
    if (!store) return failed("PKCS#12");
    std::string salt = chain.front().facts().sha256.substr(0, kSaltBytes);
    if (PKCS12_set_mac(store.get(), "", 0, reinterpret_cast<unsigned char*>(salt.data()),
                       kSaltBytes, kRounds, EVP_sha256()) != 1) {
        return failed("PKCS#12");
    }
    unsigned char* der = nullptr;
    const int size = i2d_PKCS12(store.get(), &der);
    if (size <= 0) return failed("PKCS#12");
    std::string octets(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return octets;
}

/// How a format is written: its file ending, its media type, its octets.
struct Shape {
    const char* extension;
    const char* content_type;
};

Shape shape_of(Format format) {
    switch (format) {
        case Format::default_:
        case Format::apache:
        case Format::default_pem:
        case Format::default_cer:
            return {".zip", "application/zip"};
        case Format::cer:
            return {".cer", "application/x-pkcs7-certificates"};
        case Format::p7b:
            return {".p7b", "application/x-pkcs7-certificates"};
        case Format::pem_all:
        case Format::pem_noroot:
        case Format::pem_nointermediate:
            return {".pem", "application/x-pem-file"};
        case Format::der:
            return {".der", "application/pkix-cert"};
        case Format::pkcs12:
            return {".p12", "application/x-pkcs12"};
    }
    return {".bin", "application/octet-stream"};
}

Result<std::string> octets_in(Format format, const Chain& chain, const std::string& stem) {
    switch (format) {
        case Format::default_:
        case Format::default_pem:
            return zip_file(chain, stem, ".crt");
        case Format::default_cer:
            return zip_file(chain, stem, ".cer");
        case Format::apache:
            return zip_file(without_root(chain), stem, ".crt");
        case Format::cer:
        case Format::p7b:
            return pkcs7_file(chain);
        case Format::pem_all:
            return pem_of(chain);
        case Format::pem_noroot:
            return pem_of(without_root(chain));
        case Format::pem_nointermediate:
            return chain.front().pem();
        case Format::der:
            return chain.front().der();
        case Format::pkcs12:
            return pkcs12_file(chain);
    }
    return failed("an unknown format");
}

}  // namespace

std::string file_stem(std::string_view common_name, std::string_view serial) {
    constexpr std::size_t kMostName = 100;
    constexpr std::size_t kMostSerial = 64;
    const auto add_clean = [](std::string_view text, std::string& stem) {
        for (const char c : lower(text)) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                               c == '-' || c == '_';
            if (c == '*') {
                stem += "wildcard";
            } else {
                // A leading dot would hide the file.
                stem += plain && !(c == '.' && stem.empty()) ? c : '_';
            }
        }
    };
    std::string stem;
    add_clean(common_name.substr(0, kMostName), stem);
    if (stem.empty()) stem = "certificate";
    if (!serial.empty()) {
        stem += '-';
        add_clean(serial.substr(0, kMostSerial), stem);
    }
    return stem;
}

Result<FormattedFile> convert(Format format, const std::vector<Certificate>& chain,
                              const std::string& common_name) {
    if (chain.empty()) {
        return Error(ErrorCode::bad_parameter, "cannot convert a chain without certificates");
    }
    const ErrorQueueGuard guard;
    const std::string stem = file_stem(common_name, chain.front().facts().serial);
    Result<std::string> octets = octets_in(format, chain, stem);
    if (!octets) return octets.error();
    const Shape shape = shape_of(format);
    return FormattedFile{stem + shape.extension, shape.content_type, std::move(*octets)};
}

}  // namespace cabroker::pki
