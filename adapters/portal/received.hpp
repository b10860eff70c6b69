// One answer of a portal, read as its profile says: which page it is and which values it holds. An
// answer that fits no rule is nothing: it is never guessed at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/portal/variables.hpp"
#include "config/portal_profile.hpp"
#include "domain/error.hpp"
#include "transport/http_client.hpp"
#include "transport/json_page.hpp"
#include "transport/page.hpp"

namespace cabroker::adapters::portal {

class Received {
  public:
    /// With `shown_before` the tree of that page is used again when this answer has the same octets
    /// and type: portals show the page that one has just seen, and reading one is dear.
    explicit Received(transport::HttpResponse response, const Received* shown_before = nullptr);

    /// Does everything that the rule names hold? bad_configuration: an expression that does not
    /// compile.
    [[nodiscard]] domain::Result<bool> is(const config::PageRule& rule) const;
    /// Which part of the rule does not hold, for people; empty when all do.
    [[nodiscard]] std::string why_not(const config::PageRule& rule) const;
    /// The first expectation whose page this is; nullptr when none is.
    [[nodiscard]] domain::Result<const config::Expectation*> recognise(
        const config::PortalProfile& profile,
        const std::vector<config::Expectation>& expectations) const;
    /// Takes the values out. bad_answer, with what is missing, when a required one is absent.
    [[nodiscard]] domain::Result<void> extract(const std::vector<config::Extraction>& extractions,
                                               Variables& into) const;
    /// What the page says about itself, by the expectation's XPath or JSON pointer; may be empty.
    [[nodiscard]] std::string detail(const config::Expectation& expectation) const;

    /// bad_answer when the answer is no HTML page.
    [[nodiscard]] domain::Result<transport::Page> page() const;
    /// Why no expression can find anything in the answer; empty when one could.
    [[nodiscard]] std::string unreadable() const;
    [[nodiscard]] const transport::HttpResponse& response() const { return response_; }
    /// Retry-After, seconds or an HTTP date, at most a week; nullopt when absent or written
    /// otherwise.
    [[nodiscard]] std::optional<domain::Duration> retry_after(domain::Time now) const;
    /// What references in the page are resolved against: its `<base>`, else its URL.
    [[nodiscard]] std::string base() const;

  private:
    [[nodiscard]] domain::Result<std::vector<std::string>> values_of(
        const config::Extraction& extraction) const;
    [[nodiscard]] domain::Result<bool> json_holds(const config::PageRule& rule) const;

    transport::HttpResponse response_;
    // Parsed at most once; the error says why not.
    std::optional<domain::Result<transport::Page>> page_;
    std::optional<domain::Result<transport::JsonPage>> json_;
};

}  // namespace cabroker::adapters::portal
