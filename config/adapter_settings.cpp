#include "config/adapter_settings.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>

#include "config/decode_tools.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

constexpr std::array<std::string_view, 3> kLaterTypes{"webform_ticket", "trust_center", "opensrs"};

constexpr domain::Duration kLeastSilence = std::chrono::seconds(1);
constexpr domain::Duration kMostSilence = std::chrono::minutes(10);

// https://host[:port], a slash behind it is taken away.
std::string decode_origin(ObjectReader& reader, std::string_view key) {
    std::string text = reader.line(key, 512).value_or("");
    if (text.empty()) return text;
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->host().empty() || url->has_userinfo()) {
        reader.complain(key, "bad_format", "must be an origin such as https://portal.example.com");
        return text;
    }
    if (url->scheme() != "https") {
        reader.complain(key, "bad_format", "must be https: nothing goes out unprotected");
        return text;
    }
    if ((!url->path().empty() && url->path() != "/") || url->has_query() || url->has_fragment()) {
        reader.complain(key, "bad_format", "must be the origin only; paths belong in the profile");
        return text;
    }
    while (text.ends_with('/')) text.pop_back();
    return text;
}

std::map<std::string, AccountSettings> decode_accounts(ObjectReader& reader, Problems& problems) {
    std::map<std::string, AccountSettings> accounts;
    for_each_member(reader, "accounts",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        check_name(name, at, problems);
                        AccountSettings account;
                        ObjectReader inner(value, at, problems);
                        if (inner.require("user"))
                            account.user = inner.line("user", 256).value_or("");
                        account.password = decode_secret(inner, "password", problems);
                        inner.finish();
                        accounts.emplace(name, std::move(account));
                    });
    return accounts;
}

std::size_t decode_in_flight(ObjectReader& reader, std::size_t usual) {
    const auto given = reader.integer("max_in_flight", 1, 1024);
    return given ? static_cast<std::size_t>(*given) : usual;
}

GuestPortalSettings decode_guest_portal(ObjectReader& reader, Problems& problems) {
    GuestPortalSettings settings;
    if (reader.require("profile")) {
        settings.profile =
            decode_portal_profile(*reader.member("profile"), reader.at("profile"), problems);
    }
    if (reader.require("base_url")) settings.base_url = decode_origin(reader, "base_url");
    settings.ca_file = decode_path(reader, "ca_file");
    settings.mailbox = reader.line("mailbox", 64);
    settings.settle = reader.duration("settle").value_or(settings.settle);
    settings.accounts = decode_accounts(reader, problems);
    settings.max_in_flight = decode_in_flight(reader, settings.max_in_flight);
    if (const bj::value* rate = reader.member("rate"))
        settings.rate = decode_rate(*rate, reader.at("rate"), problems);
    if (!settings.profile.rate.empty()) settings.account_rate = settings.profile.rate;
    if (const bj::value* rate = reader.member("account_rate"))
        settings.account_rate = decode_rate(*rate, reader.at("account_rate"), problems);
    return settings;
}

void decode_templates(const bj::value& value, const std::string& pointer,
                      EmailTicketSettings& settings, Problems& problems) {
    ObjectReader reader(value, pointer, problems);
    if (reader.require("name")) settings.template_name = reader.line("name", 256).value_or("");
    if (reader.require("mails")) {
        for_each_member(reader, "mails",
                        [&](const std::string& name, const bj::value& mail, const std::string& at) {
                            const auto kind = domain::parse<domain::Kind>(name);
                            if (!kind) {
                                problems.emplace_back(
                                    at, "unknown_field",
                                    "kinds are: " + domain::list_of_words<domain::Kind>());
                                return;
                            }
                            MailTemplate made;
                            ObjectReader inner(mail, at, problems);
                            if (inner.require("subject"))
                                made.subject = inner.line("subject", 512).value_or("");
                            if (inner.require("text"))
                                made.text = inner.text("text", 64UL * 1024).value_or("");
                            made.needs = inner.lines("needs", 32).value_or(made.needs);
                            inner.finish();
                            settings.templates.emplace(*kind, std::move(made));
                        });
    }
    reader.finish();
}

void check_senders(ObjectReader& reader, std::string_view key,
                   const std::vector<std::string>& senders, Problems& problems) {
    for (std::size_t at = 0; at < senders.size(); ++at) {
        const std::string& sender = senders[at];
        const std::string probe = sender.starts_with('@') ? "x" + sender : sender;
        if (!is_mail_address(probe))
            problems.emplace_back(reader.at(key) + "/" + std::to_string(at), "bad_format",
                                  "must be an address or @domain");
    }
}

EmailTicketSettings decode_email_ticket(ObjectReader& reader, Problems& problems) {
    EmailTicketSettings settings;
    if (reader.require("template")) {
        decode_templates(*reader.member("template"), reader.at("template"), settings, problems);
    }
    if (reader.require("to")) settings.to = reader.line("to", 254).value_or("");
    if (reader.has("to") && !is_mail_address(settings.to))
        reader.complain("to", "bad_format", "must be one mail address");
    settings.mailer = reader.line("mailer", 64).value_or(settings.mailer);
    settings.mailbox = reader.line("mailbox", 64);
    settings.allowed_senders =
        reader.lines("allowed_senders", 100).value_or(settings.allowed_senders);
    check_senders(reader, "allowed_senders", settings.allowed_senders, problems);
    settings.settle = reader.duration("settle").value_or(settings.settle);
    settings.ticket_deadline =
        reader.duration("ticket_deadline").value_or(settings.ticket_deadline);
    settings.max_in_flight = decode_in_flight(reader, settings.max_in_flight);
    return settings;
}

HumanSettings decode_human(ObjectReader& reader) {
    HumanSettings settings;
    settings.ticket_deadline =
        reader.duration("ticket_deadline").value_or(settings.ticket_deadline);
    return settings;
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && (name.front() < '0' || name.front() > '9') &&
           name.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
               std::string_view::npos;
}

ProgramSettings decode_program(ObjectReader& reader) {
    ProgramSettings settings;
    if (reader.require("command"))
        settings.command = reader.lines("command", 64).value_or(settings.command);
    if (reader.has("command") &&
        (settings.command.empty() || !settings.command.front().starts_with('/')))
        reader.complain("command", "bad_format",
                        "must be a list: an absolute path, then arguments");
    settings.environment = reader.string_map("environment").value_or(settings.environment);
    for (const auto& [name, value] : settings.environment) {
        if (!is_variable_name(name))
            reader.complain("environment", "bad_format", "`" + name + "` is no name of a variable");
    }
    settings.settle = reader.duration("settle");
    settings.silence = reader.duration("silence").value_or(settings.silence);
    if (settings.silence < kLeastSilence || settings.silence > kMostSilence)
        reader.complain("silence", "out_of_range", "must be 1s to 10m");
    const auto memory = reader.integer("memory_mib", 16, std::int64_t{1024} * 1024);
    if (memory) settings.memory_mib = static_cast<std::size_t>(*memory);
    return settings;
}

BreakerSettings decode_breaker(ObjectReader& reader, Problems& problems) {
    BreakerSettings settings;
    const bj::value* given = reader.member("breaker");
    if (given == nullptr) return settings;
    ObjectReader inner(*given, reader.at("breaker"), problems);
    settings.failures =
        static_cast<int>(inner.integer("failures", 1, 1000).value_or(settings.failures));
    settings.open = inner.duration("open");
    if (settings.open && *settings.open <= domain::Duration::zero())
        inner.complain("open", "out_of_range", "must be longer than 0s");
    inner.finish();
    return settings;
}

// What crosses the link: everything but passwords, which come with the step.
std::string without_passwords(const bj::value& value) {
    bj::value copy = value;
    if (bj::value* accounts = copy.get_object().if_contains("accounts");
        accounts != nullptr && accounts->is_object()) {
        for (auto& account : accounts->get_object()) {
            if (account.value().is_object()) account.value().get_object().erase("password");
        }
    }
    return bj::serialize(copy);
}

}  // namespace

std::optional<AdapterSettings> decode_adapter(const std::string& name, const bj::value& value,
                                              const std::string& pointer, Problems& problems) {
    AdapterSettings adapter;
    adapter.name = name;
    check_name(name, pointer, problems);
    ObjectReader reader(value, pointer, problems);
    if (!reader.require("type")) return std::nullopt;
    adapter.type = reader.line("type", 64).value_or("");
    if (adapter.type == "guest_portal") {
        adapter.channel = domain::Channel::portal;
        adapter.details = decode_guest_portal(reader, problems);
    } else if (adapter.type == "email_ticket") {
        adapter.channel = domain::Channel::mail;
        adapter.details = decode_email_ticket(reader, problems);
    } else if (adapter.type == "human") {
        adapter.channel = domain::Channel::human;
        adapter.details = decode_human(reader);
    } else if (adapter.type == "program") {
        adapter.channel = domain::Channel::program;
        adapter.details = decode_program(reader);
    } else {
        const bool later =
            std::find(kLaterTypes.begin(), kLaterTypes.end(), adapter.type) != kLaterTypes.end();
        reader.complain("type", "unknown_value",
                        later ? "the type " + adapter.type +
                                    " comes with a later version; this one has guest_portal, "
                                    "email_ticket, human and program"
                              : "use one of: guest_portal, email_ticket, human, program");
        return std::nullopt;
    }
    adapter.breaker = decode_breaker(reader, problems);
    reader.finish();
    if (value.is_object()) adapter.json = without_passwords(value);
    return adapter;
}

const std::pair<const std::string, AccountSettings>* account_for(
    const std::map<std::string, AccountSettings>& accounts,
    const std::optional<std::string>& named) {
    if (!named || named->empty()) return accounts.size() == 1 ? &*accounts.begin() : nullptr;
    if (const auto found = accounts.find(*named); found != accounts.end()) return &*found;
    const std::pair<const std::string, AccountSettings>* by_user = nullptr;
    for (const auto& account : accounts) {
        if (account.second.user != *named) continue;
        if (by_user != nullptr) return nullptr;
        by_user = &account;
    }
    return by_user;
}

bool sender_matches(std::string_view pattern, std::string_view address) {
    const auto same = [](std::string_view a, std::string_view b) {
        return a.size() == b.size() &&
               std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
                   const auto low = [](char c) {
                       return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
                   };
                   return low(x) == low(y);
               });
    };
    if (!pattern.starts_with('@')) return same(pattern, address);
    const std::size_t at = address.rfind('@');
    return at != std::string_view::npos && at > 0 && same(pattern, address.substr(at));
}

}  // namespace cabroker::config
