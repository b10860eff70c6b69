// The lines that go out over a link, one after another, and what became of each.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "adapters/protocol/duplex.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::protocol {

/// A line on its way out: what became of it. It may hold secrets: nothing of it stays behind.
struct Line {
    explicit Line(std::string octets) : text(std::move(octets)) {}
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line() { domain::wipe(text); }
    void tell() {
        if (waiter) waiter->cancel();
    }

    /// With its line feed.
    std::string text;
    bool begun = false;
    bool written = false;
    /// Nobody waits for it any more: it must not leave.
    bool dropped = false;
    /// Of whoever waits for this line: cancelled when it was written or will not be.
    std::optional<boost::asio::steady_timer> waiter;
};

/// One thread.
class LineWriter {
  public:
    /// `to` outlives it; close() closes it.
    explicit LineWriter(Duplex& to);
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// Writes from now on, until closed; `self` is this writer and all that must live as long.
    static void start(std::shared_ptr<LineWriter> self);
    void send(std::shared_ptr<Line> line);
    /// A peer that never reads has filled the queue.
    [[nodiscard]] bool full() const;
    /// Drops what was not sent yet and wakes everybody.
    void close();
    [[nodiscard]] bool closed() const { return to_.closed(); }

    /// Until wake() or close() was called. Look again, then: it tells all. Who waits for one line
    /// gives it a waiter instead.
    [[nodiscard]] boost::asio::awaitable<void> moved();
    void wake() { wake(moved_); }

  private:
    static boost::asio::awaitable<void> pump(std::shared_ptr<LineWriter> self);
    static void wake(boost::asio::steady_timer& timer);

    Duplex& to_;
    std::deque<std::shared_ptr<Line>> lines_;
    /// Cancelled when there is something to write, or nothing ever again.
    boost::asio::steady_timer outgoing_;
    /// Cancelled by wake() and close().
    boost::asio::steady_timer moved_;
    bool started_ = false;
};

}  // namespace cabroker::adapters::protocol
