// JSON trees that cross between processes and may hold secrets: written without leaving copies,
// wiped when done, and with texts that the other end will take whatever a supplier put into them.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace cabroker::adapters::protocol {

/// One line, its line feed included. No copy of the text stays in freed memory.
[[nodiscard]] std::string frame_text(const boost::json::object& object);

/// Overwrites every string below a member `secret`.
void wipe_secrets(boost::json::value& value);
void wipe_secrets(boost::json::object& object);

/// Takes the tree over; its secrets are overwritten with the last owner.
[[nodiscard]] std::shared_ptr<const boost::json::value> held(boost::json::value&& value);

/// Well-formed UTF-8 by RFC 3629, control characters allowed.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Makes every string but those below `secret` valid UTF-8 of at most kMaxText octets without
/// control characters other than tab, CR and LF: what a page or a server said must not make a whole
/// answer unreadable.
void clean_texts(boost::json::object& object);

}  // namespace cabroker::adapters::protocol
