#include "pki/chain.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>

#include "pki/name_match.hpp"
#include "pki/parsed_certificate.hpp"
#include "pki/pem.hpp"

namespace cabroker::pki {

using domain::Error;
using domain::ErrorCode;

/// The anchors, parsed once by whoever needs them first.
struct TrustRoots::Store {
    std::vector<std::string> files;
    std::vector<Certificate> given;
    std::once_flag once;
    StorePtr store;
    std::size_t count = 0;
    std::optional<Error> failure;
};

namespace {

Error refused(std::string reason, std::string why) {
    return Error(ErrorCode::bad_answer, "cannot accept the certificate: " + std::move(why))
        .with("reason", std::move(reason));
}

Error unusable(const std::string& file, const std::string& why) {
    return {ErrorCode::bad_configuration,
            "cannot use the certificate roots in " + file + ": " + why};
}

/// System stores hold some 140 roots; unlike a CA's answer they are trusted, so only their size is
/// bounded.
void add_file(const std::string& file, TrustRoots::Store& roots) {
    constexpr std::size_t kMostBlocks = 5000;
    std::ifstream input(file, std::ios::binary);
    std::ostringstream content;
    content << input.rdbuf();
    if (!input) {
        roots.failure = unusable(file, "it cannot be read");
        return;
    }
    const std::string text = std::move(content).str();
    std::size_t found = 0;
    for (const PemBlock& block : pem_blocks(text, kMostBlocks)) {
        if (block.label != "CERTIFICATE" && block.label != "X509 CERTIFICATE") continue;
        const std::optional<std::string> der = base64_decode(block.body);
        if (!der) continue;
        const unsigned char* at = octets_of(*der);
        const X509Ptr root(d2i_X509(nullptr, &at, static_cast<long>(der->size())));
        if (root && X509_STORE_add_cert(roots.store.get(), root.get()) == 1) ++found;
    }
    if (found == 0) roots.failure = unusable(file, "it holds no certificate in PEM");
    roots.count += found;
}

void fill(TrustRoots::Store& roots) {
    const ErrorQueueGuard guard;
    roots.store.reset(X509_STORE_new());
    if (!roots.store) {
        roots.failure = Error(ErrorCode::internal, "cannot make a certificate store");
        return;
    }
    for (const std::string& file : roots.files) {
        if (!roots.failure) add_file(file, roots);
    }
    for (const Certificate& root : roots.given) {
        X509_STORE_add_cert(roots.store.get(), handle_of(root.parsed()));
        ++roots.count;
    }
}

std::string_view reason_of(int code) {
    switch (code) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "certificate_expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "certificate_not_yet_valid";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "chain_incomplete";
        default:
            return "chain_untrusted";
    }
}

Error explain(X509_STORE_CTX* ctx) {
    const int code = X509_STORE_CTX_get_error(ctx);
    std::string which = "the chain";
    if (X509* current = X509_STORE_CTX_get_current_cert(ctx); current != nullptr) {
        which = name_text(X509_get_subject_name(current));
    }
    // One of the CA's: another one may come, or the roots be renewed.
    const bool of_ca =
        code == X509_V_ERR_CERT_HAS_EXPIRED && X509_STORE_CTX_get_error_depth(ctx) > 0;
    return refused(of_ca ? "chain_expired" : std::string(reason_of(code)),
                   which + ": " + X509_verify_cert_error_string(code) + " (depth " +
                       std::to_string(X509_STORE_CTX_get_error_depth(ctx)) + ")");
}

X509StackPtr stack_of(const std::vector<Certificate>& certificates) {
    X509StackPtr stack(sk_X509_new_null());
    for (const Certificate& certificate : certificates) {
        if (stack) sk_X509_push(stack.get(), handle_of(certificate.parsed()));
    }
    return stack;
}

/// A chain that begins with `leaf`, which is not parsed again.
Result<std::vector<Certificate>> values_of(const STACK_OF(X509) * chain, const Certificate& leaf) {
    std::vector<Certificate> certificates{leaf};
    for (int i = 1; i < sk_X509_num(chain); ++i) {
        unsigned char* der = nullptr;
        const int size = i2d_X509(sk_X509_value(chain, i), &der);
        if (size <= 0) return Error(ErrorCode::internal, "cannot encode a certificate");
        const std::string copy(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
        Result<Certificate> certificate = Certificate::from_der(copy);
        if (!certificate) return certificate.error();
        certificates.push_back(std::move(*certificate));
    }
    return certificates;
}

}  // namespace

Result<TrustRoots> TrustRoots::load(std::vector<std::string> pem_files) {
    for (const std::string& file : pem_files) {
        if (!std::ifstream(file, std::ios::binary)) return unusable(file, "it cannot be opened");
    }
    auto store = std::make_shared<Store>();
    store->files = std::move(pem_files);
    return TrustRoots(std::move(store));
}

TrustRoots TrustRoots::of(std::vector<Certificate> roots) {
    auto store = std::make_shared<Store>();
    store->given = std::move(roots);
    return TrustRoots(std::move(store));
}

Result<std::size_t> TrustRoots::prepare() const {
    std::call_once(store_->once, [this] { fill(*store_); });
    if (store_->failure) return *store_->failure;
    return store_->count;
}

Result<std::vector<Certificate>> verify_chain(const Certificate& leaf,
                                              const std::vector<Certificate>& others,
                                              const TrustRoots& roots, domain::Time at) {
    if (others.size() > kMaxCertificates) {
        return Error(ErrorCode::limit_exceeded, "cannot verify the chain: over 20 certificates");
    }
    if (const Result<std::size_t> ready = roots.prepare(); !ready) return ready.error();
    const ErrorQueueGuard guard;
    const StoreCtxPtr ctx(X509_STORE_CTX_new());
    const X509StackPtr untrusted = stack_of(others);
    if (!ctx || !untrusted ||
        X509_STORE_CTX_init(ctx.get(), roots.store().store.get(), handle_of(leaf.parsed()),
                            untrusted.get()) != 1) {
        return Error(ErrorCode::internal, "cannot verify the chain: out of memory");
    }
    // Level 2 refuses SHA-1 signatures and keys weaker than RSA 2048.
    constexpr int kSecurityLevel = 2;
    X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
    X509_VERIFY_PARAM_set_time(param, std::chrono::system_clock::to_time_t(at));
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
    X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kMaxCertificates));
    if (X509_verify_cert(ctx.get()) != 1) return explain(ctx.get());
    return values_of(X509_STORE_CTX_get0_chain(ctx.get()), leaf);
}

Result<void> judge_certificate(const Certificate& leaf,
                               const std::optional<std::string>& expected_spki_sha256,
                               const std::vector<std::string>& order_names, domain::Time at) {
    if (expected_spki_sha256 && leaf.spki_sha256() != *expected_spki_sha256) {
        return refused("key_mismatch", "its key is not the key of the CSR");
    }
    if (leaf.is_ca()) return refused("certificate_missing", "it is the certificate of a CA");
    const domain::CertificateFacts& facts = leaf.facts();
    std::vector<std::string> have = facts.dns_names;
    if (have.empty()) have.push_back(facts.common_name);
    for (const std::string& name : order_names) {
        const bool covered = std::any_of(have.begin(), have.end(), [&](const std::string& pattern) {
            return covers(pattern, name);
        });
        if (!covered) return refused("name_mismatch", "it is not valid for " + name);
    }
    if (at > facts.not_after) return refused("certificate_expired", "its validity has ended");
    if (at < facts.not_before) {
        return refused("certificate_not_yet_valid", "its validity has not begun");
    }
    return {};
}

}  // namespace cabroker::pki
