// One request and its answer on their way through a session.
#pragma once

#include <cstddef>
#include <utility>

#include "daemon/api/incoming.hpp"

namespace cabroker::api {

/// Filled in by and by; made anew for each request of a connection.
struct Exchange {
    Incoming incoming;
    Head head;
    ApiCall call;
    /// nullptr: refused, `response` says why.
    const Route* route = nullptr;
    Response response;
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
