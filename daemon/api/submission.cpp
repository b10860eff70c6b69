#include "daemon/api/submission.hpp"

#include <algorithm>

#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "domain/secret.hpp"

namespace cabroker::api {
namespace {

domain::Duration deadline_of(const config::Settings& settings, const policy::Decision& decision) {
    const auto adapter = settings.adapters.find(decision.adapter.value_or(""));
    if (adapter != settings.adapters.end()) {
        const config::AdapterDetails& details = adapter->second.details;
        if (const auto* ticket = std::get_if<config::EmailTicketSettings>(&details))
            return ticket->ticket_deadline;
        if (const auto* human = std::get_if<config::HumanSettings>(&details))
            return human->ticket_deadline;
    }
    return settings.engine.request_deadline;
}

// Programs say of themselves what they can do; all else is in the settings.
policy::KnownSkills skills_of(const Api& api) {
    policy::KnownSkills skills;
    const auto& configured = api.services.settings->adapters;
    const bool any = std::any_of(configured.begin(), configured.end(), [](const auto& entry) {
        return std::holds_alternative<config::ProgramSettings>(entry.second.details);
    });
    if (!any) return skills;
    for (engine::AdapterStatus& status : api.services.adapters.adapters()) {
        if (status.kinds.empty()) continue;
        policy::Skills said;
        said.kinds = std::move(status.kinds);
        said.brands = std::move(status.brands);
        skills.emplace(status.name, std::move(said));
    }
    return skills;
}

std::string approval_reason(const policy::Decision& decision) {
    if (!decision.outcome) return "policy asks for approval";
    return decision.outcome->detail.empty() ? decision.outcome->code : decision.outcome->detail;
}

Response created_response(const domain::Request& made) { return request_response(201, made); }

// The answer was made while the request was at hand; it leaves when the request is on disk.
asio::awaitable<Response> tell_created(Response answer, asio::awaitable<Result<void>> stored) {
    const Result<void> done = co_await std::move(stored);
    if (!done) co_return problem(done.error());
    answer.remembered = true;
    co_return answer;
}

}  // namespace

policy::Decision decide_on(const Api& api, const Submission& submission, domain::Time at,
                           policy::Explain explain) {
    const pki::CsrFacts* csr = submission.csr ? &*submission.csr : nullptr;
    const policy::DecisionInput input{
        submission.order.order, submission.params, csr,    at, *api.services.settings,
        std::nullopt,           skills_of(api),    explain};
    return policy::decide(input);
}

asio::awaitable<Response> submit(Api& api, const ApiCall& call, Submission&& submission) {
    const domain::Time now = api.now();
    policy::Decision decision = decide_on(api, submission, now, policy::Explain::nothing);

    engine::Creation creation;
    domain::Request& request = creation.request;
    request.id = api.services.ids.make<domain::RequestId>(now);
    request.kind = domain::kind_of(submission.params);
    request.order = domain::snapshot_of(submission.order.order);
    request.params = std::move(submission.params);
    request.adapter = decision.adapter;
    request.channel = decision.channel;
    request.deadline_at = now + deadline_of(*api.services.settings, decision);
    request.external_ref = std::move(submission.external_ref);
    request.labels = std::move(submission.labels);
    request.note = std::move(submission.note);
    request.retry_of = std::move(submission.retry_of);
    request.created_by = call.caller.person;
    if (submission.order.is_new)
        creation.new_order = std::make_unique<domain::Order>(std::move(submission.order.order));
    creation.allow_duplicate = submission.allow_duplicate;
    if (decision.verdict == policy::Decision::Verdict::reject)
        creation.refusal = std::move(decision.outcome);
    if (decision.verdict == policy::Decision::Verdict::needs_approval)
        creation.approval_reason = approval_reason(decision);
    for (policy::Warning& warning : decision.warnings) {
        creation.warnings.push_back(
            engine::Warning{std::move(warning.code), std::move(warning.detail)});
    }

    engine::Also also = also_remember(api, call, created_response);
    engine::Creating creating = api.services.requests.create(std::move(creation), std::move(also));
    return tell_created(created_response(*creating.request), std::move(creating.stored));
}

asio::awaitable<std::optional<pki::CsrFacts>> check_csr(Api& api, std::string& text,
                                                        std::string pointer,
                                                        json::Problems& problems) {
    std::function<pki::CsrReport()> work = [csr = std::move(text)]() mutable {
        pki::CsrReport report = pki::inspect_csr(csr);
        domain::wipe(csr);
        return report;
    };
    pki::CsrReport report = co_await from_pool(api.services.pool, std::move(work));
    for (const pki::Finding& finding : report.findings) {
        if (finding.severity != pki::Severity::error) continue;
        std::string detail = finding.detail;
        if (!finding.hint.empty()) detail += "; " + finding.hint;
        problems.emplace_back(pointer, std::string(pki::problem_code_of(finding)),
                              std::move(detail));
    }
    std::optional<pki::CsrFacts> facts;
    if (report.ok) facts = pki::facts_of(report);
    text = std::move(report.pem);
    co_return facts;
}

}  // namespace cabroker::api
