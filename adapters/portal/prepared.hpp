// A request of a profile step, filled in and ready to be sent, as a plain value: a `once` request
// waits as one between the intent and the leave, and crosses in the adapter's cookie.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/multipart.hpp"
#include "adapters/portal/received.hpp"
#include "adapters/portal/variables.hpp"
#include "config/portal_profile.hpp"
#include "domain/error.hpp"
#include "transport/form.hpp"
#include "transport/http_client.hpp"
#include "transport/origin.hpp"

namespace cabroker::adapters::portal {

/// Exactly one of `values` (form encodings) and `document` (JSON) is sent, if any.
struct Prepared {
    std::size_t step = 0;
    std::string method = "GET";
    std::string url;
    config::BodyEncoding encoding = config::BodyEncoding::none;
    transport::FormValues values;
    std::vector<FilePart> files;  ///< multipart: one per value
    std::string document;
    /// Made anew before sending, never kept: they may hold credentials.
    std::vector<transport::HttpHeader> headers;
    /// Values that the steps behind this one may name.
    std::map<std::string, std::string> carried;
};

/// Header names and texts, of a profile or a step.
using Headers = std::vector<std::pair<std::string, config::TextTemplate>>;

/// Fills in the request of step `index` from the page before (nullptr at the first) and the
/// variables. A form's own controls are carried over. Errors:
/// - bad_answer: the page before has no such form, link or button, more than one, or it leads out
///   of `origin`: the page is not the one the profile knows;
/// - not_found with fact `field`: a choice of the form does not offer the value;
/// - bad_configuration: the profile names a variable that is not there.
[[nodiscard]] domain::Result<Prepared> prepare(const config::ProfileStep& step, std::size_t index,
                                               const Received* before, const Headers& common,
                                               const Variables& variables,
                                               const transport::Origin& origin);
/// Makes `prepared.headers`: the profile's `common` ones, then the step's.
[[nodiscard]] domain::Result<void> fill_headers(const config::ProfileStep& step,
                                                const Headers& common, const Variables& variables,
                                                Prepared& prepared);

/// The HTTP request without cookies, limits and trust, which the browser adds.
[[nodiscard]] transport::HttpRequest http_request(const Prepared& prepared);

/// The JSON form, without headers. Values equal to the variable `csr` are left as a reference to
/// it, because the cookie is small.
[[nodiscard]] boost::json::value to_json(const Prepared& prepared, const Variables& variables);
/// nullopt when it is not what to_json wrote, or needs a variable that is not there.
[[nodiscard]] std::optional<Prepared> prepared_from(const boost::json::value& value,
                                                    const Variables& variables);

}  // namespace cabroker::adapters::portal
