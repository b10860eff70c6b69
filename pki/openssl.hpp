// Inside pki only: owners of OpenSSL objects and the few conversions every source needs.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cabroker::pki {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreeWith<Free>>;

using BioPtr = Owned<BIO, BIO_free_all>;
using BnPtr = Owned<BIGNUM, BN_free>;
using BnCtxPtr = Owned<BN_CTX, BN_CTX_free>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtxPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using MdCtxPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using NamePtr = Owned<X509_NAME, X509_NAME_free>;
using ObjectPtr = Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using X509Ptr = Owned<X509, X509_free>;
using X509ReqPtr = Owned<X509_REQ, X509_REQ_free>;
using StorePtr = Owned<X509_STORE, X509_STORE_free>;
using StoreCtxPtr = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using Pkcs7Ptr = Owned<PKCS7, PKCS7_free>;
using Pkcs12Ptr = Owned<PKCS12, PKCS12_free>;
using GeneralNamesPtr = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
struct FreeStack {
    /// Frees the stack, not the certificates in it.
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using X509StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;

/// Leaves the thread's OpenSSL error queue as it was found, whatever the library put into it.
class ErrorQueueGuard {
  public:
    ErrorQueueGuard() { ERR_set_mark(); }
    ~ErrorQueueGuard() { ERR_pop_to_mark(); }
    ErrorQueueGuard(const ErrorQueueGuard&) = delete;
    ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

/// The octets as OpenSSL wants them.
[[nodiscard]] const unsigned char* octets_of(std::string_view text);

[[nodiscard]] std::string hex(std::string_view octets);
/// Lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view octets);

/// RFC 4514 text in UTF-8, control characters escaped.
[[nodiscard]] std::string name_text(const X509_NAME* name);
/// The last common name of a subject in UTF-8, may hold any character; `count` is told how many
/// there are.
[[nodiscard]] std::optional<std::string> common_name_of(const X509_NAME* name,
                                                        int* count = nullptr);
/// The long name of an algorithm, or its dotted OID.
[[nodiscard]] std::string algorithm_text(const ASN1_OBJECT* object);
/// The octets of an ASN.1 string, as they are.
[[nodiscard]] std::string_view view_of(const ASN1_STRING* text);
/// What was written to a memory BIO.
[[nodiscard]] std::string content_of(BIO* memory);
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace cabroker::pki
