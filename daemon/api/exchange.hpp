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
    /// The first thing wrong is what the client is told.
    bool refused = false;
    /// As sent: to the handlers HEAD is GET.
    std::string method;
    /// X-Request-Id: the client's, if it is fit, else one of ours.
    std::string request_id;
    bool version_1_1 = true;
    bool keep_alive = false;
    /// Octets of this request may still come; they are thrown away before closing.
    bool unread = false;

    explicit Exchange(std::size_t max_header) : incoming(max_header) {}
    [[nodiscard]] bool head_only() const { return method == "HEAD"; }
    /// Nobody handles it; its body is read and thrown away.
    void turn_away(Response why) {
        if (!refused) response = std::move(why);
        refused = true;
        route = nullptr;
    }
    /// Ends it: nothing more of the request is read.
    void refuse(Response why) {
        turn_away(std::move(why));
        keep_alive = false;
        unread = true;
    }
};

}  // namespace cabroker::api
