// A row of `requests` as columns and as the domain's type. Inside daemon/store/ only.
#pragma once

#include <array>

#include "daemon/store/connection.hpp"

namespace cabroker::store {

/// The columns that read_request expects, up to and including `params`; `cookie` follows.
extern const std::string kRequestColumns;

[[nodiscard]] StoredRequest read_request(Query& row);

/// The columns that bind_progress, bind_due and bind_frame give values to, in their order: what
/// each step may change, when the next one is due, and what stays the same through nearly all
/// changes.
inline constexpr std::array kProgress = {
    "version",          "state",  "next_actor",  "updated_at",  "attempt",      "next_attempt_at",
    "cancel_requested", "step",   "session_key", "open_effect", "last_problem", "needs",
    "outcome",          "result", "cookie"};
inline constexpr std::array kDue = {"due_at", "due_asks"};
inline constexpr std::array kFrame = {"settled_at",      "deadline_at",
                                      "brand",           "supplier",
                                      "common_name",     "supplier_order_id",
                                      "product",         "platform_order_id",
                                      "adapter",         "channel",
                                      "external_system", "external_id",
                                      "labels",          "note",
                                      "params"};

/// `stored` must outlive the query.
void bind_progress(Query& query, const StoredRequest& stored, std::int64_t version);
void bind_due(Query& query, const StoredRequest& stored);
void bind_frame(Query& query, const StoredRequest& stored);

}  // namespace cabroker::store
