// One HTTP exchange as plain values: what a handler gets and what it gives back. No Beast, no
// sockets.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/error.hpp"
#include "domain/request.hpp"
#include "policy/roles.hpp"

namespace cabroker::api {

namespace asio = boost::asio;
template <class T>
using Result = domain::Result<T>;

/// Decoded query parameters in the order they came; a name may come more than once.
class Query {
  public:
    Query() = default;
    void add(std::string name, std::string value) {
        items_.emplace_back(std::move(name), std::move(value));
    }
    /// The only value of a parameter, or nullptr. Names that may repeat are read with all().
    [[nodiscard]] const std::string* get(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& items() const {
        return items_;
    }

  private:
    std::vector<std::pair<std::string, std::string>> items_;
};

/// Who calls: the kernel's word, what it may do, and the name that goes on record.
struct Caller {
    policy::Peer peer;
    policy::Roles roles;
    domain::Person person;
};

/// A large upload, kept in an unlinked file and mapped; gone with this object.
class Upload;

/// Octets of an answer beyond its `body`, made while they are sent; for event streams and large
/// artifacts.
class BodyStream {
  public:
    virtual ~BodyStream() = default;
    /// The next octets; nullopt when the stream ends. Gives an empty text now and then, so that
    /// somebody can see whether the client is still there.
    [[nodiscard]] virtual asio::awaitable<std::optional<std::string>> next() = 0;
};

/// What goes into an application/problem+json document. Rendered late, when the exchange's id is
/// known.
struct Problem {
    domain::Error error;
    /// Further members with their JSON text.
    std::vector<std::pair<std::string, std::string>> members;

    explicit Problem(domain::Error what) : error(std::move(what)) {}
};

struct Response {
    int status = 200;
    std::string content_type;
    std::string body;
    /// Names and values must be clean: no control characters.
    std::vector<std::pair<std::string, std::string>> headers;
    std::unique_ptr<BodyStream> stream;
    /// Set: the answer is this problem; status and body follow from it.
    std::unique_ptr<Problem> problem;
    /// The connection ends after this answer.
    bool close = false;
    /// The answer was written to the store under the call's idempotency key already.
    bool remembered = false;

    Response() = default;
    explicit Response(int code) : status(code) {}
    Response(int code, std::string type, std::string text)
        : status(code), content_type(std::move(type)), body(std::move(text)) {}
    void set(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
    }
    [[nodiscard]] const std::string* header(std::string_view name) const;
};

/// Where the answer to a POST with an Idempotency-Key is remembered.
struct IdempotencyScope {
    std::string scope;
    std::string body_hmac;

    IdempotencyScope() = default;
    IdempotencyScope(std::string where, std::string what)
        : scope(std::move(where)), body_hmac(std::move(what)) {}
};

/// One request as a handler sees it.
struct ApiCall {
    /// GET for HEAD too.
    std::string method;
    /// Decoded, without the query.
    std::string path;
    std::string raw_query;
    /// The one `{id}` or `{name}` of the route.
    std::string id;
    Query query;
    std::string accept;
    std::string if_match;
    std::string if_none_match;
    std::string idempotency_key;
    std::string last_event_id;
    std::string content_type;
    std::string remote_user;
    std::string body;
    std::shared_ptr<Upload> upload;
    Caller caller;
    std::optional<IdempotencyScope> idempotency;
    /// Nobody reads the answer any more; to be asked by whoever lets the client wait.
    std::function<bool()> client_gone;

    ApiCall() = default;
};
using CallPtr = std::unique_ptr<ApiCall>;

[[nodiscard]] Response json_response(int status, std::string body);
[[nodiscard]] inline Response no_content() { return Response(204); }

}  // namespace cabroker::api
