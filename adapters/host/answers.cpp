#include "adapters/host/answers.hpp"

#include <boost/json.hpp>
#include <utility>

#include "runtime/log.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Result;

asio::awaitable<void> Answers::give(std::string op, std::uint64_t id,
                                    std::shared_ptr<bj::object> body, protocol::Blobs blobs) {
    const Result<void> written =
        co_await channel_.write(std::move(op), id, std::move(body), std::move(blobs));
    if (written) co_return;
    runtime::log(runtime::Level::warning, "an answer could not be given",
                 {{"why", written.error().detail}});
    if (written.error().code != domain::ErrorCode::limit_exceeded) {
        // A core that takes no answers is gone or hangs; read() may not have seen it yet.
        channel_.close();
        co_return;
    }
    auto instead = std::make_shared<bj::object>();
    (*instead)["code"] = "no_answer";
    (*instead)["detail"] = written.error().detail;
    protocol::Blobs none;
    const Result<void> told =
        co_await channel_.write("error", id, std::move(instead), std::move(none));
    if (!told) channel_.close();
}

asio::awaitable<void> Answers::fail(std::uint64_t id, domain::Error error) {
    auto body = std::make_shared<bj::object>();
    const std::string_view code = domain::name_of(error.code);
    (*body)["code"] = bj::string_view(code.data(), code.size());
    (*body)["detail"] = error.detail;
    protocol::Blobs none;
    co_await give("error", id, std::move(body), std::move(none));
}

}  // namespace cabroker::adapters::host
