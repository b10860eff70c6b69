#include "daemon/api/problem.hpp"

#include <array>
#include <boost/json.hpp>

#include "runtime/log.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

constexpr std::array kTable{
    ProblemKind{ErrorCode::malformed_request, 400, "The request cannot be read", false, 0},
    ProblemKind{ErrorCode::unknown_parameter, 400, "Unknown query parameter", false, 0},
    ProblemKind{ErrorCode::bad_parameter, 400, "Bad query parameter or header", false, 0},
    ProblemKind{ErrorCode::bad_page_token, 400, "Bad page token", false, 0},
    ProblemKind{ErrorCode::forbidden, 403, "Not allowed", false, 0},
    ProblemKind{ErrorCode::not_found, 404, "Not found", false, 0},
    ProblemKind{ErrorCode::method_not_allowed, 405, "Method not allowed", false, 0},
    ProblemKind{ErrorCode::request_timeout, 408, "The request came too slowly", true, 0},
    ProblemKind{ErrorCode::ambiguous_order, 409, "Several orders match", false, 0},
    ProblemKind{ErrorCode::duplicate_active_request, 409, "Such a request is active already", false,
                0},
    ProblemKind{ErrorCode::order_exists, 409, "The order exists already", false, 0},
    ProblemKind{ErrorCode::order_mismatch, 409, "The order is known with other values", false, 0},
    ProblemKind{ErrorCode::state_conflict, 409, "The state does not allow it", false, 0},
    ProblemKind{ErrorCode::input_not_needed, 409, "This input is not asked for now", false, 0},
    ProblemKind{ErrorCode::idempotency_in_progress, 409, "The first call is still running", true,
                1},
    ProblemKind{ErrorCode::cursor_expired, 410, "The cursor is too old", false, 0},
    ProblemKind{ErrorCode::gone, 410, "Gone", false, 0},
    ProblemKind{ErrorCode::version_mismatch, 412, "Changed since it was read", false, 0},
    ProblemKind{ErrorCode::body_too_large, 413, "The body is too large", false, 0},
    ProblemKind{ErrorCode::unsupported_media_type, 415, "Unsupported media type", false, 0},
    ProblemKind{ErrorCode::expectation_failed, 417, "Cannot do what Expect asks", false, 0},
    ProblemKind{ErrorCode::headers_too_large, 431, "The header is too large", false, 0},
    ProblemKind{ErrorCode::invalid_body, 422, "The body is not valid", false, 0},
    ProblemKind{ErrorCode::idempotency_key_reused, 422, "Idempotency key used with another body",
                false, 0},
    ProblemKind{ErrorCode::rate_limited, 429, "Too many requests", true, 1},
    ProblemKind{ErrorCode::internal, 500, "Internal error", false, 0},
    ProblemKind{ErrorCode::draining, 503, "The daemon is shutting down", true, 5},
    ProblemKind{ErrorCode::store_failed, 503, "The store cannot be written", true, 10},
    ProblemKind{ErrorCode::not_ready, 503, "Not ready", true, 2},
};

const ProblemKind& problem_kind(ErrorCode code) {
    for (const ProblemKind& kind : kTable) {
        if (kind.code == code) return kind;
    }
    return problem_kind(ErrorCode::internal);
}

bj::array fields_json(const std::vector<domain::FieldProblem>& fields) {
    bj::array out;
    for (const domain::FieldProblem& field : fields) {
        bj::object entry;
        entry["pointer"] = field.pointer;
        entry["code"] = field.code;
        entry["detail"] = field.detail;
        out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace

const ProblemKind& kind_of_problem(ErrorCode code) {
    return problem_kind(code == ErrorCode::conflict ? ErrorCode::state_conflict : code);
}

Response problem(domain::Error error) {
    Response response(kind_of_problem(error.code).status);
    response.problem = std::make_unique<Problem>(std::move(error));
    return response;
}

Response problem(ErrorCode code, std::string detail) {
    return problem(domain::Error(code, std::move(detail)));
}

domain::Error invalid_body(std::vector<domain::FieldProblem> problems) {
    std::string detail = "cannot accept the body: ";
    if (problems.size() == 1) {
        const domain::FieldProblem& only = problems.front();
        detail += (only.pointer.empty() ? "" : only.pointer + ": ") + only.detail;
    } else {
        detail += std::to_string(problems.size()) + " problems, see errors";
    }
    return domain::Error(ErrorCode::invalid_body, std::move(detail), std::move(problems));
}

Response no_such_request(const std::string& id) {
    return problem(ErrorCode::not_found, "cannot find request " + id);
}

Response field_problem(std::string pointer, std::string code, std::string detail) {
    std::vector<domain::FieldProblem> fields;
    fields.emplace_back(std::move(pointer), std::move(code), std::move(detail));
    return problem(invalid_body(std::move(fields)));
}

void render_problem(Response& response, const std::string& request_id) {
    if (!response.problem) return;
    const domain::Error& error = response.problem->error;
    const ProblemKind& kind = kind_of_problem(error.code);
    const bool hidden = kind.code == ErrorCode::internal && error.code != ErrorCode::internal;
    if (kind.code == ErrorCode::internal) {
        runtime::log(runtime::Level::error, "request failed",
                     {{"request_id", request_id},
                      {"code", std::string(domain::name_of(error.code))},
                      {"detail", error.detail}});
    }
    const std::string_view code = domain::name_of(kind.code);

    bj::object body;
    body["type"] = "urn:cabroker:problem:" + std::string(code);
    body["title"] = bj::string_view(kind.title.data(), kind.title.size());
    body["status"] = kind.status;
    body["detail"] = hidden ? std::string("see the daemon's log") : error.detail;
    body["code"] = bj::string_view(code.data(), code.size());
    body["errors"] = fields_json(error.fields);
    body["retryable"] = kind.retryable;
    body["request_id"] = request_id;
    for (const auto& [name, value] : error.facts) {
        if (!body.contains(name)) body[name] = value;
    }
    for (const auto& [name, text] : response.problem->members) body[name] = bj::parse(text);

    response.status = kind.status;
    response.content_type = "application/problem+json";
    response.body = bj::serialize(body);
    if (kind.retry_after > 0 && response.header("Retry-After") == nullptr)
        response.set("Retry-After", std::to_string(kind.retry_after));
    response.problem.reset();
}

}  // namespace cabroker::api
