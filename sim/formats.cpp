#include "sim/formats.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/pkcs7.h>

#include <stdexcept>

#include "sim/ca_parts.hpp"

namespace cabroker::sim {
namespace {

using Pkcs7 = std::unique_ptr<PKCS7, Freed<PKCS7_free>>;
using Writer = std::unique_ptr<struct archive, Freed<archive_write_free>>;
using Entry = std::unique_ptr<struct archive_entry, Freed<archive_entry_free>>;

struct Member {
    std::string name;
    const std::string* octets;
};

std::string pkcs7_of(const ChainPem& chain) {
    const Pkcs7 bundle(PKCS7_new());
    bool good = bundle && PKCS7_set_type(bundle.get(), NID_pkcs7_signed) == 1 &&
                PKCS7_content_new(bundle.get(), NID_pkcs7_data) == 1;
    for (const std::string* pem : {&chain.leaf, &chain.intermediate, &chain.root}) {
        const Cert certificate = cert_of(*pem);
        good = good && certificate && PKCS7_add_certificate(bundle.get(), certificate.get()) == 1;
    }
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!good || PEM_write_bio_PKCS7(bio.get(), bundle.get()) != 1) {
        throw std::runtime_error("cannot make a PKCS#7 bundle");
    }
    return text_of(bio.get());
}

std::string zip_of(const std::vector<Member>& members) {
    std::string buffer(256 * 1024, '\0');
    std::size_t used = 0;
    const Writer writer(archive_write_new());
    archive_write_set_format_zip(writer.get());
    archive_write_set_bytes_in_last_block(writer.get(), 1);
    bool good =
        archive_write_open_memory(writer.get(), buffer.data(), buffer.size(), &used) == ARCHIVE_OK;
    for (const Member& member : members) {
        const Entry entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), member.name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(member.octets->size()));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        good = good && archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK &&
               archive_write_data(writer.get(), member.octets->data(), member.octets->size()) ==
                   static_cast<la_ssize_t>(member.octets->size());
    }
    good = good && archive_write_close(writer.get()) == ARCHIVE_OK;
    if (!good) throw std::runtime_error("cannot make a zip file");
    buffer.resize(used);
    return buffer;
}

Download zipped(const ChainPem& chain, const std::string& stem, const char* extension,
                bool with_root) {
    std::vector<Member> members;
    members.push_back(Member{stem + extension, &chain.leaf});
    members.push_back(Member{std::string("SimulatedCA") + extension, &chain.intermediate});
    if (with_root) members.push_back(Member{std::string("SimulatedRoot") + extension, &chain.root});
    return Download{"application/zip", stem + ".zip", zip_of(members)};
}

}  // namespace

const std::vector<FormatName>& download_formats() {
    static const std::vector<FormatName> formats = {
        {"default", "Individual .crt files (zipped)"},
        {"apache", "Apache: .crt files without the root (zipped)"},
        {"default_cer", "Individual .cer files (zipped)"},
        {"default_pem", "Individual .crt files in PEM (zipped)"},
        {"cer", "A single .cer file with all the certificates"},
        {"p7b", "A .p7b bundle of all the certificates"},
        {"pem_all", "A single .pem file with all the certificates"},
        {"pem_nointermediate", "A single .pem file with only the end entity certificate"},
        {"pem_noroot", "A single .pem file with all the certificates except the root"},
    };
    return formats;
}

std::optional<Download> make_download(std::string_view format, const ChainPem& chain,
                                      const std::string& stem) {
    constexpr const char* kPem = "application/x-pem-file";
    constexpr const char* kBundle = "application/x-pkcs7-certificates";
    if (format == "pem_all") {
        return Download{kPem, stem + ".pem", chain.leaf + chain.intermediate + chain.root};
    }
    if (format == "pem_noroot")
        return Download{kPem, stem + ".pem", chain.leaf + chain.intermediate};
    if (format == "pem_nointermediate") return Download{kPem, stem + ".pem", chain.leaf};
    if (format == "p7b") return Download{kBundle, stem + ".p7b", pkcs7_of(chain)};
    if (format == "cer") return Download{kBundle, stem + ".cer", pkcs7_of(chain)};
    if (format == "default" || format == "default_pem") return zipped(chain, stem, ".crt", true);
    if (format == "apache") return zipped(chain, stem, ".crt", false);
    if (format == "default_cer") return zipped(chain, stem, ".cer", true);
    return std::nullopt;
}

}  // namespace cabroker::sim
