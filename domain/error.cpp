#include "domain/error.hpp"

#include <stdexcept>

namespace cabroker::domain {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::malformed_request:
            return "malformed_request";
        case ErrorCode::unknown_parameter:
            return "unknown_parameter";
        case ErrorCode::bad_parameter:
            return "bad_parameter";
        case ErrorCode::bad_page_token:
            return "bad_page_token";
        case ErrorCode::forbidden:
            return "forbidden";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::method_not_allowed:
            return "method_not_allowed";
        case ErrorCode::request_timeout:
            return "request_timeout";
        case ErrorCode::ambiguous_order:
            return "ambiguous_order";
        case ErrorCode::duplicate_active_request:
            return "duplicate_active_request";
        case ErrorCode::order_exists:
            return "order_exists";
        case ErrorCode::order_mismatch:
            return "order_mismatch";
        case ErrorCode::state_conflict:
            return "state_conflict";
        case ErrorCode::input_not_needed:
            return "input_not_needed";
        case ErrorCode::idempotency_in_progress:
            return "idempotency_in_progress";
        case ErrorCode::cursor_expired:
            return "cursor_expired";
        case ErrorCode::gone:
            return "gone";
        case ErrorCode::version_mismatch:
            return "version_mismatch";
        case ErrorCode::body_too_large:
            return "body_too_large";
        case ErrorCode::unsupported_media_type:
            return "unsupported_media_type";
        case ErrorCode::expectation_failed:
            return "expectation_failed";
        case ErrorCode::headers_too_large:
            return "headers_too_large";
        case ErrorCode::invalid_body:
            return "invalid_body";
        case ErrorCode::idempotency_key_reused:
            return "idempotency_key_reused";
        case ErrorCode::rate_limited:
            return "rate_limited";
        case ErrorCode::internal:
            return "internal";
        case ErrorCode::draining:
            return "draining";
        case ErrorCode::store_failed:
            return "store_failed";
        case ErrorCode::not_ready:
            return "not_ready";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::not_sent:
            return "not_sent";
        case ErrorCode::no_answer:
            return "no_answer";
        case ErrorCode::unreachable:
            return "unreachable";
        case ErrorCode::bad_answer:
            return "bad_answer";
        case ErrorCode::limit_exceeded:
            return "limit_exceeded";
        case ErrorCode::bad_configuration:
            return "bad_configuration";
    }
    return "internal";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::logic_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                           ": unexpected error: " + error.detail);
}

}  // namespace cabroker::domain
