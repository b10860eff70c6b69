// Events as pages and as streams: replayed from the store, then followed as they are committed.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/store/rows.hpp"

namespace cabroker::api {

/// Empty lists let everything through.
struct EventFilter {
    std::vector<domain::RequestId> requests;
    std::vector<std::string> types;
    [[nodiscard]] bool passes(const store::Event& event) const;
};

struct EventPage {
    std::vector<store::Event> events;
    /// Give it back as `after`: everything up to it was looked at.
    std::int64_t last_seq = 0;

    EventPage() = default;
};

enum class EventFormat { sse, ndjson };

[[nodiscard]] boost::json::object event_json(const store::Event& event);

/// At most `most` events that pass, read in the pool in one snapshot.
[[nodiscard]] asio::awaitable<Result<EventPage>> read_events(Api& api, EventFilter filter,
                                                             std::int64_t after, std::size_t most);

/// Never ends by itself but for draining and a failed store; a sign of life at each heartbeat.
[[nodiscard]] std::unique_ptr<BodyStream> make_event_stream(Api& api, EventFormat format,
                                                            EventFilter filter, std::int64_t after);

}  // namespace cabroker::api
