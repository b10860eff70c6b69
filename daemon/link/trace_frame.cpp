#include "daemon/link/trace_frame.hpp"

#include <boost/json.hpp>

namespace cabroker::link {

namespace {

constexpr std::size_t kLongestExchange = 256UL * 1024;

}  // namespace

bool take_trace_frame(const adapters::protocol::Frame& frame, const TraceHandler& handler) {
    if (frame.op != "trace") return false;
    if (!handler) return true;
    const boost::json::object& told = frame.body->get_object();
    std::uint64_t dropped = 0;
    const boost::json::value* count = told.if_contains("dropped");
    if (count != nullptr && count->is_int64() && count->get_int64() > 0)
        dropped = static_cast<std::uint64_t>(count->get_int64());
    const boost::json::value* exchange = told.if_contains("exchange");
    std::string text;
    if (exchange != nullptr && exchange->is_object()) text = boost::json::serialize(*exchange);
    if (text.empty() || text.size() > kLongestExchange) {
        text.clear();
        ++dropped;
    }
    handler(std::move(text), dropped);
    return true;
}

}  // namespace cabroker::link
