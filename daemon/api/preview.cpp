#include "daemon/api/preview.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "daemon/api/representation.hpp"
#include "json/domain_codec.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

bj::array rules_json(const policy::Routing& routing) {
    bj::array rules;
    for (const policy::RuleExplanation& rule : routing.rules) {
        bj::object entry;
        entry["name"] = rule.name;
        entry["matched"] = rule.matched;
        entry["why"] = rule.why;
        entry["adapter"] = json::to_json(rule.adapter);
        entry["valid_from"] = json::to_json(rule.valid_from);
        entry["valid_until"] = json::to_json(rule.valid_until);
        rules.push_back(std::move(entry));
    }
    return rules;
}

void add_warning(bj::array& warnings, const std::string& code, const std::string& detail) {
    bj::object entry;
    entry["code"] = code;
    entry["detail"] = detail;
    warnings.push_back(std::move(entry));
}

bj::object decision_json(const policy::Decision& decision) {
    const std::string_view verdict = policy::name_of(decision.verdict);
    bj::object body;
    body["decision"] = bj::string_view(verdict.data(), verdict.size());
    body["adapter"] = json::to_json(decision.adapter);
    body["channel"] = nullptr;
    if (decision.channel) {
        const std::string_view channel = domain::name_of(*decision.channel);
        body["channel"] = bj::string_view(channel.data(), channel.size());
    }
    body["outcome"] = nullptr;
    if (decision.outcome) body["outcome"] = json::to_json(*decision.outcome);
    body["rules"] = rules_json(decision.routing);
    bj::array needs;
    for (const std::string& need : decision.needs) needs.emplace_back(need);
    body["needs"] = std::move(needs);
    return body;
}

}  // namespace

asio::awaitable<Response> preview(Api& api, Submission submission, domain::Time at) {
    const policy::Decision decision = decide_on(api, submission, at, policy::Explain::every_rule);
    bj::object body = decision_json(decision);
    bj::array warnings;
    for (const policy::Warning& warning : decision.warnings)
        add_warning(warnings, warning.code, warning.detail);

    body["mail"] = nullptr;
    const bool mails = decision.channel == domain::Channel::mail &&
                       decision.verdict != policy::Decision::Verdict::reject;
    const bool lacks_csr =
        std::find(decision.needs.begin(), decision.needs.end(), "csr") != decision.needs.end();
    if (mails && lacks_csr) {
        add_warning(warnings, "csr_missing",
                    "the mail cannot be shown without the CSR: give it as params.csr");
    } else if (mails && api.services.preview_mail) {
        const Result<MailPreview> mail = co_await api.services.preview_mail(
            std::move(submission.order.order), std::move(submission.params),
            decision.adapter.value_or(""));
        if (mail) {
            bj::object text;
            text["to"] = mail->to;
            text["subject"] = mail->subject;
            text["text"] = mail->text;
            body["mail"] = std::move(text);
        } else {
            add_warning(warnings, "preview_unavailable", mail.error().detail);
        }
    } else if (mails) {
        add_warning(warnings, "preview_unavailable", "the mail cannot be composed right now");
    }
    body["warnings"] = std::move(warnings);
    co_return object_response(200, body);
}

}  // namespace cabroker::api
