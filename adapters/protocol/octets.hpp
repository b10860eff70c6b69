// Octets inside JSON frames: base64 for small ones, a reference to a blob that crossed before for
// larger ones.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

/// Blobs that go with one frame, by their name.
using Blobs = std::map<std::string, std::string, std::less<>>;

/// Larger octets than this cross as a blob.
inline constexpr std::size_t kInlineOctets = 16 * 1024;

[[nodiscard]] std::string base64(std::string_view octets);
[[nodiscard]] domain::Result<std::string> from_base64(std::string_view text);

/// `{"base64": ...}`, or `{"blob": NAME, "size": N, "sha256": ...}` with the octets put into
/// `blobs` under `prefix` and a number.
[[nodiscard]] boost::json::value octets_to_json(std::string_view octets, const std::string& prefix,
                                                Blobs& blobs);
/// bad_answer when it is neither form, the blob did not come, or its hash differs. Takes the blob
/// out of `blobs`.
[[nodiscard]] domain::Result<std::string> octets_from_json(const boost::json::value& value,
                                                           Blobs& blobs);

}  // namespace cabroker::adapters::protocol
