#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/preview.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/request_body.hpp"
#include "domain/secret.hpp"

namespace cabroker::api {
namespace {

/// How much more memory a document takes than its text, so that one piece is nearly always enough.
constexpr std::size_t kDocumentFactor = 8;

bool names_private_key(const json::Problems& problems) {
    for (const domain::FieldProblem& each : problems) {
        if (each.code == "private_key_pasted") return true;
    }
    return false;
}

/// A body on its way from text to what it asks for. Large: it stays where it is.
struct Reading {
    /// One piece of memory for the whole document: it is read once and thrown away.
    boost::json::monotonic_resource memory;
    Result<boost::json::value> document;
    json::Problems problems;
    NewRequest request;
    std::optional<pki::CsrFacts> csr;

    Reading(const Api& api, ApiCall& call, bool preview_only)
        : memory(kDocumentFactor * call.body.size()), document(parse_body(call, &memory)) {
        if (!document) return;
        const config::BrandCatalogue& brands = api.services.settings->brands;
        decode_request(*document, preview_only, brands, problems, request);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
};
using ReadingPtr = std::unique_ptr<Reading>;

// Why the body is refused; nullopt when it was understood, and then its text is given back.
std::optional<Response> refusal_of(Reading& reading, ApiCall& call) {
    if (!reading.document) return problem(reading.document.error());
    if (reading.problems.empty()) {
        std::string().swap(call.body);
        return std::nullopt;
    }
    if (names_private_key(reading.problems)) wipe(*reading.document, call.body);
    return problem(invalid_body(std::move(reading.problems)));
}

// Takes both apart, but for the order that was asked for.
Submission submission_of(ChosenOrder& order, Reading& reading) {
    Submission submission;
    submission.order = std::move(order);
    submission.params = std::move(reading.request.params);
    submission.csr = std::move(reading.csr);
    submission.external_ref = std::move(reading.request.external_ref);
    submission.labels = std::move(reading.request.labels);
    submission.note = std::move(reading.request.note);
    submission.allow_duplicate = reading.request.allow_duplicate;
    return submission;
}

// Two clients may describe the same new order at once: the second takes the order of the first.
asio::awaitable<Response> submit_described(Api& api, CallPtr call, OrderChoice choice,
                                           Submission submission) {
    Submission again = submission;
    Response answer = co_await submit(api, *call, std::move(submission));
    if (!answer.problem || answer.problem->error.code != domain::ErrorCode::order_exists)
        co_return answer;
    Result<ChosenOrder> order = choose_order(api, choice);
    if (!order) co_return order_problem(api, order.error());
    again.order = std::move(*order);
    co_return co_await submit(api, *call, std::move(again));
}

asio::awaitable<Response> ready(Response answer) { co_return answer; }

// No coroutine: the call and what was read of its body are gone before the answer is waited for.
asio::awaitable<Response> carry_out(Api& api, CallPtr&& asked, ReadingPtr&& read) {
    CallPtr call = std::move(asked);
    const ReadingPtr reading = std::move(read);
    std::optional<Response> refusal = refusal_of(*reading, *call);
    if (refusal) return ready(std::move(*refusal));
    Result<ChosenOrder> order = choose_order(api, reading->request.order);
    if (!order) return ready(order_problem(api, order.error()));

    Submission submission = submission_of(*order, *reading);
    if (reading->request.dry_run) return preview(api, std::move(submission), api.now());
    if (!submission.order.is_new) return submit(api, *call, std::move(submission));
    return submit_described(api, std::move(call), std::move(reading->request.order),
                            std::move(submission));
}

asio::awaitable<void> look_at_csr(Api& api, Reading& reading) {
    if (std::string* csr = reading.request.csr())
        reading.csr = co_await check_csr(api, *csr, "/params/csr", reading.problems);
}

asio::awaitable<Response> carry_out_with_csr(Api& api, CallPtr call, ReadingPtr reading) {
    co_await look_at_csr(api, *reading);
    co_return co_await carry_out(api, std::move(call), std::move(reading));
}

}  // namespace

/// POST /v1/requests: 201 with the request on disk; 200 with a preview for a dry run; 404, 409,
/// 422.
Answer post_request(Api& api, CallPtr call) {
    auto reading = std::make_unique<Reading>(api, *call, false);
    if (reading->request.csr()) return carry_out_with_csr(api, std::move(call), std::move(reading));
    return carry_out(api, std::move(call), std::move(reading));
}

/// POST /v1/route-preview: 200 with what would become of the request; 404, 409, 422.
Answer post_route_preview(Api& api, CallPtr call) {
    const auto reading = std::make_unique<Reading>(api, *call, true);
    co_await look_at_csr(api, *reading);
    std::optional<Response> refusal = refusal_of(*reading, *call);
    if (refusal) co_return std::move(*refusal);
    Result<ChosenOrder> order = choose_order(api, reading->request.order);
    if (!order) co_return order_problem(api, order.error());

    const domain::Time at = reading->request.at.value_or(api.now());
    Submission submission = submission_of(*order, *reading);
    co_return co_await preview(api, std::move(submission), at);
}

}  // namespace cabroker::api
