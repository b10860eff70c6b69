#include "adapters/host/mailboxes.hpp"

#include <boost/json.hpp>

#include "adapters/protocol/mail_codec.hpp"
#include "config/adapter_settings.hpp"
#include "json/parse.hpp"
#include "runtime/log.hpp"

namespace cabroker::adapters::host {

namespace bj = boost::json;
namespace {

constexpr std::size_t kMostMailboxes = 32;

}  // namespace

std::optional<mailbox::CodeRule> code_rule_of(const std::string& adapter,
                                              const bj::value& settings) {
    json::Problems problems;
    const auto decoded = config::decode_adapter(adapter, settings, "", problems);
    if (!decoded || !problems.empty()) return std::nullopt;
    const auto* portal = std::get_if<config::GuestPortalSettings>(&decoded->details);
    if (portal == nullptr || !portal->profile.access_code.mail) return std::nullopt;
    mailbox::CodeRule rule;
    rule.adapter = adapter;
    rule.pattern = portal->profile.access_code.pattern;
    rule.mail = *portal->profile.access_code.mail;
    return rule;
}

void Mailboxes::say(std::string op, std::shared_ptr<bj::object> body, protocol::Blobs blobs) {
    say_(std::move(op), next_id_++, std::move(body), std::move(blobs));
}

void Mailboxes::refuse(const std::string& name, const std::string& why) {
    protocol::MailboxReport report;
    report.name = name;
    report.detail = why;
    say("mailbox_state", std::make_shared<bj::object>(protocol::to_json(report)), {});
}

void Mailboxes::configure(std::vector<mailbox::CodeRule> rules) {
    open_.clear();
    rules_ = std::move(rules);
}

void Mailboxes::open(const protocol::Frame& frame) {
    auto open = protocol::mailbox_open_from(*frame.body);
    if (!open) {
        runtime::log(runtime::Level::error, "a mailbox cannot be opened",
                     {{"why", open.error().detail}});
        return;
    }
    const auto value = json::parse(open->settings);
    json::Problems problems;
    if (!value) return refuse(open->name, "its settings cannot be read");
    const config::MailboxSettings settings =
        config::decode_mailbox(open->name, *value, "", problems);
    if (!problems.empty()) return refuse(open->name, problems.front().detail);
    // It is read already, with these very settings: `configure` closes all.
    if (open_.contains(open->name)) return;
    if (open_.size() >= kMostMailboxes) return refuse(open->name, "too many mailboxes");

    mailbox::IntakeOptions options;
    options.name = open->name;
    options.rules.adapters = rules_;
    options.rules.code_mail_from = settings.code_mail_from;
    options.rules.authserv_id = settings.authserv_id;
    options.delete_code_mails = settings.code_mails == config::MailboxSettings::CodeMails::delete_;
    options.poll = settings.poll;
    mailbox::IntakeEvents events;
    events.offer = [this](const std::shared_ptr<protocol::MailOffer>& offer) {
        protocol::Blobs blobs;
        auto body = std::make_shared<bj::object>(
            protocol::to_json(*offer, std::to_string(next_id_), blobs));
        say("mail", std::move(body), std::move(blobs));
    };
    events.filed = [this](const protocol::MailFiled& filed) {
        say("mail_filed", std::make_shared<bj::object>(protocol::to_json(filed)), {});
    };
    events.report = [this](const protocol::MailboxReport& report) {
        say("mailbox_state", std::make_shared<bj::object>(protocol::to_json(report)), {});
    };
    auto source = settings.maildir ? mailbox::make_maildir_source(*settings.maildir, loop_)
                                   : mailbox::make_imap_source(settings, std::move(open->password),
                                                               open->cursor, loop_);
    open_.emplace(open->name,
                  std::make_unique<mailbox::Intake>(std::move(options), std::move(events),
                                                    std::move(source), clock_, loop_));
}

void Mailboxes::taken(const protocol::Frame& frame) {
    const auto taken = protocol::mail_filed_from(*frame.body);
    if (!taken) return;
    const auto found = open_.find(taken->mailbox);
    if (found != open_.end()) found->second->taken(taken->ref);
}

}  // namespace cabroker::adapters::host
