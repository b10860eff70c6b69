#include "daemon/api/event_stream.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "daemon/api/wait.hpp"
#include "daemon/engine/change_hub.hpp"
#include "daemon/store/store.hpp"
#include "json/time_text.hpp"
#include "runtime/log.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

constexpr std::size_t kBatch = 200;
/// Events looked at in one scan before others get their turn.
constexpr std::size_t kMaxLook = 20'000;
/// When others read too much at one time.
constexpr std::chrono::milliseconds kReadAgain{100};

template <class List, class Value>
bool among(const List& list, const Value& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

EventPage read_page(const store::Reader& reader, const EventFilter& filter, std::int64_t after,
                    std::size_t most) {
    EventPage page;
    page.last_seq = after;
    std::size_t looked_at = 0;
    while (looked_at < kMaxLook) {
        const std::vector<store::Event> batch = reader.events().after(page.last_seq, kBatch);
        looked_at += batch.size();
        for (const store::Event& event : batch) {
            page.last_seq = event.seq;
            if (!filter.passes(event)) continue;
            page.events.push_back(event);
            if (page.events.size() == most) return page;
        }
        if (batch.size() < kBatch) {
            // Also past what retention has taken away, so that nobody waits for it.
            page.last_seq = std::max(page.last_seq, reader.events().last_seq());
            break;
        }
    }
    return page;
}

class EventStream final : public BodyStream {
  public:
    EventStream(Api& api, EventFormat format, EventFilter filter, std::int64_t after)
        : api_(api), format_(format), filter_(std::move(filter)), after_(after) {}

    asio::awaitable<std::optional<std::string>> next() override;

  private:
    [[nodiscard]] std::string text_of(const std::vector<store::Event>& events) const;
    [[nodiscard]] std::string sign_of_life() const {
        return format_ == EventFormat::sse ? ": ping\n\n" : "{\"type\":\"ping\"}\n";
    }

    /// Empty when it is not time.
    [[nodiscard]] std::string heartbeat_if_due();

    Api& api_;
    EventFormat format_;
    EventFilter filter_;
    std::int64_t after_;
    /// Nothing was left to read behind `after_`.
    bool caught_up_ = false;
    /// When the client should hear something; unset until it was greeted.
    std::optional<std::chrono::steady_clock::time_point> heartbeat_;
};

std::string EventStream::heartbeat_if_due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < *heartbeat_) return {};
    heartbeat_ = now + api_.services.heartbeat;
    return sign_of_life();
}

std::string EventStream::text_of(const std::vector<store::Event>& events) const {
    std::string text;
    for (const store::Event& event : events) {
        const std::string line = bj::serialize(event_json(event));
        if (format_ == EventFormat::ndjson) {
            text += line + '\n';
            continue;
        }
        text += "id: " + std::to_string(event.seq) + "\nevent: " + event.type + "\ndata: " + line +
                "\n\n";
    }
    return text;
}

asio::awaitable<std::optional<std::string>> EventStream::next() {
    engine::ChangeHub& changes = api_.services.changes;
    std::optional<std::string> text;
    if (!heartbeat_) {
        // Tells the client at once that the stream stands.
        heartbeat_ = std::chrono::steady_clock::now() + api_.services.heartbeat;
        text = sign_of_life();
        co_return text;
    }
    const auto look = std::min<std::chrono::steady_clock::time_point>(
        *heartbeat_, std::chrono::steady_clock::now() + kLookForClient);
    while (!changes.closed()) {
        if (caught_up_) {
            const bool more = co_await changes.wait_for_events(after_, look);
            caught_up_ = !more;
        } else {
            Result<EventPage> page = co_await read_events(api_, filter_, after_, kBatch);
            if (page) {
                caught_up_ = page->last_seq == after_;
                after_ = page->last_seq;
                if (!page->events.empty()) {
                    heartbeat_ = std::chrono::steady_clock::now() + api_.services.heartbeat;
                    text = text_of(page->events);
                    co_return text;
                }
            } else if (page.error().code == domain::ErrorCode::rate_limited) {
                co_await runtime::sleep_for(kReadAgain);
            } else {
                runtime::log(runtime::Level::warning, "an event stream ends",
                             {{"why", page.error().detail}});
                break;
            }
        }
        // Somebody has to look whether the client is there, and may read: however busy it is here.
        if (std::chrono::steady_clock::now() >= look) {
            text = heartbeat_if_due();
            co_return text;
        }
    }
    co_return text;
}

}  // namespace

bool EventFilter::passes(const store::Event& event) const {
    if (!among(types, event.type)) return false;
    return requests.empty() || (event.request_id && among(requests, *event.request_id));
}

bj::object event_json(const store::Event& event) {
    bj::object body;
    body["seq"] = event.seq;
    body["id"] = event.id.text();
    body["type"] = event.type;
    body["at"] = json::time_text(event.at);
    body["request_id"] = nullptr;
    if (event.request_id) body["request_id"] = event.request_id->text();
    body["order_id"] = nullptr;
    if (event.order_id) body["order_id"] = event.order_id->text();
    body["data"] = bj::parse(event.data);
    return body;
}

asio::awaitable<Result<EventPage>> read_events(Api& api, EventFilter filter, std::int64_t after,
                                               std::size_t most) {
    store::Scan<EventPage> scan = [filter = std::move(filter), after,
                                   most](const store::Reader& reader) -> domain::Result<EventPage> {
        return read_page(reader, filter, after, most);
    };
    co_return co_await api.services.store.scan(std::move(scan));
}

std::unique_ptr<BodyStream> make_event_stream(Api& api, EventFormat format, EventFilter filter,
                                              std::int64_t after) {
    return std::make_unique<EventStream>(api, format, std::move(filter), after);
}

}  // namespace cabroker::api
