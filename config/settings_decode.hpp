// Inside config/: the whole configuration from its merged JSON form.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "config/settings.hpp"
#include "json/reader.hpp"

namespace cabroker::config {

struct DecodedSettings {
    Settings settings;
    /// Not refused: pointer, code and detail as in problems.
    json::Problems warnings;
};

/// Shipped routes, brands and policy must be merged in already, profiles and templates inlined.
/// Looks up groups.
[[nodiscard]] DecodedSettings decode_settings(const boost::json::value& value, bool shipped_routes,
                                              json::Problems& problems);
[[nodiscard]] RoleSettings decode_roles(const boost::json::value* value, const std::string& pointer,
                                        json::Problems& problems, json::Problems& warnings);
[[nodiscard]] EngineSettings decode_engine(const boost::json::value& value,
                                           const std::string& pointer, json::Problems& problems);
[[nodiscard]] ApiSettings decode_api(const boost::json::value& value, const std::string& pointer,
                                     json::Problems& problems);

}  // namespace cabroker::config
