// What is decided from the head of a request alone, before its body is read: is it sound HTTP, may
// this peer, is there such a route, are its parameters known.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/api/router.hpp"

namespace cabroker::api {

/// The head as the parser saw it.
struct Head {
    std::string method;
    std::string target;
    /// HTTP/1.1, else HTTP/1.0.
    bool version_1_1 = true;
    std::size_t hosts = 0;
    std::size_t content_lengths = 0;
    std::size_t idempotency_keys = 0;
    bool has_body = false;
    /// In lower case; several fields with a comma between. A field without a value is one, too.
    std::optional<std::string> transfer_encoding;
    bool has_origin = false;
    std::size_t remote_users = 0;
    bool has_fetch_site = false;
    std::string content_type;
    /// Empty, or the value in lower case; several fields with a comma between.
    std::string content_encoding;
    std::string expect;
    /// As sent; may be unfit.
    std::string request_id;
};

/// A route to run, or the refusal. `call` has everything but the body either way.
struct Passage {
    const Route* route = nullptr;
    std::unique_ptr<Response> refusal;
};

/// Judges `head`; fills path, query and id of `call`, whose headers and caller are set already.
/// `draining`: only reading is served.
[[nodiscard]] Passage judge_head(bool draining, const Head& head, ApiCall& call);

/// The refusal of a route to a peer who has not its role.
[[nodiscard]] Response role_missing(const Route& route, uid_t peer);

/// The id to use for an exchange: what the client sent if it is 1 to 128 of letters, digits and
/// `._:/+=@-`, else nullopt.
[[nodiscard]] bool is_request_id(std::string_view text);

}  // namespace cabroker::api
