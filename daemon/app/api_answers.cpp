#include "daemon/app/api_answers.hpp"

#include <chrono>
#include <utility>

namespace cabroker::app {

namespace asio = boost::asio;
using domain::Result;

namespace {

constexpr domain::Duration kCheckWithin = std::chrono::seconds(30);

}  // namespace

std::vector<api::Component> components(const link::Outside& outside,
                                       const engine::MailIntake& mail) {
    std::vector<api::Component> list;
    api::Component adapters;
    adapters.name = "outside";
    adapters.state = outside.up() ? "ok" : "degraded";
    adapters.detail = outside.trouble();
    list.push_back(std::move(adapters));
    for (const engine::MailboxStatus& mailbox : mail.mailboxes()) {
        api::Component one;
        one.name = "mailbox/" + mailbox.name;
        one.state = mailbox.open ? "ok" : "degraded";
        if (!mailbox.open) one.detail = mailbox.last_error;
        if (mailbox.last_seen) one.times.emplace("last_seen", *mailbox.last_seen);
        if (mailbox.last_mail) one.times.emplace("last_mail", *mailbox.last_mail);
        list.push_back(std::move(one));
    }
    return list;
}

asio::awaitable<Result<api::MailPreview>> preview_mail(engine::Engine& engine, domain::Order order,
                                                       domain::Params params, std::string adapter) {
    auto mail =
        co_await engine.preview_mail(std::move(order), std::move(params), std::move(adapter));
    if (!mail) co_return mail.error();
    api::MailPreview preview;
    preview.to = std::move(mail->rcpt_to);
    preview.subject = std::move(mail->subject);
    preview.text = std::move(mail->text);
    co_return preview;
}

asio::awaitable<Result<api::CheckResult>> check_adapter(link::Outside& outside,
                                                        std::string adapter) {
    auto report = co_await outside.check(std::move(adapter), kCheckWithin);
    if (!report) co_return report.error();
    api::CheckResult result;
    result.ok = report->ok;
    result.detail = std::move(report->detail);
    result.facts = std::move(report->facts);
    co_return result;
}

}  // namespace cabroker::app
