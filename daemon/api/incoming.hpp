// One HTTP request being read: octets in, head and body out. Knows no sockets; hides Beast's
// parser.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/gate.hpp"

namespace cabroker::api {

class Incoming {
  public:
    explicit Incoming(std::size_t max_header);
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    ~Incoming();

    /// What became of octets that were fed. On a failure the connection is of no more use.
    struct Fed {
        std::size_t used = 0;
        std::optional<domain::Error> failure;
    };
    /// Stops after the head; goes on after read_body_into(). What was not used comes again with the
    /// next octets, or belongs to the next request. Failures: malformed_request, headers_too_large,
    /// body_too_large, store_failed.
    [[nodiscard]] Fed feed(std::string_view octets);
    /// Octets were fed; some of the head may have been taken.
    [[nodiscard]] bool begun() const;
    [[nodiscard]] bool has_head() const;
    [[nodiscard]] bool complete() const;

    /// Once, when has_head().
    void take_head(Head& head, ApiCall& call) const;
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] std::optional<std::uint64_t> content_length() const;

    /// One of the two is set; it outlives this object.
    void read_body_into(std::string* text, Upload* upload, std::uint64_t limit);
    /// Gives the memory back; only for destruction then.
    void let_go();

  private:
    struct Parser;
    std::size_t max_header_;
    /// Of the octets taken, as long as they are the head's.
    std::size_t head_size_ = 0;
    /// From the first octets on: nothing is held for a connection where nothing comes.
    std::unique_ptr<Parser> parser_;
};

}  // namespace cabroker::api
