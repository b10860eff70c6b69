#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/api/request_body.hpp"
#include "daemon/api/submission.hpp"
#include "daemon/store/store.hpp"
#include "domain/states.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

Response as_200(const domain::Request& request) { return request_response(200, request); }

/// What engine calls answer with.
Response answer_of(const Result<domain::Request>& done) {
    if (!done) return problem(done.error());
    Response response = as_200(*done);
    response.remembered = true;
    return response;
}

/// Reads a body of a few optional texts. `texts` are {member, least size, largest size}.
struct Text {
    const char* member;
    bool required;
    std::size_t largest;
};

Result<std::map<std::string, std::string>> read_texts(ApiCall& call, std::span<const Text> texts,
                                                      const char* flag_member, bool* flag) {
    Result<bj::value> document = parse_body(call);
    if (!document) return document.error();
    json::Problems problems;
    std::map<std::string, std::string> values;
    json::ObjectReader reader(*document, "", problems);
    for (const Text& text : texts) {
        const bool there = !text.required || reader.require(text.member);
        std::optional<std::string> value = reader.text(text.member, text.largest);
        if (there && text.required && value && value->empty())
            reader.complain(text.member, "required", "must not be empty");
        values[text.member] = std::move(value).value_or("");
    }
    if (flag_member != nullptr) *flag = reader.boolean(flag_member).value_or(false);
    reader.finish();
    if (!problems.empty()) return invalid_body(std::move(problems));
    return values;
}

constexpr Text kReason[] = {{"reason", false, kMaxReason}};
constexpr Text kNote[] = {{"note", false, kMaxNote}};
constexpr Text kComment[] = {{"text", true, kMaxNote}};

std::optional<store::StoredRequest> find_row(const Api& api, const ApiCall& call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call.id);
    if (!id) return std::nullopt;
    return api.services.store.reader().requests().get(*id);
}

}  // namespace

/// POST /v1/requests/{id}/cancel {reason, abandon}: 200; 404, 409 state_conflict.
Answer post_cancel(Api& api, CallPtr call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    engine::Cancellation what;
    auto texts = read_texts(*call, kReason, "abandon", &what.abandon);
    if (!texts) co_return problem(texts.error());
    if (!id) co_return no_such_request(call->id);
    what.reason = std::move((*texts)["reason"]);
    engine::Also also = also_remember(api, *call, as_200);
    const Result<domain::Request> done = co_await api.services.requests.cancel(
        *id, std::move(what), call->caller.person, std::move(also));
    co_return answer_of(done);
}

/// POST /v1/requests/{id}/approve {note}: 200; 404, 409.
Answer post_approve(Api& api, CallPtr call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    auto texts = read_texts(*call, kNote, nullptr, nullptr);
    if (!texts) co_return problem(texts.error());
    if (!id) co_return no_such_request(call->id);
    std::string note = std::move((*texts)["note"]);
    engine::Also also = also_remember(api, *call, as_200);
    const Result<domain::Request> done = co_await api.services.requests.approve(
        *id, std::move(note), call->caller.person, std::move(also));
    co_return answer_of(done);
}

/// POST /v1/requests/{id}/reject {reason}: 200; 404, 409.
Answer post_reject(Api& api, CallPtr call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    auto texts = read_texts(*call, kReason, nullptr, nullptr);
    if (!texts) co_return problem(texts.error());
    if (!id) co_return no_such_request(call->id);
    std::string reason = std::move((*texts)["reason"]);
    engine::Also also = also_remember(api, *call, as_200);
    const Result<domain::Request> done = co_await api.services.requests.reject(
        *id, std::move(reason), call->caller.person, std::move(also));
    co_return answer_of(done);
}

/// POST /v1/requests/{id}/comments {text}: 200; 404, 422.
Answer post_comment(Api& api, CallPtr call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    auto texts = read_texts(*call, kComment, nullptr, nullptr);
    if (!texts) co_return problem(texts.error());
    if (!id) co_return no_such_request(call->id);
    std::string text = std::move((*texts)["text"]);
    engine::Also also = also_remember(api, *call, as_200);
    const Result<domain::Request> done = co_await api.services.requests.comment(
        *id, std::move(text), call->caller.person, std::move(also));
    co_return answer_of(done);
}

/// POST /v1/requests/{id}/retry: a waiting request is due now, 200; a settled one that did not
/// succeed is made anew, 201; 404, 409.
Answer post_retry(Api& api, CallPtr call) {
    const auto texts = read_texts(*call, {}, nullptr, nullptr);
    if (!texts) co_return problem(texts.error());
    std::optional<store::StoredRequest> row = find_row(api, *call);
    if (!row) co_return no_such_request(call->id);
    domain::Request& old = row->request;
    if (!domain::is_settled(old.state)) {
        engine::Also also = also_remember(api, *call, as_200);
        const Result<domain::Request> done =
            co_await api.services.requests.retry_now(old.id, call->caller.person, std::move(also));
        co_return answer_of(done);
    }
    if (old.state == domain::State::succeeded)
        co_return problem(ErrorCode::state_conflict, "cannot retry: the request succeeded");
    std::optional<domain::Order> order = api.services.store.reader().orders().get(old.order.id);
    if (!order) co_return problem(ErrorCode::not_found, "cannot retry: its order is gone");

    Submission submission;
    submission.order.order = std::move(*order);
    submission.params = std::move(old.params);
    if (auto* reissue = std::get_if<domain::ReissueParams>(&submission.params)) {
        json::Problems problems;
        submission.csr = co_await check_csr(api, reissue->csr, "/params/csr", problems);
        if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    }
    submission.external_ref = std::move(old.external_ref);
    submission.labels = std::move(old.labels);
    submission.note = std::move(old.note);
    submission.retry_of = old.id;
    co_return co_await submit(api, *call, std::move(submission));
}

/// PATCH /v1/requests/{id}: labels, note and external_ref as a JSON merge patch; 200; 404, 412,
/// 422.
Answer patch_request(Api& api, CallPtr call) {
    const Result<std::optional<std::int64_t>> version = version_of_if_match(call->if_match);
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    engine::Amendment what;
    const bj::object& body = document->get_object();
    const std::optional<LabelPatch> labels = decode_label_patch(*document, problems);
    reader.member("labels");
    std::optional<std::string> note = reader.text("note", kMaxNote);
    if (body.contains("note")) what.note = std::move(note);
    std::optional<domain::ExternalRef> reference = decode_external_ref(reader, problems);
    if (body.contains("external_ref")) what.external_ref = std::move(reference);
    reader.finish();
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));

    std::optional<store::StoredRequest> row = find_row(api, *call);
    if (!row) co_return no_such_request(call->id);
    if (!version) co_return problem(version.error());
    what.expected_version = *version;
    if (labels) {
        Result<domain::Labels> patched = apply(*labels, row->request.labels);
        if (!patched) co_return problem(patched.error());
        what.labels = std::move(*patched);
        // Labels are merged with what was read, so nobody may have changed them since.
        if (!what.expected_version) what.expected_version = row->request.version;
    }
    engine::Also nothing_else;
    const Result<domain::Request> done = co_await api.services.requests.amend(
        row->request.id, std::move(what), call->caller.person, std::move(nothing_else));
    co_return answer_of(done);
}

}  // namespace cabroker::api
