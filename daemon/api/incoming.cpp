// The only source that knows Beast.
#include "daemon/api/incoming.hpp"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>

#include "daemon/api/upload.hpp"
#include "domain/ascii.hpp"

namespace cabroker::api {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using domain::Error;
using domain::ErrorCode;

/// A body that goes to a string or to an upload.
struct SinkBody {
    struct value_type {
        std::string* text = nullptr;
        Upload* upload = nullptr;
        std::optional<Error> failure;
    };
    class reader {
      public:
        template <bool isRequest, class Fields>
        reader(http::header<isRequest, Fields>&, value_type& sink) : sink_(sink) {}
        void init(const boost::optional<std::uint64_t>& length, error_code& ec) {
            ec = {};
            if (length && sink_.text != nullptr)
                sink_.text->reserve(static_cast<std::size_t>(*length));
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, error_code& ec) {
            ec = {};
            std::size_t count = 0;
            for (const auto& part : beast::buffers_range_ref(buffers)) {
                take(std::string_view(static_cast<const char*>(part.data()), part.size()), ec);
                count += part.size();
            }
            return count;
        }
        void finish(error_code& ec) { ec = {}; }

      private:
        void take(std::string_view octets, error_code& ec) {
            if (sink_.text != nullptr) sink_.text->append(octets);
            if (sink_.upload == nullptr) return;
            Result<void> written = sink_.upload->write(octets);
            if (written) return;
            sink_.failure = written.error();
            ec = boost::system::errc::make_error_code(boost::system::errc::io_error);
        }
        value_type& sink_;
    };
};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

void add_words(std::string_view value, std::string& list) {
    if (!list.empty()) list += ", ";
    list += domain::lower(value);
}

void take_extension(beast::string_view name, std::string_view value, Head& head, ApiCall& call) {
    if (beast::iequals(name, "X-Request-Id")) {
        head.request_id = value;
    } else if (beast::iequals(name, "Idempotency-Key")) {
        ++head.idempotency_keys;
        call.idempotency_key = value;
    } else if (beast::iequals(name, "X-Remote-User")) {
        ++head.remote_users;
        call.remote_user = value;
    } else if (beast::iequals(name, "Last-Event-ID")) {
        call.last_event_id = value;
    } else if (beast::iequals(name, "Sec-Fetch-Site")) {
        head.has_fetch_site = true;
    }
}

}  // namespace

struct Incoming::Parser {
    http::request_parser<SinkBody> beast;
    std::uint64_t max_body = 0;

    explicit Parser(std::size_t max_header) {
        beast.header_limit(static_cast<std::uint32_t>(max_header));
        beast.body_limit(boost::none);
        beast.eager(false);
    }
};

Incoming::Incoming(std::size_t max_header) : max_header_(max_header) {}

Incoming::~Incoming() = default;

void Incoming::let_go() { parser_.reset(); }

Incoming::Fed Incoming::feed(std::string_view octets) {
    Fed fed;
    error_code failed;
    if (!parser_) parser_ = std::make_unique<Parser>(max_header_);
    const bool in_head = !has_head();
    fed.used = parser_->beast.put(boost::asio::buffer(octets.data(), octets.size()), failed);
    if (in_head) {
        // The parser forgets the size of what it took of a head before.
        head_size_ += fed.used;
        const std::size_t left = has_head() ? 0 : octets.size() - fed.used;
        const bool good = !failed || failed == http::error::need_more;
        if (good && head_size_ + left > max_header_) failed = http::error::header_limit;
    }
    if (!failed || failed == http::error::need_more) return fed;

    if (failed == http::error::header_limit) {
        fed.failure.emplace(ErrorCode::headers_too_large,
                            "cannot read the request: its header is larger than " +
                                std::to_string(max_header_) + " octets");
    } else if (failed == http::error::body_limit) {
        fed.failure.emplace(ErrorCode::body_too_large, "cannot take the body: it is larger than " +
                                                           std::to_string(parser_->max_body) +
                                                           " octets");
    } else if (parser_->beast.get().body().failure) {
        fed.failure = std::move(parser_->beast.get().body().failure);
    } else {
        fed.failure.emplace(ErrorCode::malformed_request,
                            "cannot read the request: " + failed.message());
    }
    return fed;
}

bool Incoming::begun() const { return parser_ != nullptr; }
bool Incoming::has_head() const { return parser_ && parser_->beast.is_header_done(); }
bool Incoming::complete() const { return parser_->beast.is_done(); }
bool Incoming::keep_alive() const { return parser_->beast.get().keep_alive(); }

bool Incoming::expects_continue() const {
    const auto& message = parser_->beast.get();
    const auto [begin, end] = message.equal_range(http::field::expect);
    // As one word of a list; what else may be asked was refused.
    return message.version() >= 11 && std::any_of(begin, end, [](const auto& field) {
               const std::string words = domain::lower(view(field.value()));
               return words.find("100-continue") != std::string::npos;
           });
}

std::optional<std::uint64_t> Incoming::content_length() const {
    const auto length = parser_->beast.content_length();
    if (!length) return std::nullopt;
    return *length;
}

void Incoming::take_head(Head& head, ApiCall& call) const {
    const auto& message = parser_->beast.get();
    head.method = view(message.method_string());
    head.target = view(message.target());
    head.version_1_1 = message.version() >= 11;
    for (const auto& field : message) {
        const std::string_view value = view(field.value());
        switch (field.name()) {
            case http::field::host:
                ++head.hosts;
                break;
            case http::field::content_length:
                ++head.content_lengths;
                break;
            case http::field::transfer_encoding:
                head.transfer_encoding =
                    (head.transfer_encoding ? *head.transfer_encoding + ", " : std::string()) +
                    domain::lower(value);
                break;
            case http::field::content_encoding:
                add_words(value, head.content_encoding);
                break;
            case http::field::expect:
                add_words(value, head.expect);
                break;
            case http::field::content_type:
                head.content_type = value;
                break;
            case http::field::accept:
                call.accept = domain::lower(value);
                break;
            case http::field::if_match:
                call.if_match = value;
                break;
            case http::field::if_none_match:
                call.if_none_match = value;
                break;
            case http::field::origin:
                head.has_origin = true;
                break;
            default:
                take_extension(field.name_string(), value, head, call);
        }
    }
    call.method = head.method == "HEAD" ? std::string("GET") : head.method;
    call.content_type = head.content_type;
    head.has_body = parser_->beast.chunked() || content_length().value_or(0) > 0;
}

void Incoming::read_body_into(std::string* text, Upload* upload, std::uint64_t limit) {
    SinkBody::value_type& sink = parser_->beast.get().body();
    sink.text = text;
    sink.upload = upload;
    parser_->max_body = limit;
    parser_->beast.body_limit(limit);
    parser_->beast.eager(true);
}

}  // namespace cabroker::api
