// From the options of a command to the JSON body of a request.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"

namespace cabroker::cli {

/// --cn, --order and the fields that describe an order the inventory does not know.
[[nodiscard]] std::vector<Option> order_options();
/// --ref, --label, --note, --dry-run, --allow-duplicate.
[[nodiscard]] std::vector<Option> request_options();

/// The `order` member; usage when none is named.
[[nodiscard]] OrExit<boost::json::object> order_member(Session& session,
                                                       const Arguments& arguments);
/// `text` as --order takes it, as the member of `order` that it means.
void name_order(const std::string& text, boost::json::object& order);
/// The order of the inventory that such a member names, when it is one; says nothing otherwise.
[[nodiscard]] std::optional<boost::json::value> known_order(Session& session,
                                                            const boost::json::object& order);
/// The whole body of POST /v1/requests.
[[nodiscard]] OrExit<boost::json::object> request_body(Session& session, const std::string& kind,
                                                       const Arguments& arguments);
/// The fields of an order given as options, for `order add`.
[[nodiscard]] boost::json::object order_fields(const Arguments& arguments);
/// "k=v" for each --label; usage when one has no "=".
[[nodiscard]] OrExit<boost::json::object> labels_member(Session& session,
                                                        const Arguments& arguments);

}  // namespace cabroker::cli
