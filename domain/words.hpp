// The closed vocabularies of the contract as enums, with their exact spelling.
// name_of(value) writes a word; parse<Enum>(text) reads one; words<Enum>() lists all, for error
// texts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cabroker::domain {

enum class Kind { status, reissue, revoke, cancel, download, transfer };
enum class Brand { digicert, geotrust, thawte, rapidssl, sectigo, positivessl, trustwave };
enum class Supplier { digicert, sectigo, trustwave };
enum class State {
    queued,
    running,
    backoff,
    needs_approval,
    needs_input,
    waiting_ca,
    outcome_unknown,
    succeeded,
    failed,
    rejected,
    canceled,
    expired,
};
enum class NextActor { broker, ca, requester, approver, operator_, none };
enum class Channel { portal, api, mail, webform, human, program };
/// The guest portal's ten and `unknown`; the raw upstream word is kept beside it.
enum class OrderStatus {
    pending,
    reissue_pending,
    rejected,
    processing,
    issued,
    revoked,
    canceled,
    needs_csr,
    needs_approval,
    expired,
    unknown,
};
enum class ValidationMethod { email, dns_txt_token, dns_cname_token, http_token };
/// Baseline Requirements 7.2.2: 0, 1, 3, 4, 5.
enum class ReasonCode {
    unspecified,
    key_compromise,
    affiliation_changed,
    superseded,
    cessation_of_operation,
};
enum class RevokeScope { order, certificate };
/// DigiCert's nine, then ours.
enum class Format {
    default_,
    apache,
    default_cer,
    default_pem,
    cer,
    p7b,
    pem_all,
    pem_nointermediate,
    pem_noroot,
    der,
    pkcs12,
};
enum class TransferVerification { challenge_phrase, credentials };
enum class EffectClass { free, repeatable, once };
enum class EvidenceType { certificate, page, mail, status, operator_ };
enum class RefundStatus { expected, not_eligible, ask_support };

template <class Enum>
struct Word {
    Enum value;
    std::string_view name;
};

/// All words of a vocabulary in the contract's order. Defined for each enum above.
template <class Enum>
[[nodiscard]] std::span<const Word<Enum>> words();

template <class Enum>
[[nodiscard]] std::string_view name_of(Enum value) {
    for (const auto& word : words<Enum>()) {
        if (word.value == value) return word.name;
    }
    return "unknown";
}

template <class Enum>
[[nodiscard]] std::optional<Enum> parse(std::string_view name) {
    for (const auto& word : words<Enum>()) {
        if (word.name == name) return word.value;
    }
    return std::nullopt;
}

/// "a, b, c": for messages that name what is allowed.
template <class Enum>
[[nodiscard]] std::string list_of_words() {
    std::string list;
    for (const auto& word : words<Enum>()) {
        if (!list.empty()) list += ", ";
        list += word.name;
    }
    return list;
}

// clang-format off
template <> [[nodiscard]] std::span<const Word<Kind>> words<Kind>();
template <> [[nodiscard]] std::span<const Word<Brand>> words<Brand>();
template <> [[nodiscard]] std::span<const Word<Supplier>> words<Supplier>();
template <> [[nodiscard]] std::span<const Word<State>> words<State>();
template <> [[nodiscard]] std::span<const Word<NextActor>> words<NextActor>();
template <> [[nodiscard]] std::span<const Word<Channel>> words<Channel>();
template <> [[nodiscard]] std::span<const Word<OrderStatus>> words<OrderStatus>();
template <> [[nodiscard]] std::span<const Word<ValidationMethod>> words<ValidationMethod>();
template <> [[nodiscard]] std::span<const Word<ReasonCode>> words<ReasonCode>();
template <> [[nodiscard]] std::span<const Word<RevokeScope>> words<RevokeScope>();
template <> [[nodiscard]] std::span<const Word<Format>> words<Format>();
template <> [[nodiscard]] std::span<const Word<TransferVerification>> words<TransferVerification>();
template <> [[nodiscard]] std::span<const Word<EffectClass>> words<EffectClass>();
template <> [[nodiscard]] std::span<const Word<EvidenceType>> words<EvidenceType>();
template <> [[nodiscard]] std::span<const Word<RefundStatus>> words<RefundStatus>();
// clang-format on

/// Who sells a brand's certificates: the three suppliers behind the seven brands.
[[nodiscard]] Supplier supplier_of(Brand brand);

/// `outcome.code` of a request of this kind that succeeded and is proven.
[[nodiscard]] std::string_view success_code_of(Kind kind);

/// Brands are read case-blind ("RapidSSL"); everything else exactly.
[[nodiscard]] std::optional<Brand> parse_brand(std::string_view text);

}  // namespace cabroker::domain
