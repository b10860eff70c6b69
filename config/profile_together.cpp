// What only shows when the whole profile is read: what its parts need of each other.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "config/profile_decode.hpp"
#include "domain/ascii.hpp"
#include "domain/http_headers.hpp"

namespace cabroker::config {
namespace {

using json::Problems;

bool extracts(const PortalProfile& profile, PortalOperation operation, std::string_view name) {
    const ProfileOperation* plan = profile.operation(operation);
    if (plan == nullptr) return false;
    return std::any_of(plan->steps.begin(), plan->steps.end(), [&](const ProfileStep& step) {
        return std::any_of(step.extract.begin(), step.extract.end(),
                           [&](const Extraction& value) { return value.name == name; });
    });
}

void check_expectations(const ProfileStep& step, const std::string& pointer, Problems& problems) {
    if (step.expect.empty()) {
        problems.emplace_back(pointer + "/expect", "required",
                              "name the page that comes: without one this step never ends well");
    }
    std::set<std::string> named;
    for (std::size_t at = 0; at < step.expect.size(); ++at) {
        if (named.insert(step.expect[at].page).second) continue;
        problems.emplace_back(pointer + "/expect/" + std::to_string(at) + "/page", "bad_format",
                              "an expectation before has this page already: this one never counts");
    }
}

/// No way through the steps may pass the one that changes the order by.
void check_ways(const ProfileOperation& plan, const std::string& pointer, Problems& problems) {
    if (!plan.once_step) return;
    for (std::size_t at = 0; at < *plan.once_step; ++at) {
        const ProfileStep& step = plan.steps[at];
        for (std::size_t one = 0; one < step.expect.size(); ++one) {
            const Expectation& expectation = step.expect[one];
            const bool past = expectation.then == Expectation::Then::done ||
                              (expectation.then == Expectation::Then::skip_to &&
                               expectation.step > *plan.once_step);
            if (!past) continue;
            problems.emplace_back(
                pointer + "/" + std::to_string(at) + "/expect/" + std::to_string(one), "bad_format",
                "passes by the step with `effect: once`, which changes the order");
        }
    }
    if (!plan.steps[*plan.once_step].when.empty()) {
        problems.emplace_back(pointer + "/" + std::to_string(*plan.once_step) + "/when",
                              "bad_format", "the step that changes the order cannot be left out");
    }
}

/// Names of which one value is taken.
void check_lists(const ProfileStep& step, const std::string& pointer, Problems& problems) {
    constexpr std::array<std::string_view, 12> kSingle{
        "status",     "order_id",   "common_name",       "serial",
        "product",    "valid_from", "valid_until",       "attempts_left",
        "revoked_at", "contact",    "revocation_reason", "code_expires_at"};
    for (const Extraction& value : step.extract) {
        const bool single = std::find(kSingle.begin(), kSingle.end(), value.name) != kSingle.end();
        if (!value.all || !single) continue;
        problems.emplace_back(pointer + "/extract/" + value.name + "/all", "bad_format",
                              "one value is wanted here");
    }
}

void check_operation(const ProfileOperation& plan, const std::string& pointer, Problems& problems) {
    for (std::size_t at = 0; at < plan.steps.size(); ++at) {
        check_expectations(plan.steps[at], pointer + "/" + std::to_string(at), problems);
        check_lists(plan.steps[at], pointer + "/" + std::to_string(at), problems);
    }
    check_ways(plan, pointer, problems);
    if (plan.steps.empty()) return;
    const RequestTemplate& first = plan.steps.front().request;
    for (const std::string_view key : {"form", "link"}) {
        const bool named = key == "form" ? !first.form.empty() : !first.link.empty();
        if (!named) continue;
        problems.emplace_back(pointer + "/0/" + std::string(key), "bad_format",
                              "the first step has no page before: get one first");
    }
}

}  // namespace

void check_header(const std::string& name, const boost::json::value& text,
                  const std::string& pointer, Problems& problems) {
    if (domain::is_client_header(domain::lower(name))) {
        problems.emplace_back(pointer, "bad_format",
                              "this header is set for you; a body's type follows from `body`");
    }
    if (!text.is_string()) return;
    const std::string_view value = text.get_string();
    const bool broken = std::any_of(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (broken) {
        problems.emplace_back(pointer, "bad_format",
                              "a header's text has no line breaks or other control characters");
    }
}

void check_together(const PortalProfile& profile, const std::string& pointer, Problems& problems) {
    for (const auto& [operation, plan] : profile.operations) {
        check_operation(plan, pointer + "/operations/" + std::string(name_of(operation)), problems);
    }
    const bool reads = profile.operation(PortalOperation::read_order) != nullptr;
    if (reads && !extracts(profile, PortalOperation::read_order, "status")) {
        problems.emplace_back(pointer + "/operations/read_order", "required",
                              "extract `status`: without it nothing can be told of the order");
    }
    const auto& mail = profile.access_code.mail;
    const bool by_nonce = mail && mail->binds == CodeMail::Binds::nonce;
    if (by_nonce && !extracts(profile, PortalOperation::sign_in, "nonce")) {
        problems.emplace_back(pointer + "/access_code/mail/binds", "required",
                              "sign_in must extract `nonce`, which the mail names");
    }
}

}  // namespace cabroker::config
