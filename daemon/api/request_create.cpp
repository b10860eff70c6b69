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

/// A body that was understood, or the answer that says why not. Large: it stays where it is.
struct Understood {
    NewRequest request;
    std::optional<pki::CsrFacts> csr;
    std::unique_ptr<Response> refusal;

    Understood() = default;
    Understood(const Understood&) = delete;
    Understood& operator=(const Understood&) = delete;
    void refuse(Response why) { refusal = std::make_unique<Response>(std::move(why)); }
};

asio::awaitable<std::unique_ptr<Understood>> understand(Api& api, ApiCall& call,
                                                        bool preview_only) {
    auto result = std::make_unique<Understood>();
    // One piece of memory for the whole document: it is read once and thrown away.
    boost::json::monotonic_resource memory(kDocumentFactor * call.body.size());
    Result<boost::json::value> document = parse_body(call, &memory);
    if (!document) {
        result->refuse(problem(document.error()));
        co_return result;
    }
    json::Problems problems;
    decode_request(*document, preview_only, api.services.settings->brands, problems,
                   result->request);
    if (std::string* csr = result->request.csr())
        result->csr = co_await check_csr(api, *csr, "/params/csr", problems);
    if (problems.empty()) co_return result;
    if (names_private_key(problems)) wipe(*document, call.body);
    result->refuse(problem(invalid_body(std::move(problems))));
    co_return result;
}

// Takes both apart, but for the order that was asked for.
Submission submission_of(ChosenOrder& order, Understood& understood) {
    Submission submission;
    submission.order = std::move(order);
    submission.params = std::move(understood.request.params);
    submission.csr = std::move(understood.csr);
    submission.external_ref = std::move(understood.request.external_ref);
    submission.labels = std::move(understood.request.labels);
    submission.note = std::move(understood.request.note);
    submission.allow_duplicate = understood.request.allow_duplicate;
    return submission;
}

// Two clients may describe the same new order at once: the second takes the order of the first.
asio::awaitable<Response> submit_described(Api& api, const ApiCall& call, OrderChoice choice,
                                           Submission submission) {
    Submission again = submission;
    Response answer = co_await submit(api, call, std::move(submission));
    if (!answer.problem || answer.problem->error.code != domain::ErrorCode::order_exists)
        co_return answer;
    Result<ChosenOrder> order = choose_order(api, choice);
    if (!order) co_return order_problem(api, order.error());
    again.order = std::move(*order);
    co_return co_await submit(api, call, std::move(again));
}

// No coroutine, so that what is moved into one of these is never in the frame of the caller too.
asio::awaitable<Response> carry_out(Api& api, const ApiCall& call, ChosenOrder& order,
                                    Understood& understood) {
    Submission submission = submission_of(order, understood);
    if (understood.request.dry_run) return preview(api, std::move(submission), api.now());
    if (!submission.order.is_new) return submit(api, call, std::move(submission));
    return submit_described(api, call, std::move(understood.request.order), std::move(submission));
}

}  // namespace

/// POST /v1/requests: 201 with the request on disk; 200 with a preview for a dry run; 404, 409,
/// 422.
Answer post_request(Api& api, ApiCall call) {
    const std::unique_ptr<Understood> understood = co_await understand(api, call, false);
    if (understood->refusal) co_return std::move(*understood->refusal);
    Result<ChosenOrder> order = choose_order(api, understood->request.order);
    if (!order) co_return order_problem(api, order.error());

    co_return co_await carry_out(api, call, *order, *understood);
}

/// POST /v1/route-preview: 200 with what would become of the request; 404, 409, 422.
Answer post_route_preview(Api& api, ApiCall call) {
    const std::unique_ptr<Understood> understood = co_await understand(api, call, true);
    if (understood->refusal) co_return std::move(*understood->refusal);
    Result<ChosenOrder> order = choose_order(api, understood->request.order);
    if (!order) co_return order_problem(api, order.error());

    const domain::Time at = understood->request.at.value_or(api.now());
    Submission submission = submission_of(*order, *understood);
    co_return co_await preview(api, std::move(submission), at);
}

}  // namespace cabroker::api
