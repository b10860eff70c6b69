// One request and its answer on their way through a session.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "daemon/api/incoming.hpp"

namespace cabroker::api {

/// Filled in by and by; made anew for each request of a connection. What is large is held from the
/// first octets until the handler has it: many exchanges wait for the disk at once, and each is as
/// small as it can be then.
struct Exchange {
    Incoming incoming;
    /// What the handler gets; nullptr before the head was read, and once the handler has it.
    CallPtr call;
    /// nullptr: refused, `response` says why.
    const Route* route = nullptr;
    Response response;
    /// As sent: HEAD is told from GET here only.
    std::string method;
    /// X-Request-Id: the client's, if it is fit, else one of ours.
    std::string request_id;
    bool version_1_1 = true;
    bool keep_alive = false;
    /// Octets of this request may still come; they are thrown away before closing.
    bool unread = false;

    explicit Exchange(std::size_t max_header) : incoming(max_header) {}
    /// Ends it with `why`: nothing more of the request is read.
    void refuse(Response why) {
        response = std::move(why);
        route = nullptr;
        keep_alive = false;
        unread = true;
    }
};

}  // namespace cabroker::api
