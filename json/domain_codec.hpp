// The canonical JSON form of the domain's types: the bodies of the API and the JSON columns of the
// store. Every member of the contract's shape is present; what is not known is null.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/request.hpp"

namespace cabroker::json {

/// The contract's representation of a request.
[[nodiscard]] boost::json::object to_json(const domain::Request& request);
/// The contract's representation of an order; `login_email` is who gets the code, so the admin
/// contact by default.
[[nodiscard]] boost::json::object to_json(const domain::Order& order);
[[nodiscard]] boost::json::object to_json(const domain::OrderSnapshot& order);
/// The members of its kind; `{}` for status.
[[nodiscard]] boost::json::object to_json(const domain::Params& params);
[[nodiscard]] boost::json::object to_json(const domain::Need& need);
[[nodiscard]] boost::json::object to_json(const domain::Evidence& evidence);
[[nodiscard]] boost::json::object to_json(const domain::Outcome& outcome);
[[nodiscard]] boost::json::object to_json(const domain::Trouble& trouble);
[[nodiscard]] boost::json::object to_json(const domain::CertificateFacts& facts);
[[nodiscard]] boost::json::object to_json(const domain::RequestResult& result);
[[nodiscard]] boost::json::object to_json(const domain::Person& person);
[[nodiscard]] boost::json::object to_json(const domain::Labels& map);
[[nodiscard]] boost::json::array to_json(const std::vector<domain::Need>& needs);

/// Reading back what to_json wrote: lenient about unknown and absent members, bad_answer when a
/// type or word is wrong. Not for bodies from outside, which ObjectReader reads.
[[nodiscard]] domain::Result<domain::Params> params_from_json(domain::Kind kind,
                                                              const boost::json::value& value);
[[nodiscard]] domain::Result<domain::Need> need_from_json(const boost::json::value& value);
[[nodiscard]] domain::Result<std::vector<domain::Need>> needs_from_json(
    const boost::json::value& value);
[[nodiscard]] domain::Result<domain::Outcome> outcome_from_json(const boost::json::value& value);
[[nodiscard]] domain::Result<domain::Trouble> trouble_from_json(const boost::json::value& value);
[[nodiscard]] domain::Result<domain::CertificateFacts> certificate_from_json(
    const boost::json::value& value);
/// The variant follows from the members: order_status, certificate, refund or account.
[[nodiscard]] domain::Result<domain::RequestResult> result_from_json(
    const boost::json::value& value);
[[nodiscard]] domain::Result<domain::Labels> labels_from_json(const boost::json::value& value);

/// `null` for nullopt, RFC 3339 text otherwise.
[[nodiscard]] boost::json::value to_json(const std::optional<domain::Time>& time);
/// `null` for nullopt.
[[nodiscard]] boost::json::value to_json(const std::optional<std::string>& text);

}  // namespace cabroker::json
