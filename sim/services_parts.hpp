// What the sources of the Services API share. Includes Boost.JSON: for sources only.
#pragma once

#include <boost/json.hpp>

#include "sim/services_api.hpp"

namespace cabroker::sim {

/// One call with what is known about it.
struct ServicesApi::Call {
    const HttpRequest& request;
    Login& login;
    /// The path's parts that the route leaves open.
    std::vector<std::string> parts;
    boost::json::object body;
    Order* order = nullptr;

    /// A text member of the body, or of the object `in` within it; empty when it is none.
    [[nodiscard]] std::string text(std::string_view name, std::string_view in = "") const;
    [[nodiscard]] bool skips_approval() const;
};

[[nodiscard]] HttpReply api_json(unsigned status, const boost::json::value& value);
[[nodiscard]] HttpReply api_error(unsigned status, std::string_view code, std::string_view message);
[[nodiscard]] HttpReply api_refusal(Refusal refusal);
/// A number when it looks like one, as the API's ids do.
[[nodiscard]] boost::json::value api_id(const std::string& text);
[[nodiscard]] boost::json::array api_names(const Order& order);
[[nodiscard]] boost::json::object api_info(Order& order, const std::vector<ApiRequest>& requests,
                                           domain::Time now);
[[nodiscard]] boost::json::object api_json_of(const ApiRequest& request, bool whole);

}  // namespace cabroker::sim
