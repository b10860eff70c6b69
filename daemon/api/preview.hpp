// What would become of a request: the answer of /v1/route-preview and of a dry run.
#pragma once

#include "daemon/api/submission.hpp"

namespace cabroker::api {

/// 200 with decision, rules, expected inputs, warnings and, for mail channels, the mail.
[[nodiscard]] asio::awaitable<Response> preview(Api& api, Submission submission, domain::Time at);

}  // namespace cabroker::api
