// Messages and artifacts as JSON: what is known of them, never their octets.
#pragma once

#include <boost/json/fwd.hpp>

#include "daemon/store/rows.hpp"

namespace cabroker::api {

[[nodiscard]] boost::json::object message_json(const store::MessageRow& row);
[[nodiscard]] boost::json::object artifact_json(const store::ArtifactRow& row);

}  // namespace cabroker::api
