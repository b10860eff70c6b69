#include "cli/sse.hpp"

namespace cabroker::cli {

bool EventStreamReader::feed(std::string_view octets) {
    constexpr std::size_t kMost = 1024UL * 1024;
    rest_ += octets;
    std::size_t start = 0;
    while (true) {
        const std::size_t end = rest_.find('\n', start);
        if (end == std::string::npos) break;
        std::string_view line = std::string_view(rest_).substr(start, end - start);
        if (line.ends_with('\r')) line.remove_suffix(1);
        start = end + 1;
        if (!take_line(line)) return false;
    }
    rest_.erase(0, start);
    return rest_.size() + data_.size() <= kMost;
}

void EventStreamReader::restart() {
    rest_.clear();
    data_.clear();
    id_ = last_id_;
}

bool EventStreamReader::take_line(std::string_view line) {
    if (line.empty()) {
        if (data_.empty()) return true;
        last_id_ = id_;
        const std::string data = std::move(data_);
        data_.clear();
        return on_event_(last_id_, data);
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id") id_ = value;
    if (field == "data") data_ += (data_.empty() ? "" : "\n") + std::string(value);
    return true;
}

}  // namespace cabroker::cli
