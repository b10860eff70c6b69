#include "domain/words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace cabroker::domain {
namespace {

constexpr std::array<Word<Kind>, 6> kKinds{{{Kind::status, "status"},
                                            {Kind::reissue, "reissue"},
                                            {Kind::revoke, "revoke"},
                                            {Kind::cancel, "cancel"},
                                            {Kind::download, "download"},
                                            {Kind::transfer, "transfer"}}};
constexpr std::array<Word<Brand>, 7> kBrands{{{Brand::digicert, "digicert"},
                                              {Brand::geotrust, "geotrust"},
                                              {Brand::thawte, "thawte"},
                                              {Brand::rapidssl, "rapidssl"},
                                              {Brand::sectigo, "sectigo"},
                                              {Brand::positivessl, "positivessl"},
                                              {Brand::trustwave, "trustwave"}}};
constexpr std::array<Word<Supplier>, 3> kSuppliers{{{Supplier::digicert, "digicert"},
                                                    {Supplier::sectigo, "sectigo"},
                                                    {Supplier::trustwave, "trustwave"}}};
constexpr std::array<Word<State>, 12> kStates{{{State::queued, "queued"},
                                               {State::running, "running"},
                                               {State::backoff, "backoff"},
                                               {State::needs_approval, "needs_approval"},
                                               {State::needs_input, "needs_input"},
                                               {State::waiting_ca, "waiting_ca"},
                                               {State::outcome_unknown, "outcome_unknown"},
                                               {State::succeeded, "succeeded"},
                                               {State::failed, "failed"},
                                               {State::rejected, "rejected"},
                                               {State::canceled, "canceled"},
                                               {State::expired, "expired"}}};
constexpr std::array<Word<NextActor>, 6> kActors{{{NextActor::broker, "broker"},
                                                  {NextActor::ca, "ca"},
                                                  {NextActor::requester, "requester"},
                                                  {NextActor::approver, "approver"},
                                                  {NextActor::operator_, "operator"},
                                                  {NextActor::none, "none"}}};
constexpr std::array<Word<Channel>, 6> kChannels{{{Channel::portal, "portal"},
                                                  {Channel::api, "api"},
                                                  {Channel::mail, "mail"},
                                                  {Channel::webform, "webform"},
                                                  {Channel::human, "human"},
                                                  {Channel::program, "program"}}};
constexpr std::array<Word<OrderStatus>, 11> kStatuses{
    {{OrderStatus::pending, "pending"},
     {OrderStatus::reissue_pending, "reissue_pending"},
     {OrderStatus::rejected, "rejected"},
     {OrderStatus::processing, "processing"},
     {OrderStatus::issued, "issued"},
     {OrderStatus::revoked, "revoked"},
     {OrderStatus::canceled, "canceled"},
     {OrderStatus::needs_csr, "needs_csr"},
     {OrderStatus::needs_approval, "needs_approval"},
     {OrderStatus::expired, "expired"},
     {OrderStatus::unknown, "unknown"}}};
constexpr std::array<Word<ValidationMethod>, 4> kMethods{
    {{ValidationMethod::email, "email"},
     {ValidationMethod::dns_txt_token, "dns-txt-token"},
     {ValidationMethod::dns_cname_token, "dns-cname-token"},
     {ValidationMethod::http_token, "http-token"}}};
constexpr std::array<Word<ReasonCode>, 5> kReasons{
    {{ReasonCode::unspecified, "unspecified"},
     {ReasonCode::key_compromise, "key_compromise"},
     {ReasonCode::affiliation_changed, "affiliation_changed"},
     {ReasonCode::superseded, "superseded"},
     {ReasonCode::cessation_of_operation, "cessation_of_operation"}}};
constexpr std::array<Word<RevokeScope>, 2> kScopes{
    {{RevokeScope::order, "order"}, {RevokeScope::certificate, "certificate"}}};
constexpr std::array<Word<Format>, 11> kFormats{{{Format::default_, "default"},
                                                 {Format::apache, "apache"},
                                                 {Format::default_cer, "default_cer"},
                                                 {Format::default_pem, "default_pem"},
                                                 {Format::cer, "cer"},
                                                 {Format::p7b, "p7b"},
                                                 {Format::pem_all, "pem_all"},
                                                 {Format::pem_nointermediate, "pem_nointermediate"},
                                                 {Format::pem_noroot, "pem_noroot"},
                                                 {Format::der, "der"},
                                                 {Format::pkcs12, "pkcs12"}}};
constexpr std::array<Word<TransferVerification>, 2> kVerifications{
    {{TransferVerification::challenge_phrase, "challenge_phrase"},
     {TransferVerification::credentials, "credentials"}}};
constexpr std::array<Word<EffectClass>, 3> kClasses{{{EffectClass::free, "free"},
                                                     {EffectClass::repeatable, "repeatable"},
                                                     {EffectClass::once, "once"}}};
constexpr std::array<Word<EvidenceType>, 5> kEvidence{{{EvidenceType::certificate, "certificate"},
                                                       {EvidenceType::page, "page"},
                                                       {EvidenceType::mail, "mail"},
                                                       {EvidenceType::status, "status"},
                                                       {EvidenceType::operator_, "operator"}}};
constexpr std::array<Word<RefundStatus>, 3> kRefunds{{{RefundStatus::expected, "expected"},
                                                      {RefundStatus::not_eligible, "not_eligible"},
                                                      {RefundStatus::ask_support, "ask_support"}}};

}  // namespace

// clang-format off
template <> std::span<const Word<Kind>> words<Kind>() { return kKinds; }
template <> std::span<const Word<Brand>> words<Brand>() { return kBrands; }
template <> std::span<const Word<Supplier>> words<Supplier>() { return kSuppliers; }
template <> std::span<const Word<State>> words<State>() { return kStates; }
template <> std::span<const Word<NextActor>> words<NextActor>() { return kActors; }
template <> std::span<const Word<Channel>> words<Channel>() { return kChannels; }
template <> std::span<const Word<OrderStatus>> words<OrderStatus>() { return kStatuses; }
template <> std::span<const Word<ValidationMethod>> words<ValidationMethod>() { return kMethods; }
template <> std::span<const Word<ReasonCode>> words<ReasonCode>() { return kReasons; }
template <> std::span<const Word<RevokeScope>> words<RevokeScope>() { return kScopes; }
template <> std::span<const Word<Format>> words<Format>() { return kFormats; }
template <> std::span<const Word<TransferVerification>> words<TransferVerification>() { return kVerifications; }
template <> std::span<const Word<EffectClass>> words<EffectClass>() { return kClasses; }
template <> std::span<const Word<EvidenceType>> words<EvidenceType>() { return kEvidence; }
template <> std::span<const Word<RefundStatus>> words<RefundStatus>() { return kRefunds; }
// clang-format on

std::string_view success_code_of(Kind kind) {
    switch (kind) {
        case Kind::status:
            return "status_read";
        case Kind::reissue:
            return "issued";
        case Kind::revoke:
            return "revoked";
        case Kind::cancel:
            return "canceled";
        case Kind::download:
            return "downloaded";
        case Kind::transfer:
            return "transferred";
    }
    return "resolved_by_operator";
}

Supplier supplier_of(Brand brand) {
    switch (brand) {
        case Brand::sectigo:
        case Brand::positivessl:
            return Supplier::sectigo;
        case Brand::trustwave:
            return Supplier::trustwave;
        default:
            return Supplier::digicert;
    }
}

std::optional<Brand> parse_brand(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return parse<Brand>(lower);
}

}  // namespace cabroker::domain
