#include "pki/csr.hpp"

#include <algorithm>
#include <array>

#include "pki/csr_names.hpp"
#include "pki/csr_parse.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"
#include "pki/public_key.hpp"

namespace cabroker::pki {
namespace {

constexpr const char* kPasteHint =
    "paste the whole block from -----BEGIN CERTIFICATE REQUEST----- to "
    "-----END CERTIFICATE REQUEST-----";

void refuse(CsrReport& report, std::string code, std::string detail, std::string hint) {
    report.findings.push_back(
        {std::move(code), Severity::error, std::move(detail), std::move(hint)});
}

void warn(CsrReport& report, std::string code, std::string detail, std::string hint) {
    report.findings.push_back(
        {std::move(code), Severity::warning, std::move(detail), std::move(hint)});
}

bool is_request_label(std::string_view label) {
    return label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST";
}

bool is_blank_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_blank);
}

/// A request without armour, binary or in base64?
bool is_bare_request(std::string_view text) {
    std::string_view rest;
    if (csr_parts(text, &rest)) return true;
    const std::optional<std::string> octets = base64_decode(text);
    return octets && csr_parts(*octets, &rest);
}

void explain_missing_block(std::string_view text, const std::vector<PemBlock>& blocks,
                           CsrReport& report) {
    if (!blocks.empty()) {
        refuse(report, "csr_unparsable", "the text holds a PEM block, but no certificate request",
               kPasteHint);
    } else if (is_bare_request(text)) {
        refuse(report, "csr_unparsable", "the request is not in PEM", kPasteHint);
        report.findings.push_back({"der_instead_of_pem", Severity::info,
                                   "the text is a request in DER, without PEM armour",
                                   "convert it: openssl req -inform DER -in FILE -out FILE.pem"});
    } else if (text.find("-----BEGIN") != std::string_view::npos) {
        refuse(report, "csr_unparsable", "the PEM block is cut off or its last line differs",
               kPasteHint);
    } else {
        refuse(report, "csr_unparsable", "the text holds no PEM block", kPasteHint);
    }
}

/// The DER of the one request in the text, or nullopt after saying why not.
std::optional<std::string> extract_request(std::string_view text, CsrReport& report) {
    constexpr std::size_t kMostBlocks = 3;
    const std::vector<PemBlock> blocks = pem_blocks(text, kMostBlocks);
    const auto request = std::find_if(blocks.begin(), blocks.end(), [](const PemBlock& block) {
        return is_request_label(block.label);
    });
    if (request == blocks.end()) {
        explain_missing_block(text, blocks, report);
        return std::nullopt;
    }
    if (blocks.size() > 1) {
        refuse(report, "multiple_pem_blocks", "the text holds more than one PEM block",
               "send one request at a time, without certificates");
        return std::nullopt;
    }
    std::optional<std::string> der = base64_decode(request->body);
    if (!der) {
        refuse(report, "csr_unparsable", "the PEM block is no clean base64", kPasteHint);
        return std::nullopt;
    }
    if (!is_blank_text(text.substr(0, request->begin)) ||
        !is_blank_text(text.substr(request->end))) {
        warn(report, "trailing_garbage", "there is other text around the PEM block",
             "it is ignored; paste the block alone");
    }
    return der;
}

bool is_weak_hash(int nid) {
    constexpr std::array kWeak = {NID_md2, NID_md4,       NID_md5,  NID_md5_sha1,
                                  NID_sha, NID_ripemd160, NID_sha1, NID_mdc2};
    return std::find(kWeak.begin(), kWeak.end(), nid) != kWeak.end();
}

/// The library's own reader and check, for the algorithms that are seldom: PSS, Ed25519, DSA.
bool verifies_slowly(const std::string& der) {
    const unsigned char* at = octets_of(der);
    const X509ReqPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (!request) return false;
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    return key != nullptr && X509_REQ_verify(request.get(), key) == 1;
}

bool verifies(const CsrParts& parts, EVP_PKEY* key, int hash) {
    const EVP_MD* digest = EVP_get_digestbynid(hash);
    const MdCtxPtr ctx(EVP_MD_CTX_new());
    if (digest == nullptr || !ctx) return false;
    return EVP_DigestVerifyInit(ctx.get(), nullptr, digest, nullptr, key) == 1 &&
           EVP_DigestVerify(ctx.get(), octets_of(parts.signature), parts.signature.size(),
                            octets_of(parts.signed_octets), parts.signed_octets.size()) == 1;
}

void check_signature(const std::string& der, const CsrParts& parts, const PublicKey& key,
                     CsrReport& report) {
    const unsigned char* at = octets_of(parts.signature_oid);
    const ObjectPtr oid(
        d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(parts.signature_oid.size())));
    if (!oid) {
        refuse(report, "csr_unparsable", "the signature algorithm cannot be read",
               "make a new CSR");
        return;
    }
    report.signature_algorithm = algorithm_text(oid.get());
    int hash = NID_undef;
    int signer = NID_undef;
    OBJ_find_sigid_algs(OBJ_obj2nid(oid.get()), &hash, &signer);
    if (is_weak_hash(hash)) {
        // SHA-1 still proves possession of the key and some CAs take it; the older ones are broken
        // outright.
        const bool only_old = hash == NID_sha1;
        report.findings.push_back({"weak_signature_hash",
                                   only_old ? Severity::warning : Severity::error,
                                   "the CSR is signed with " + report.signature_algorithm,
                                   "sign it with SHA-256, as in openssl req -new -sha256"});
    }
    if (key.unusable) return;
    const bool usual =
        key.handle && ((signer == NID_rsaEncryption && key.facts.type == "rsa") ||
                       (signer == NID_X9_62_id_ecPublicKey && key.facts.type == "ec"));
    const bool good = usual ? verifies(parts, key.handle.get(), hash) : verifies_slowly(der);
    if (!good) {
        refuse(report, "csr_bad_signature",
               "the signature of the CSR does not fit its content and key",
               "the CSR was changed or damaged after it was made; make a new one");
    }
}

void read_request(const std::string& der, CsrReport& report) {
    std::string_view rest;
    const std::optional<CsrParts> parts = csr_parts(der, &rest);
    if (!parts) {
        refuse(report, "csr_unparsable", "the block holds no certificate request", kPasteHint);
        return;
    }
    if (!rest.empty()) {
        refuse(report, "trailing_garbage", "there are octets after the request inside the block",
               "make a new CSR, or copy it again");
        return;
    }
    const unsigned char* at = octets_of(parts->subject);
    const NamePtr subject(d2i_X509_NAME(nullptr, &at, static_cast<long>(parts->subject.size())));
    std::optional<CsrAttributes> asked = csr_attributes(parts->attributes, kMaxCsrNames);
    std::optional<PublicKey> key = read_public_key(parts->public_key);
    if (!subject || !asked || !key) {
        const std::string what = !subject ? "subject"
                                 : !asked ? "requested extensions"
                                          : "public key";
        refuse(report, "csr_unparsable", "the " + what + " of the CSR cannot be read",
               "make a new CSR");
        return;
    }
    if (asked->too_many_names) {
        refuse(report, "csr_unparsable", "the CSR asks for more than 1000 names",
               "split the names over several orders");
        return;
    }
    int common_names = 0;
    report.subject = name_text(subject.get());
    report.common_name = common_name_of(subject.get(), &common_names);
    for (const std::string& name : asked->dns_names) report.dns_names.push_back(lower(name));
    report.key = key->facts;
    report.pem = pem_text("CERTIFICATE REQUEST", der);
    std::move(key->findings.begin(), key->findings.end(), std::back_inserter(report.findings));
    check_signature(der, *parts, *key, report);
    if (asked->has_challenge_password) {
        warn(report, "challenge_password_present", "the CSR holds a challenge password",
             "it is not secret in a CSR and CAs ignore it; leave it empty");
    }
    judge_names(*asked, common_names, report);
}

}  // namespace

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::info:
            return "info";
    }
    return "error";
}

CsrFacts facts_of(const CsrReport& report) { return {report.common_name, report.dns_names}; }

CsrReport inspect_csr(std::string_view text) {
    const ErrorQueueGuard guard;
    CsrReport report;
    if (holds_private_key(text)) {
        refuse(report, "private_key_pasted", "the text holds a private key",
               "send only the CSR; treat this key as known to others and make a new one");
    } else if (text.size() > kMaxCsrBytes) {
        refuse(report, "csr_unparsable", "the text is longer than 100 KiB", kPasteHint);
    } else if (const std::optional<std::string> der = extract_request(text, report)) {
        read_request(*der, report);
    }
    report.ok = std::none_of(report.findings.begin(), report.findings.end(),
                             [](const Finding& f) { return f.severity == Severity::error; });
    return report;
}

std::optional<std::string> csr_key_sha256(std::string_view text) {
    if (text.size() > kMaxCsrBytes) return std::nullopt;
    CsrReport ignored;
    const std::optional<std::string> der = extract_request(text, ignored);
    if (!der) return std::nullopt;
    std::string_view rest;
    const std::optional<CsrParts> parts = csr_parts(*der, &rest);
    if (!parts || !rest.empty()) return std::nullopt;
    return sha256_hex(parts->public_key);
}

std::string_view problem_code_of(const Finding& finding) {
    constexpr std::array<std::string_view, 4> kPublished = {"csr_unparsable", "csr_bad_signature",
                                                            "csr_weak_key", "private_key_pasted"};
    for (const std::string_view code : kPublished) {
        if (finding.code == code) return code;
    }
    if (finding.code == "weak_signature_hash") return "csr_bad_signature";
    if (finding.code == "bad_name") return "bad_format";
    return "csr_unparsable";
}

}  // namespace cabroker::pki
