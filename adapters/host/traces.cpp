#include "adapters/host/traces.hpp"

#include <boost/json.hpp>

#include "runtime/spawn.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

constexpr std::size_t kMostTracesUnderWay = 16;
constexpr auto kTracePatience = std::chrono::seconds(5);

}  // namespace

Traces::Traces(protocol::Channel& channel, asio::any_io_executor executor)
    : channel_(channel), executor_(std::move(executor)) {}

void Traces::take(std::string exchange, std::shared_ptr<void> keep) {
    if (under_way_ >= kMostTracesUnderWay || channel_.closed()) {
        ++dropped_;
        return;
    }
    ++under_way_;
    runtime::spawn(executor_, "trace frame", tell(std::move(exchange), std::move(keep)));
}

asio::awaitable<void> Traces::tell(std::string exchange, std::shared_ptr<void> keep) {
    bj::error_code error;
    auto body = std::make_shared<bj::object>();
    (*body)["exchange"] = bj::parse(exchange, error);
    if (dropped_ > 0) (*body)["dropped"] = dropped_;
    dropped_ = 0;
    protocol::Blobs none;
    std::string op = "trace";
    // Not told is as good as dropped.
    const domain::Result<void> told = co_await channel_.write(
        std::move(op), next_id_++, std::move(body), std::move(none), kTracePatience);
    if (!told) ++dropped_;
    --under_way_;
    keep.reset();
}

}  // namespace cabroker::adapters::host
