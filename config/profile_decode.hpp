// Inside config/: the parts of decode_portal_profile.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/portal_profile.hpp"

namespace cabroker::config {

[[nodiscard]] std::optional<PortalOperation> parse_portal_operation(std::string_view word);
[[nodiscard]] std::optional<ReissueState> parse_reissue_state(std::string_view word);
[[nodiscard]] std::optional<RevokeState> parse_revoke_state(std::string_view word);
[[nodiscard]] std::optional<CertificateState> parse_certificate_state(std::string_view word);
[[nodiscard]] std::string page_outcome_words();
[[nodiscard]] std::string portal_operation_words();

/// Steps of one operation. `known` holds the variables that templates may name when the operation
/// starts.
[[nodiscard]] ProfileOperation decode_operation(
    PortalOperation operation, const boost::json::value& value, const std::string& pointer,
    const PortalProfile& profile, const std::set<std::string>& known, json::Problems& problems);
/// Variables that the operations of a profile keep in the session.
[[nodiscard]] std::set<std::string> kept_variables(const boost::json::value& operations);
/// Variables that read_order extracts.
[[nodiscard]] std::set<std::string> read_variables(const boost::json::value& operations);
/// words, dates, serials, publication and headers of a profile.
void decode_notations(json::ObjectReader& reader, PortalProfile& profile, json::Problems& problems);
/// One `{page: ..., ...}`; `steps` are the step names that skip_to may name, in order, `own` the
/// step's index.
[[nodiscard]] Expectation decode_expectation(const boost::json::value& value,
                                             const std::string& pointer,
                                             const PortalProfile& profile,
                                             const std::vector<std::string>& steps, std::size_t own,
                                             json::Problems& problems);
/// One variable of `extract`.
[[nodiscard]] Extraction decode_extraction(const std::string& name, const boost::json::value& value,
                                           const std::string& pointer, json::Problems& problems);
/// Complains when brackets or quotes of an XPath do not pair, it is empty, or it names what XPath
/// 1.0 on a page without namespaces does not know.
void check_xpath(const std::string& xpath, const std::string& pointer, json::Problems& problems);
/// Complains unless it is an RFC 6901 pointer.
void check_json_pointer(const std::string& expression, const std::string& pointer,
                        json::Problems& problems);

/// An XPath of a profile's text, and where it stands.
struct ProfileXPath {
    std::string pointer;
    std::string text;
};
[[nodiscard]] std::vector<ProfileXPath> xpaths_of(const boost::json::value& profile);
/// Complains about a header that is the HTTP client's own, or whose text would end its line.
void check_header(const std::string& name, const boost::json::value& text,
                  const std::string& pointer, json::Problems& problems);
/// What only shows when the whole profile is read: what its parts need of each other.
void check_together(const PortalProfile& profile, const std::string& pointer,
                    json::Problems& problems);

}  // namespace cabroker::config
