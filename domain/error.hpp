// Expected failures as values: Error and Result<T>.
// Exceptions are for bugs, exhausted memory and a lost database only.
#pragma once

#include <boost/system/result.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::domain {

/// Stable words. The first block is the published table of problem codes; the second never leaves
/// the processes.
enum class ErrorCode {
    malformed_request,
    unknown_parameter,
    bad_parameter,
    bad_page_token,
    forbidden,
    not_found,
    method_not_allowed,
    request_timeout,
    ambiguous_order,
    duplicate_active_request,
    order_exists,
    order_mismatch,
    state_conflict,
    input_not_needed,
    idempotency_in_progress,
    cursor_expired,
    gone,
    version_mismatch,
    body_too_large,
    unsupported_media_type,
    expectation_failed,
    headers_too_large,
    invalid_body,
    idempotency_key_reused,
    rate_limited,
    internal,
    draining,
    store_failed,
    not_ready,

    /// The row was changed by somebody else since it was read.
    conflict,
    /// The other process was not told: the call certainly had no effect.
    not_sent,
    /// The other process was told and gave no answer: what happened is unknown.
    no_answer,
    /// The peer could not be reached or hung up.
    unreachable,
    /// The peer answered something that is not to be understood.
    bad_answer,
    /// A limit (size, depth, count) was passed.
    limit_exceeded,
    /// A file, setting or credential is missing or wrong.
    bad_configuration,
};

[[nodiscard]] std::string_view name_of(ErrorCode code);

/// One thing wrong with a body: where (JSON pointer), a stable code, and what to do about it.
struct FieldProblem {
    std::string pointer;
    std::string code;
    std::string detail;

    FieldProblem(std::string where, std::string what, std::string why)
        : pointer(std::move(where)), code(std::move(what)), detail(std::move(why)) {}
    bool operator==(const FieldProblem&) const = default;
};

/// Why something could not be done. `detail` is safe to show to the caller; causes go to the log.
/// Has constructors on purpose: g++ 12 miscompiles aggregate temporaries in coroutines.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string detail;
    /// For invalid_body: every problem found, not the first.
    std::vector<FieldProblem> fields;
    /// Extra members of the problem document, such as `existing_request_id`; comma-separated ids in
    /// `candidates`.
    std::map<std::string, std::string> facts;

    Error() = default;
    Error(ErrorCode what, std::string why) : code(what), detail(std::move(why)) {}
    Error(ErrorCode what, std::string why, std::vector<FieldProblem> where)
        : code(what), detail(std::move(why)), fields(std::move(where)) {}
    Error with(std::string name, std::string value) && {
        facts.insert_or_assign(std::move(name), std::move(value));
        return std::move(*this);
    }
};

template <class T>
using Result = boost::system::result<T, Error>;

/// `value()` on a failed Result is a bug; it throws std::logic_error with the error's words.
[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

}  // namespace cabroker::domain
