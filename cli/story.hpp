// One thing as one readable page: what it is, whose turn it is, what to do. For a person at night.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "cli/view.hpp"

namespace cabroker::cli {

/// A request: head, whose turn, needs, outcome, evidence, result.
[[nodiscard]] std::string request_story(const boost::json::value& request, const Style& style);
/// Only whose turn it is and the commands that go on; lines end with a line feed.
[[nodiscard]] std::string next_story(const boost::json::value& request, const Style& style);
/// The last entries of a timeline reply; "" when there are none.
[[nodiscard]] std::string timeline_tail(const boost::json::value& timeline, const Style& style);
/// The commands that lead on from a request.
[[nodiscard]] std::string go_on(const boost::json::value& request);
[[nodiscard]] std::string preview_story(const boost::json::value& preview, const Style& style);
[[nodiscard]] std::string csr_story(const boost::json::value& report, const Style& style);
[[nodiscard]] std::string import_story(const boost::json::value& report, const Style& style);

}  // namespace cabroker::cli
