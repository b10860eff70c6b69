#include "adapters/guest_portal/check.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PortalOperation;
using portal::Run;
using portal::Stop;
using protocol::CheckReport;

namespace {

/// Can the first step of a sign-in be made without anybody's data and without any effect?
bool is_bare(const config::ProfileStep& step) {
    const config::RequestTemplate& request = step.request;
    return request.method == config::Method::get && request.form.empty() && request.link.empty() &&
           step.effect == domain::EffectClass::free && step.when.empty();
}

CheckReport report_of(const Run& run) {
    CheckReport report;
    report.facts.emplace("step", run.step);
    if (run.stop == Stop::finished) {
        report.detail = "the portal shows the page that sign-ins begin with";
        return report;
    }
    report.ok = false;
    report.detail = run.detail;
    if (run.stop == Stop::outcome) {
        report.facts.emplace("outcome", std::string(config::name_of(run.outcome)));
        report.detail = "the portal says: " + std::string(config::name_of(run.outcome));
        if (!run.detail.empty()) report.detail += ", " + run.detail;
    }
    if (report.detail.empty()) report.detail = "the portal does not show the page it should";
    return report;
}

/// Where the first step needs somebody's data: does anybody answer at all?
asio::awaitable<CheckReport> knock(const portal::Portal& portal,
                                   std::chrono::steady_clock::time_point deadline) {
    transport::HttpRequest request("GET", portal.origin.text() + "/");
    request.ca_file = portal.ca_file;
    request.deadline = deadline;
    request.max_body = portal::kLargestAnswer;
    const domain::Result<transport::HttpResponse> answer =
        co_await portal.http.perform(std::move(request));
    CheckReport report;
    if (!answer) {
        report.ok = false;
        report.detail = answer.error().detail;
        co_return report;
    }
    report.ok = answer->status < 500;
    report.facts.emplace("status", std::to_string(answer->status));
    report.detail = report.ok ? "the portal answers; no page was looked at, because signing in "
                                "takes an account or an order"
                              : "the portal answers with an error";
    co_return report;
}

}  // namespace

asio::awaitable<domain::Result<CheckReport>> look_at(
    const portal::Portal& portal, std::chrono::steady_clock::time_point deadline) {
    const config::ProfileOperation* sign_in = portal.profile.operation(PortalOperation::sign_in);
    if (sign_in == nullptr || sign_in->steps.empty() || !is_bare(sign_in->steps.front()))
        co_return co_await knock(portal, deadline);
    portal::Portal first = portal;
    first.profile.operations[PortalOperation::sign_in].steps.resize(1);
    portal::Browser browser(first, portal::BrowserState(), deadline);
    portal::Variables nothing;
    const Run run = co_await browser.run(PortalOperation::sign_in, std::move(nothing));
    co_return report_of(run);
}

}  // namespace cabroker::adapters::guest_portal
