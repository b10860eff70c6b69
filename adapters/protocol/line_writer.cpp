#include "adapters/protocol/line_writer.hpp"

#include <boost/asio/buffer.hpp>
#include <chrono>

#include "runtime/sleep.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::protocol {

namespace asio = boost::asio;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t kMostLines = 4096;

}  // namespace

LineWriter::LineWriter(Duplex& to) : to_(to), outgoing_(to.executor()), moved_(to.executor()) {
    outgoing_.expires_at(SteadyTime::max());
    moved_.expires_at(SteadyTime::max());
}

void LineWriter::start(std::shared_ptr<LineWriter> self) {
    if (self->started_) return;
    self->started_ = true;
    const asio::any_io_executor executor = self->to_.executor();
    runtime::spawn(executor, "link writer", pump(std::move(self)));
}

void LineWriter::send(std::shared_ptr<Line> line) {
    lines_.push_back(std::move(line));
    wake(outgoing_);
}

bool LineWriter::full() const { return lines_.size() >= kMostLines; }

void LineWriter::close() {
    if (closed()) return;
    to_.close();
    outgoing_.cancel();
    moved_.cancel();
    for (const std::shared_ptr<Line>& line : lines_) line->tell();
    lines_.clear();
}

asio::awaitable<void> LineWriter::pump(std::shared_ptr<LineWriter> self) {
    while (!self->closed()) {
        if (self->lines_.empty()) {
            co_await runtime::sleep_on(self->outgoing_);
            continue;
        }
        const std::shared_ptr<Line> line = self->lines_.front();
        self->lines_.pop_front();
        if (line->dropped) continue;
        line->begun = true;
        boost::system::error_code failed;
        const asio::const_buffer octets(line->text.data(), line->text.size());
        co_await self->to_.write(octets, failed);
        line->written = !failed;
        line->tell();
        if (failed) self->close();
    }
}

asio::awaitable<void> LineWriter::moved() { return runtime::sleep_on(moved_); }

void LineWriter::wake(asio::steady_timer& timer) {
    timer.expires_at(SteadyTime::max());  // completes all waits
}

}  // namespace cabroker::adapters::protocol
