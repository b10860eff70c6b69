#include <algorithm>
#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/request_body.hpp"
#include "daemon/store/store.hpp"
#include "pki/certificate.hpp"
#include "pki/chain.hpp"
#include "pki/csr.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

constexpr std::size_t kMaxCertificateText = 512UL * 1024;

struct Decoded {
    engine::Resolution resolution;
    std::string certificate;
};

constexpr std::string_view kOperatorsWord = "resolved_by_operator";

bool is_code(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

Decoded decode_resolve(const bj::value& document, json::Problems& problems) {
    Decoded decoded;
    json::ObjectReader reader(document, "", problems);
    reader.require("state");
    const std::optional<std::string> state = reader.line("state");
    decoded.resolution.succeeded = state == "succeeded";
    if (state && state != "succeeded" && state != "failed")
        reader.complain("state", "unknown_value", "use one of: succeeded, failed");
    reader.require("note");
    const std::optional<std::string> note = reader.text("note", kMaxNote);
    if (note && note->empty()) reader.complain("note", "required", "say how you know");
    decoded.resolution.note = note.value_or("");
    const std::optional<std::string> code = reader.line("code", 64);
    if (code && !is_code(*code))
        reader.complain("code", "bad_format", "must be a word of a-z, 0-9 and _");
    decoded.resolution.code = code.value_or(std::string(kOperatorsWord));
    const std::optional<std::string> certificate = reader.text("certificate", kMaxCertificateText);
    // An unset variable in somebody's script must not close a request without its certificate.
    if (certificate && certificate->empty())
        reader.complain("certificate", "required", "it is empty: leave it out if there is none");
    if (certificate && state == "failed")
        reader.complain("certificate", "bad_format", "a failed request has no certificate");
    decoded.certificate = certificate.value_or("");
    reader.finish();
    return decoded;
}

// The contract's codes of success belong to what succeeded, each to its kind.
std::optional<domain::FieldProblem> judge_code(const engine::Resolution& resolution,
                                               domain::Kind kind) {
    const std::string& code = resolution.code;
    const std::string own(domain::success_code_of(kind));
    if (code == kOperatorsWord) return std::nullopt;
    if (resolution.succeeded && code != own) {
        return domain::FieldProblem("/code", "unknown_value",
                                    "use one of: " + own + ", " + std::string(kOperatorsWord));
    }
    const auto kinds = domain::words<domain::Kind>();
    const bool of_success = std::any_of(kinds.begin(), kinds.end(), [&](const auto& word) {
        return code == domain::success_code_of(word.value);
    });
    if (resolution.succeeded || !of_success) return std::nullopt;
    return domain::FieldProblem("/code", "unknown_value", code + " means that it succeeded");
}

/// DER, leaf first, of a certificate that answers the request; otherwise one problem.
struct Judged {
    std::vector<std::string> ders;
    json::Problems problems;
};

void complain(Judged& judged, const domain::Error& error) {
    const auto reason = error.facts.find("reason");
    judged.problems.emplace_back(
        "/certificate", reason == error.facts.end() ? "bad_format" : reason->second, error.detail);
}

Judged judge(const std::string& text, const domain::Request& request, domain::Time now) {
    Judged judged;
    std::string key;
    if (const auto* reissue = std::get_if<domain::ReissueParams>(&request.params)) {
        const pki::CsrReport report = pki::inspect_csr(reissue->csr);
        if (report.key) key = report.key->spki_sha256;
    }
    const auto all = pki::certificates_from(text);
    if (!all) {
        complain(judged, all.error());
        return judged;
    }
    const auto leaf = pki::leaf_of(*all, key);
    if (!leaf) {
        // Another key's certificate is no missing one: say so.
        const bool other_key = !key.empty() && pki::leaf_of(*all).has_value();
        if (other_key) {
            judged.problems.emplace_back("/certificate", "key_mismatch",
                                         "no certificate given has the key of the request's CSR");
        } else {
            complain(judged, leaf.error());
        }
        return judged;
    }
    std::optional<std::string> expected;
    if (!key.empty()) expected = key;
    std::vector<std::string> names;
    if (request.order.common_name) names.push_back(*request.order.common_name);
    const auto fits = pki::judge_certificate(*leaf, expected, names, now);
    if (!fits) complain(judged, fits.error());
    judged.ders.push_back(leaf->der());
    for (const pki::Certificate& each : *all) {
        if (!(each == *leaf)) judged.ders.push_back(each.der());
    }
    return judged;
}

}  // namespace

/// POST /v1/requests/{id}/resolve {state, code, note, certificate}: an operator says how it ended.
/// 200; 404, 409, 422 (among others when the certificate does not fit the CSR).
Answer post_resolve(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    Decoded decoded = decode_resolve(*document, problems);
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    std::optional<store::StoredRequest> row;
    if (id) row = api.services.store.reader().requests().get(*id);
    if (!row) co_return problem(ErrorCode::not_found, "cannot find request " + call->id);
    std::optional<domain::FieldProblem> unfit = judge_code(decoded.resolution, row->request.kind);
    if (unfit) problems.push_back(std::move(*unfit));
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));

    if (!decoded.certificate.empty()) {
        std::function<Judged()> work = [text = std::move(decoded.certificate),
                                        request = std::move(row->request),
                                        now = api.now()] { return judge(text, request, now); };
        Judged judged = co_await from_pool(api.services.pool, std::move(work));
        if (!judged.problems.empty()) co_return problem(invalid_body(std::move(judged.problems)));
        decoded.resolution.certificates = std::move(judged.ders);
    }
    const auto answer = [](const domain::Request& done) { return request_response(200, done); };
    engine::Also also = also_remember(api, *call, answer);
    const Result<domain::Request> done = co_await api.services.requests.resolve(
        *id, std::move(decoded.resolution), call->caller.person, std::move(also));
    if (!done) co_return problem(done.error());
    Response response = answer(*done);
    response.remembered = true;
    co_return response;
}

}  // namespace cabroker::api
