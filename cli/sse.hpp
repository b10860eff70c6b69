// Reads a text/event-stream piece by piece.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace cabroker::cli {

class EventStreamReader {
  public:
    /// `on_event` gets the id and the data of each whole event; false from it stops.
    explicit EventStreamReader(
        std::function<bool(const std::string& id, const std::string& data)> on_event)
        : on_event_(std::move(on_event)) {}

    /// The next octets. False: stop (asked to, or an event over 1 MiB).
    [[nodiscard]] bool feed(std::string_view octets);
    /// Drops what was begun; the last id stays. Before a new connection.
    void restart();
    /// The id of the last whole event; "" before the first.
    [[nodiscard]] const std::string& last_id() const { return last_id_; }

  private:
    bool take_line(std::string_view line);
    std::function<bool(const std::string&, const std::string&)> on_event_;
    std::string rest_;
    std::string id_;
    std::string data_;
    std::string last_id_;
};

}  // namespace cabroker::cli
