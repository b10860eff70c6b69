// From a decoded request to a stored one: the order, policy's decision, the engine's Creation. Used
// by create, retry and preview.
#pragma once

#include <optional>
#include <string>

#include "daemon/api/api.hpp"
#include "daemon/api/order_choice.hpp"
#include "pki/csr.hpp"
#include "policy/decide.hpp"

namespace cabroker::api {

/// Everything that decides what becomes of a request.
struct Submission {
    ChosenOrder order;
    domain::Params params;
    std::optional<pki::CsrFacts> csr;
    std::optional<domain::ExternalRef> external_ref;
    domain::Labels labels;
    std::optional<std::string> note;
    std::optional<domain::RequestId> retry_of;
    bool allow_duplicate = false;
};

[[nodiscard]] policy::Decision decide_on(const Api& api, const Submission& submission,
                                         domain::Time at, policy::Explain explain);

/// Stores the request and answers 201; remembers the answer under the call's idempotency key. Uses
/// `submission` up before it returns, so that none of it is in memory while the disk works.
[[nodiscard]] asio::awaitable<Response> submit(Api& api, const ApiCall& call,
                                               Submission&& submission);

/// Checks a CSR in the pool: problems are appended with their pointer; `text` is replaced by the
/// clean PEM. nullopt when it is not acceptable.
[[nodiscard]] asio::awaitable<std::optional<pki::CsrFacts>> check_csr(Api& api, std::string& text,
                                                                      std::string pointer,
                                                                      json::Problems& problems);

}  // namespace cabroker::api
