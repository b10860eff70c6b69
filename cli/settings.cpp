#include "cli/settings.hpp"

#include "domain/states.hpp"
#include "domain/words.hpp"

namespace cabroker::cli {

Exit exit_for_status(long status, bool retryable) {
    if (status >= 200 && status < 400) return Exit::ok;
    switch (status) {
        case 400:
        case 413:
        case 415:
        case 422:
        case 431:
            return Exit::invalid;
        case 401:
        case 403:
            return Exit::not_allowed;
        case 404:
        case 410:
            return Exit::not_found;
        case 409:
        case 412:
            return Exit::conflict;
        case 408:
        case 429:
        case 503:
            return Exit::unreachable;
        default:
            return retryable ? Exit::unreachable : Exit::other;
    }
}

bool is_final(std::string_view state) {
    const auto known = domain::parse<domain::State>(state);
    return known && domain::is_settled(*known);
}

Exit exit_for_state(std::string_view state) {
    if (state == domain::name_of(domain::State::succeeded)) return Exit::ok;
    return is_final(state) ? Exit::ended_badly : Exit::ok;
}

}  // namespace cabroker::cli
