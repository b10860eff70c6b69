// What a web portal looks like, as data: pages and how they are recognised, operations as lists of
// steps, maps of words. The YAML form is described in docs/portal-profiles.md; adapters/portal
// interprets the struct. Values only, no I/O.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/text_template.hpp"
#include "domain/words.hpp"
#include "json/reader.hpp"

namespace cabroker::config {

/// What a session of the portal is bound to.
enum class Binding { order_and_contact, account };

/// What an adapter can be made to do at a portal. reissue, revoke, revoke_certificate and
/// cancel_reissue hold exactly one `once` step. revoke ends every certificate of an order,
/// revoke_certificate one.
enum class PortalOperation {
    sign_in,
    enter_code,
    read_order,
    reissue,
    download,
    revoke,
    revoke_certificate,
    cancel_reissue,
};
[[nodiscard]] std::string_view name_of(PortalOperation operation);

/// What a page means when it is not the one hoped for. The adapter knows what to do about each.
enum class PageOutcome {
    wrong_contact,
    unknown_order,
    access_code_wrong,
    access_code_expired,
    access_code_attempts_exhausted,
    session_expired,
    guest_access_disabled,
    revoke_not_allowed,
    awaiting_approval,
    human_login,
    rate_limited,
    maintenance,
    csr_rejected,
    reissue_pending,
    order_not_issued,
    not_supported_by_channel,
    credentials_rejected,
    stale_form,
};
[[nodiscard]] std::string_view name_of(PageOutcome outcome);
[[nodiscard]] std::optional<PageOutcome> parse_page_outcome(std::string_view word);

/// How to recognise a page: everything named here must hold.
struct PageRule {
    std::string name;
    /// HTTP statuses; empty: 200 only.
    std::vector<int> statuses;
    /// The path of the final URL, a trailing `*` stands for any rest; empty: any.
    std::string path;
    /// An XPath 1.0 expression whose boolean value is true (HTML and XML answers); empty: not
    /// asked.
    std::string xpath;
    /// A JSON pointer that leads to a value (JSON answers), and what its text must be or hold, if
    /// anything: one of `json_equals`, and `json_contains`.
    std::string json_pointer;
    std::vector<std::string> json_equals;
    std::string json_contains;
    /// Prefix of the media type, case-blind; empty: any.
    std::string content_type;
};

enum class Method { get, post, put, delete_ };
[[nodiscard]] std::string_view name_of(Method method);  ///< "GET", ...

enum class BodyEncoding { none, form, multipart, json };

/// One field of a form. A file part has `file_name` (multipart only).
struct RequestField {
    std::string name;
    TextTemplate value;
    std::optional<std::string> file_name;
    std::string content_type;
};

/// One HTTP request. With `form`: the action, method and successful controls (hidden ones, CSRF
/// tokens, preset values) of that form of the page before are used, `fields` override or add. With
/// `link`: the URL stands in the page before. Otherwise method and path are given here. Any URL
/// found in a page must be of the base URL's origin.
struct RequestTemplate {
    Method method = Method::get;
    /// Below the base URL, begins with `/`; variables are percent-encoded. May hold a query.
    TextTemplate path;
    /// XPath of one <form> element.
    std::string form;
    /// XPath of one URL (an @href, for instance).
    std::string link;
    /// XPath of the submit button inside the form whose name and value are sent too; empty: none
    /// is.
    std::string button;
    BodyEncoding body = BodyEncoding::none;
    std::vector<RequestField> fields;
    /// With body json: the document; strings in it are templates, rendered by render_json().
    std::string json_body;
    std::vector<std::pair<std::string, TextTemplate>> headers;
};

/// What to do when a page is recognised.
struct Expectation {
    std::string page;
    enum class Then { next_step, skip_to, done, outcome, rejected };
    Then then = Then::next_step;
    /// skip_to: index of a later step.
    std::size_t step = 0;
    PageOutcome outcome = PageOutcome::maintenance;
    /// rejected: the stable word of the request's outcome.
    std::string code;
    /// XPath of what the page says about it, kept as detail; empty: none.
    std::string detail;
    /// JSON pointer of the same, for JSON answers.
    std::string detail_pointer;
    /// With rate_limited and maintenance: how long to stay away when the portal does not say.
    std::optional<domain::Duration> retry_after;
};

/// One value taken from an answer. Exactly one source.
struct Extraction {
    std::string name;
    enum class Source { xpath, json_pointer, header, url, body };
    Source source = Source::xpath;
    /// XPath (its string value, or the string of each node with `all`), JSON pointer, or header
    /// name.
    std::string expression;
    /// A list: every node or array element. Variables of a list are joined with newline in
    /// templates.
    bool all = false;
    /// With json and `all`: the array's elements are objects; pointer of the value in each (absent
    /// there: an empty text), and which elements count.
    std::string item;
    std::string where_pointer;
    std::string where_equals;
    /// Absence is the answer "unknown page" when true.
    bool required = false;
    /// Text to cut away in front and behind after trimming white space; nothing when it is not
    /// there.
    std::string after;
    std::string before;
    /// Kept in the session and known to later operations of it.
    bool keep = false;
};

struct ProfileStep {
    /// Unique within the operation; shown in timelines.
    std::string name;
    RequestTemplate request;
    domain::EffectClass effect = domain::EffectClass::free;
    /// Tried in order, before the profile's `errors`.
    std::vector<Expectation> expect;
    std::vector<Extraction> extract;
    /// Run only when this variable is there and not empty; empty: always.
    std::string when;
};

/// An access code as people may type it: bounded length and classes of ASCII characters. No regular
/// expressions.
struct CodePattern {
    std::size_t min_length = 4;
    std::size_t max_length = 64;
    bool digits = true;
    bool upper = false;
    bool lower = false;
    /// Other characters allowed, for instance "-".
    std::string others;

    [[nodiscard]] bool accepts(std::string_view code) const;
    /// "6 to 8 characters, digits": for hints and problems.
    [[nodiscard]] std::string text() const;
};

/// How to know a code mail and find the code in it.
struct CodeMail {
    /// Addresses, or `@domain`; compared case-blind, whole.
    std::vector<std::string> senders;
    std::string subject_contains;
    /// The code is the first word after this text that fits the pattern.
    std::vector<std::string> code_after;
    enum class Binds { nothing, order_id, common_name, nonce };
    Binds binds = Binds::nothing;
    std::vector<std::string> binding_after;
};

/// What became of a reissue or of a revoke, and whether a certificate still holds.
enum class ReissueState { pending, issued, canceled, rejected };
enum class RevokeState { pending, revoked, rejected };
enum class CertificateState { valid, revoked };

/// Where a validation token goes, for portals that show the token only: texts with {{domain}} and
/// {{value}}.
struct Publication {
    TextTemplate where;
    TextTemplate value;
};

struct AccessCodeRules {
    domain::Duration ttl = std::chrono::hours(2);
    CodePattern pattern;
    /// Wrong codes a sign-in survives, where the portal does not tell.
    std::optional<int> attempts;
    std::optional<CodeMail> mail;
};

/// The names of a portal, one table per vocabulary. Keys are the portal's words, compared
/// case-blind after trimming.
struct WordMaps {
    std::map<std::string, domain::OrderStatus> statuses;
    /// Ours → the portal's.
    std::map<domain::ValidationMethod, std::string> validation_methods;
    std::map<domain::Format, std::string> formats;
    std::map<domain::ReasonCode, std::string> reason_codes;
    /// The portal's → ours.
    std::map<std::string, domain::ValidationMethod> token_methods;
    std::map<std::string, ReissueState> reissue_states;
    std::map<std::string, RevokeState> revoke_states;
    std::map<std::string, CertificateState> certificate_states;
};

struct ProfileOperation {
    std::vector<ProfileStep> steps;
    /// Index of the `once` step, if any: intend is answered before it.
    std::optional<std::size_t> once_step;
};

/// At most so many requests in any such time, in a burst or evenly.
struct RateWindow {
    std::size_t requests = 1;
    domain::Duration per = std::chrono::seconds(1);

    bool operator==(const RateWindow&) const = default;
};
/// A list of `{requests, per}`, at most four.
[[nodiscard]] std::vector<RateWindow> decode_rate(const boost::json::value& value,
                                                  const std::string& pointer,
                                                  json::Problems& problems);

struct PortalProfile {
    std::string name;
    std::string title;
    Binding binds = Binding::order_and_contact;
    domain::Duration session_ttl = std::chrono::hours(2);
    AccessCodeRules access_code;
    /// What identifies the order at sign-in, in the order of preference.
    enum class OrderIdentifier { supplier_order_id, common_name };
    std::vector<OrderIdentifier> order_identifiers;
    /// strptime formats of the dates on the pages, tried in order; without a zone: `time_zone` as
    /// offset.
    std::vector<std::string> date_formats;
    std::chrono::minutes utc_offset{0};
    WordMaps words;
    /// How the portal writes serial numbers: upper-case digits, and what stands between octets.
    bool serial_upper = false;
    std::string serial_separator;
    /// What the portal allows each account; empty: nothing is known of it.
    std::vector<RateWindow> rate;
    /// Sent with every request.
    std::vector<std::pair<std::string, TextTemplate>> headers;
    std::map<domain::ValidationMethod, Publication> publication;
    /// The format that is fetched to prove a certificate.
    domain::Format proof_format = domain::Format::pem_all;
    std::vector<PageRule> pages;
    /// What pages mean wherever they turn up; tried after a step's own expectations.
    std::vector<Expectation> errors;
    std::map<PortalOperation, ProfileOperation> operations;

    [[nodiscard]] const PageRule* page(std::string_view name) const;
    [[nodiscard]] const ProfileOperation* operation(PortalOperation operation) const;
    /// Does a header of any request carry the variable, as those that open a session do?
    [[nodiscard]] bool stands_in_headers(std::string_view variable) const;
    /// The normalised status of the portal's word; unknown when the profile has no such word.
    [[nodiscard]] domain::OrderStatus status_of(std::string_view raw) const;
    /// Our word for one of the portal's, which may write it as we do; nullopt when it is neither.
    [[nodiscard]] std::optional<domain::ValidationMethod> token_method_of(
        std::string_view raw) const;
    [[nodiscard]] std::optional<ReissueState> reissue_state_of(std::string_view raw) const;
    [[nodiscard]] std::optional<RevokeState> revoke_state_of(std::string_view raw) const;
    [[nodiscard]] std::optional<CertificateState> certificate_state_of(std::string_view raw) const;
    /// A serial number (hex digits, in any notation) as the portal writes it.
    [[nodiscard]] std::string serial_text(std::string_view serial) const;
    /// What requests this portal can do: the kinds whose operations are there.
    [[nodiscard]] bool does(domain::Kind kind) const;
    [[nodiscard]] std::vector<domain::Kind> kinds() const;
};

/// Reads a profile, from YAML (as JSON) or from the link; every problem goes to `problems` with its
/// pointer.
[[nodiscard]] PortalProfile decode_portal_profile(const boost::json::value& value,
                                                  const std::string& pointer,
                                                  json::Problems& problems);

/// Variables that templates of an operation may name without extracting them first:
/// email order_identifier common_name supplier_order_id access_code csr validation_method reason
/// reason_code format serial username password.
[[nodiscard]] bool is_given_variable(std::string_view name);

/// Hex digits of a serial number only, lower case, without leading zeros; empty when it is none.
[[nodiscard]] std::string plain_serial(std::string_view text);

}  // namespace cabroker::config
