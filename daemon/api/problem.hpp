// The one table from error codes to HTTP statuses, and RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>

#include "daemon/api/http.hpp"

namespace cabroker::api {

/// What the world outside is told of an error code. Codes that never leave the processes become
/// `internal`, a lost race becomes `state_conflict`.
struct ProblemKind {
    domain::ErrorCode code;
    int status;
    std::string_view title;
    bool retryable;
    /// Seconds for Retry-After; 0 for none.
    int retry_after;
};
[[nodiscard]] const ProblemKind& kind_of_problem(domain::ErrorCode code);

[[nodiscard]] Response problem(domain::Error error);
[[nodiscard]] Response problem(domain::ErrorCode code, std::string detail);
/// 404 for a request nobody knows.
[[nodiscard]] Response no_such_request(const std::string& id);
/// 422 with the one field problem.
[[nodiscard]] Response field_problem(std::string pointer, std::string code, std::string detail);
/// invalid_body with all of them; `problems` must not be empty.
[[nodiscard]] domain::Error invalid_body(std::vector<domain::FieldProblem> problems);

/// Turns `response.problem`, if any, into status, headers and body.
void render_problem(Response& response, const std::string& request_id);

}  // namespace cabroker::api
