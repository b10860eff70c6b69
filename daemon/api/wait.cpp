#include "daemon/api/wait.hpp"

#include <algorithm>

#include "daemon/api/representation.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/store/store.hpp"
#include "domain/states.hpp"

namespace cabroker::api {
namespace {

using domain::Error;
using domain::ErrorCode;
using What = WaitFor::What;

Error bad(const std::string& why) { return Error(ErrorCode::bad_parameter, "cannot use " + why); }

std::optional<What> parse_what(std::string_view text) {
    if (text == "settled") return What::settled;
    if (text == "needs_input") return What::needs_input;
    if (text == "change") return What::change;
    return std::nullopt;
}

bool is_as_asked(const domain::Request& request, What what, std::string_view tags) {
    const bool settled = domain::is_settled(request.state);
    if (what == What::settled) return settled;
    if (what == What::change) return !etag_matches(tags, etag_of(request.version));
    const bool on_their_own = request.next_actor == domain::NextActor::broker ||
                              request.next_actor == domain::NextActor::ca;
    return settled || !on_their_own;
}

}  // namespace

Result<std::optional<WaitFor>> read_wait(const ApiCall& call) {
    const std::string* wait = call.query.get("wait");
    const std::string* what = call.query.get("for");
    if (wait == nullptr && what != nullptr) return bad("for: it needs wait, such as wait=30s");
    if (wait == nullptr) return std::optional<WaitFor>();

    WaitFor result;
    const std::optional<domain::Duration> duration = domain::parse_duration(*wait);
    const bool known_unit = wait->ends_with('s') || wait->ends_with('m');
    if (!duration || !known_unit) return bad("wait: write an integer and ms, s or m, such as 30s");
    if (*duration > kLongestWait) return bad("wait: at most 120s");
    result.at_most = *duration;
    if (what != nullptr) {
        const std::optional<What> parsed = parse_what(*what);
        if (!parsed) return bad("for: use settled, needs_input or change");
        result.what = *parsed;
    }
    return std::optional<WaitFor>(result);
}

asio::awaitable<Waited> wait_for(Api& api, const ApiCall& call, domain::Request request,
                                 WaitFor what) {
    const auto until = std::chrono::steady_clock::now() + what.at_most;
    const std::string tags =
        call.if_none_match.empty() ? etag_of(request.version) : call.if_none_match;
    engine::ChangeHub& changes = api.services.changes;
    Waited waited;
    waited.request = std::move(request);
    const domain::RequestId id = waited.request.id;
    while (true) {
        waited.satisfied = is_as_asked(waited.request, what.what, tags);
        waited.draining = api.draining || changes.closed();
        const bool over = std::chrono::steady_clock::now() >= until || call.client_gone();
        if (waited.satisfied || waited.draining || over) co_return waited;
        const auto look = std::min<std::chrono::steady_clock::time_point>(
            until, std::chrono::steady_clock::now() + kLookForClient);
        co_await changes.wait_for_request(id, look);
        std::optional<store::StoredRequest> row = api.services.store.reader().requests().get(id);
        if (row) waited.request = std::move(row->request);
    }
}

}  // namespace cabroker::api
