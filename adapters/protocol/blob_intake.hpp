// Blobs on their way in: puts the frames of each together and hands them to the frame that names
// them. Refuses what breaks the rules or the limits.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "adapters/protocol/octets.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

/// One direction of one link.
class BlobIntake {
  public:
    /// What is to be acknowledged.
    struct Taken {
        std::string blob;
        std::uint64_t seq = 0;
    };
    /// bad_answer: out of order, no base64, over a limit.
    [[nodiscard]] domain::Result<Taken> take(const boost::json::object& frame);
    /// The blobs that came for frame `id`; bad_answer when one is not complete.
    [[nodiscard]] domain::Result<Blobs> give(std::uint64_t id);

  private:
    struct Partial {
        std::string octets;
        std::uint64_t next = 0;
        bool complete = false;
    };
    std::map<std::string, Partial, std::less<>> blobs_;
    std::size_t total_ = 0;
};

}  // namespace cabroker::adapters::protocol
