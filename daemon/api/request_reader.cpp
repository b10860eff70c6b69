#include "daemon/api/request_reader.hpp"

#include <boost/asio/error.hpp>

#include "daemon/api/problem.hpp"
#include "daemon/api/upload.hpp"

namespace cabroker::api {

using boost::system::error_code;
using domain::ErrorCode;

namespace {

constexpr std::size_t kReadSize = 8UL * 1024;
constexpr std::size_t kUploadReadSize = 128UL * 1024;
/// A large upload that is slower than this on average is given up.
constexpr std::uint64_t kLeastUploadRate = 64UL * 1024;

}  // namespace

// False when the octets make no request; the refusal is set then.
bool RequestReader::feed(Exchange& exchange) {
    if (socket_.buffer().size() == 0) return true;
    Incoming::Fed fed = exchange.incoming.feed(socket_.buffer().view());
    socket_.buffer().consume(fed.used);
    if (!fed.failure) return true;
    exchange.refuse(problem(std::move(*fed.failure)));
    return false;
}

// The connection gave no more octets. True when there is somebody left to tell.
bool RequestReader::lost(Exchange& exchange, const error_code& why) {
    if (socket_.expired()) {
        ++core_.api.timeouts;
        exchange.refuse(problem(ErrorCode::request_timeout,
                                "cannot wait any longer: the request came too slowly"));
        return true;
    }
    if (why != asio::error::eof) return false;
    exchange.refuse(
        problem(ErrorCode::malformed_request, "cannot read the request: it ends too early"));
    return true;
}

// RFC 9112, 2.2: empty lines before a request are passed by.
void RequestReader::pass_empty_lines() {
    while (socket_.buffer().view().starts_with("\r\n")) socket_.buffer().consume(2);
}

void RequestReader::begin(bool patient) {
    in_body_ = false;
    large_ = false;
    owes_continue_ = false;
    pass_empty_lines();
    socket_.set_idle(socket_.buffer().size() == 0);
    const bool may_idle = socket_.idle() && patient;
    socket_.set_deadline(may_idle ? settings().idle_deadline : settings().read_deadline);
}

bool RequestReader::take_head(Exchange& exchange) {
    const bool half_an_empty_line = !exchange.incoming.begun() && socket_.buffer().view() == "\r";
    if (half_an_empty_line) return false;
    return feed(exchange) && exchange.incoming.has_head();
}

// False when the body cannot be taken; the refusal is set then.
bool RequestReader::open_sink(Exchange& exchange, bool large) {
    const std::uint64_t limit = large ? settings().max_csv_body : settings().max_body;
    if (exchange.incoming.content_length().value_or(0) > limit) {
        Response too_large =
            problem(ErrorCode::body_too_large,
                    "cannot take the body: it is larger than " + std::to_string(limit) + " octets");
        exchange.refuse(std::move(too_large));
        return false;
    }
    const bool unwanted = exchange.route != nullptr && exchange.route->body == BodyKind::none;
    if (exchange.refused || unwanted) {
        exchange.incoming.read_body_into(nullptr, nullptr, limit);
        return true;
    }
    if (!large) {
        exchange.incoming.read_body_into(&exchange.call->body, nullptr, limit);
        return true;
    }
    Result<Upload> upload = Upload::in(core_.api.services.settings->state_dir);
    if (!upload) {
        exchange.refuse(problem(upload.error()));
        return false;
    }
    exchange.call->upload = std::make_shared<Upload>(std::move(*upload));
    exchange.incoming.read_body_into(nullptr, exchange.call->upload.get(), limit);
    return true;
}

bool RequestReader::begin_body(Exchange& exchange) {
    large_ = exchange.route != nullptr && exchange.route->body == BodyKind::csv;
    if (!open_sink(exchange, large_)) return false;
    in_body_ = true;
    received_ = 0;
    await_body();
    owes_continue_ = exchange.incoming.expects_continue() && socket_.buffer().size() == 0;
    return true;
}

void RequestReader::await_body() {
    owes_continue_ = false;
    body_since_ = Steady::now();
    socket_.set_deadline(settings().read_deadline);
}

bool RequestReader::take_body(Exchange& exchange) {
    const bool over = !feed(exchange) || exchange.incoming.complete();
    const std::size_t held = exchange.call->body.size();
    if (!exchange.refused && !holding_.fits(held)) {
        exchange.refuse(problem(ErrorCode::not_ready,
                                "cannot take the body now: too much is under way; try again"));
        return true;
    }
    holding_.set(held);
    if (over) return true;
    untaken_ = socket_.buffer().size();
    // The parser leaves the head of a chunk and the trailer until they are whole.
    if (untaken_ <= settings().max_headers) return false;
    exchange.refuse(problem(ErrorCode::headers_too_large,
                            "cannot read the body: a chunk's head or the trailer is larger than " +
                                std::to_string(settings().max_headers) + " octets"));
    return true;
}

std::size_t RequestReader::room() const { return large_ ? kUploadReadSize : kReadSize; }

bool RequestReader::heard(Exchange& exchange, const error_code& failed) {
    // Too late is too late, also when octets came in that very moment; a request that begins in the
    // moment when an idle connection would have ended is served.
    const bool late = socket_.expired() && !socket_.idle();
    if (failed || late) return !socket_.idle() && lost(exchange, failed);
    if (!exchange.incoming.begun()) pass_empty_lines();
    const bool nothing = !in_body_ && !exchange.incoming.begun() && socket_.buffer().size() == 0;
    if (nothing && !socket_.idle()) {
        // The second half of an empty line.
        socket_.set_idle(true);
        socket_.set_deadline(settings().idle_deadline);
    }
    if (nothing) return true;
    if (socket_.idle()) socket_.set_deadline(settings().read_deadline);
    socket_.set_idle(false);
    if (!in_body_) return true;
    received_ += socket_.buffer().size() - untaken_;
    const std::chrono::seconds earned(large_ ? received_ / kLeastUploadRate : 0);
    socket_.move_deadline(body_since_ + settings().read_deadline + earned);
    return true;
}

}  // namespace cabroker::api
