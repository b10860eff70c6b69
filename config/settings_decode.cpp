#include "config/settings_decode.hpp"

#include <boost/json.hpp>
#include <set>

#include "config/decode_tools.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using domain::Duration;
using json::ObjectReader;
using json::Problems;

void read_size(ObjectReader& reader, std::string_view key, std::int64_t least, std::int64_t most,
               std::size_t& into) {
    if (const auto given = reader.integer(key, least, most))
        into = static_cast<std::size_t>(*given);
}

void read_duration(ObjectReader& reader, std::string_view key, Duration& into) {
    const auto given = reader.duration(key);
    if (!given) return;
    if (*given <= Duration::zero()) {
        reader.complain(key, "out_of_range", "must be longer than nothing");
        return;
    }
    into = *given;
}

void read_backoff(ObjectReader& reader, std::string_view key, BackoffSettings& into,
                  Problems& problems) {
    const bj::value* found = reader.member(key);
    if (found == nullptr) return;
    ObjectReader inner(*found, reader.at(key), problems);
    read_duration(inner, "first", into.first);
    read_duration(inner, "max", into.max);
    if (inner.has("first") && !inner.has("max") && into.max < into.first) into.max = into.first;
    if (inner.has("max") && !inner.has("first") && into.first > into.max) into.first = into.max;
    if (into.max < into.first) inner.complain("max", "out_of_range", "must not be less than first");
    inner.finish();
}

void read_path(ObjectReader& reader, std::string_view key, std::string& into) {
    const auto path = reader.line(key, 4096);
    if (!path) return;
    if (!path->starts_with('/')) reader.complain(key, "bad_format", "must be an absolute path");
    into = *path;
}

constexpr std::size_t kMaxSocketPath = 107;  // sun_path without its end

void check_socket_path(ObjectReader& reader, std::string_view key, const std::string& path) {
    if (path.size() > kMaxSocketPath)
        reader.complain(key, "out_of_range", "a socket's path may have at most 107 octets");
}

OutsideSettings decode_outside(const bj::value& value, const std::string& pointer,
                               Problems& problems) {
    OutsideSettings outside;
    ObjectReader reader(value, pointer, problems);
    const auto mode = reader.word(
        "mode",
        [](std::string_view word) -> std::optional<OutsideSettings::Mode> {
            if (word == "spawn") return OutsideSettings::Mode::spawn;
            if (word == "connect") return OutsideSettings::Mode::connect;
            return std::nullopt;
        },
        "spawn, connect");
    if (mode) outside.mode = *mode;
    outside.program = reader.line("program", 4096).value_or(outside.program);
    read_path(reader, "socket", outside.socket);
    check_socket_path(reader, "socket", outside.socket);
    if (outside.mode == OutsideSettings::Mode::connect) reader.require("socket");
    if (outside.mode == OutsideSettings::Mode::spawn && reader.has("socket"))
        reader.complain("socket", "bad_format", "goes with `mode: connect` only");
    reader.finish();
    return outside;
}

LogSettings decode_log(const bj::value& value, const std::string& pointer, Problems& problems) {
    LogSettings log;
    ObjectReader reader(value, pointer, problems);
    using Level = LogSettings::Level;
    const auto level = reader.word(
        "level",
        [](std::string_view word) -> std::optional<Level> {
            if (word == "debug") return Level::debug;
            if (word == "info") return Level::info;
            if (word == "warning") return Level::warning;
            if (word == "error") return Level::error;
            return std::nullopt;
        },
        "debug, info, warning, error");
    if (level) log.level = *level;
    const auto format = reader.word(
        "format",
        [](std::string_view word) -> std::optional<LogSettings::Format> {
            if (word == "text") return LogSettings::Format::text;
            if (word == "json") return LogSettings::Format::json;
            return std::nullopt;
        },
        "text, json");
    if (format) log.format = *format;
    reader.finish();
    return log;
}

// The default of `settle` is the engine's, and the outside must know it too.
bj::value with_settle(const bj::value& adapter, Duration settle) {
    bj::value copy = adapter;
    if (!copy.is_object()) return copy;
    const bj::value* type = copy.get_object().if_contains("type");
    const bool has_settle = type != nullptr && (*type == "guest_portal" || *type == "email_ticket");
    const bj::value* given = copy.get_object().if_contains("settle");
    if (has_settle && (given == nullptr || given->is_null()))
        copy.get_object()["settle"] = domain::duration_text(settle);
    return copy;
}

void decode_outside_world(ObjectReader& reader, Settings& settings, Problems& problems) {
    for_each_member(reader, "mailers",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        settings.mailers.emplace(name, decode_mailer(name, value, at, problems));
                    });
    for_each_member(reader, "mailboxes",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        settings.mailboxes.emplace(name, decode_mailbox(name, value, at, problems));
                    });
    const bool required = reader.require("adapters");
    if (!required) return;
    for_each_member(reader, "adapters",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        const bj::value whole = with_settle(value, settings.engine.settle);
                        if (auto adapter = decode_adapter(name, whole, at, problems))
                            settings.adapters.emplace(name, std::move(*adapter));
                    });
}

void check_references(const Settings& settings, Problems& problems) {
    for (const auto& [name, adapter] : settings.adapters) {
        const std::string at = "/adapters/" + json::pointer_segment(name);
        const auto check_mailbox = [&, &adapter_name =
                                           name](const std::optional<std::string>& mailbox) {
            if (mailbox && !settings.mailboxes.contains(*mailbox))
                problems.emplace_back(
                    at + "/mailbox", "unknown_value",
                    "`mailboxes` has no \"" + *mailbox + "\" for adapter " + adapter_name);
        };
        if (const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details)) {
            check_mailbox(portal->mailbox);
            for (const auto& [account, facts] : portal->accounts) {
                if (!facts.password)
                    problems.emplace_back(at + "/accounts/" + json::pointer_segment(account),
                                          "required",
                                          "give password: {file: PATH} or {credential: NAME}");
            }
        }
        if (const auto* ticket = std::get_if<EmailTicketSettings>(&adapter.details)) {
            check_mailbox(ticket->mailbox);
            if (!settings.mailers.contains(ticket->mailer))
                problems.emplace_back(at + "/mailer", "unknown_value",
                                      "`mailers` has no \"" + ticket->mailer + "\"");
        }
    }
}

// Mailboxes that cannot do what they are there for.
void check_mailboxes(const Settings& settings, Problems& warnings) {
    for (const auto& [name, adapter] : settings.adapters) {
        const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details);
        if (portal == nullptr || !portal->mailbox) continue;
        const std::string at = "/adapters/" + json::pointer_segment(name) + "/mailbox";
        if (!portal->profile.access_code.mail)
            warnings.emplace_back(at, "unknown_value",
                                  "the profile has no access_code.mail: no code can be found in "
                                  "the mails of this mailbox, people must type them");
        const auto mailbox = settings.mailboxes.find(*portal->mailbox);
        if (mailbox != settings.mailboxes.end() && !mailbox->second.authserv_id)
            warnings.emplace_back(at, "required",
                                  "mailboxes." + *portal->mailbox +
                                      " has no authserv_id: a forged sender is not noticed");
    }
}

// A rule whose adapter is not configured never matches; written in the file that is a mistake worth
// a word.
void check_routes(const Settings& settings, Problems& warnings) {
    if (settings.shipped_routes) return;
    for (std::size_t index = 0; index < settings.routes.size(); ++index) {
        const RouteRule& rule = settings.routes[index];
        if (rule.adapter && !settings.adapters.contains(*rule.adapter))
            warnings.emplace_back(
                "/routes/" + std::to_string(index) + "/adapter", "unknown_value",
                "`adapters` has no \"" + *rule.adapter + "\": this rule matches nothing");
    }
}

// Without the token in the address a reply is known by its References only, which helpdesks strip.
void check_reply_addresses(const Settings& settings, Problems& warnings) {
    std::set<std::string> told;
    for (const auto& [name, adapter] : settings.adapters) {
        const auto* ticket = std::get_if<EmailTicketSettings>(&adapter.details);
        if (ticket == nullptr) continue;
        const auto mailer = settings.mailers.find(ticket->mailer);
        if (mailer == settings.mailers.end() || mailer->second.reply_to) continue;
        if (!told.insert(ticket->mailer).second) continue;
        warnings.emplace_back("/mailers/" + json::pointer_segment(ticket->mailer), "required",
                              "no reply_to with {token}: support's replies may not be told apart; "
                              "give one such as ssl+{token}@example.com");
    }
}

void decode_rules(ObjectReader& reader, Settings& settings, Problems& problems) {
    if (const bj::value* routes = reader.member("routes"))
        settings.routes = decode_routes(*routes, reader.at("routes"), problems);
    if (const bj::value* brands = reader.member("brands"))
        settings.brands = decode_brands(*brands, reader.at("brands"), problems);
    if (const bj::value* policy = reader.member("policy"))
        settings.policy = decode_policy(*policy, reader.at("policy"), problems);
}

void decode_vault(ObjectReader& reader, Settings& settings, Problems& problems) {
    settings.vault_key.where = settings.state_dir + "/vault.key";
    const bj::value* vault = reader.member("vault");
    if (vault == nullptr) return;
    ObjectReader inner(*vault, reader.at("vault"), problems);
    if (auto key = decode_secret(inner, "key", problems)) settings.vault_key = std::move(*key);
    inner.finish();
}

}  // namespace

EngineSettings decode_engine(const bj::value& value, const std::string& pointer,
                             Problems& problems) {
    EngineSettings engine;
    ObjectReader reader(value, pointer, problems);
    read_duration(reader, "step_deadline", engine.step_deadline);
    read_duration(reader, "request_deadline", engine.request_deadline);
    read_duration(reader, "ticket_deadline", engine.ticket_deadline);
    read_duration(reader, "approval_deadline", engine.approval_deadline);
    read_duration(reader, "settle", engine.settle);
    read_backoff(reader, "retry", engine.retry, problems);
    read_backoff(reader, "poll", engine.poll, problems);
    read_size(reader, "max_in_flight", 1, 1024, engine.max_in_flight);
    reader.finish();
    return engine;
}

ApiSettings decode_api(const bj::value& value, const std::string& pointer, Problems& problems) {
    constexpr std::int64_t kMiB = 1024LL * 1024;
    ApiSettings api;
    ObjectReader reader(value, pointer, problems);
    read_size(reader, "max_body", 1024, 64 * kMiB, api.max_body);
    read_size(reader, "max_csv_body", 1024, 4096 * kMiB, api.max_csv_body);
    read_size(reader, "max_headers", 1024, kMiB, api.max_headers);
    read_size(reader, "max_connections", 1, 65536, api.max_connections);
    read_size(reader, "max_held", kMiB, 1024 * kMiB, api.max_held);
    read_duration(reader, "read_deadline", api.read_deadline);
    read_duration(reader, "idle_deadline", api.idle_deadline);
    read_duration(reader, "write_deadline", api.write_deadline);
    read_duration(reader, "drain_deadline", api.drain_deadline);
    read_duration(reader, "idempotency_retention", api.idempotency_retention);
    if (api.idempotency_retention < std::chrono::hours(24 * 7))
        reader.complain("idempotency_retention", "out_of_range",
                        "must be at least 7d: callers rely on it");
    read_duration(reader, "event_retention", api.event_retention);
    reader.finish();
    return api;
}

DecodedSettings decode_settings(const bj::value& value, bool shipped_routes, Problems& problems) {
    DecodedSettings made;
    Settings& settings = made.settings;
    settings.shipped_routes = shipped_routes;
    ObjectReader reader(value, "", problems);
    if (!value.is_object()) return made;
    read_path(reader, "socket", settings.socket);
    check_socket_path(reader, "socket", settings.socket);
    read_path(reader, "state_dir", settings.state_dir);
    decode_vault(reader, settings, problems);
    if (const bj::value* outside = reader.member("outside"))
        settings.outside = decode_outside(*outside, reader.at("outside"), problems);
    settings.roles = decode_roles(reader.member("roles"), "/roles", problems, made.warnings);
    settings.certificate_roots =
        reader.lines("certificate_roots", 100).value_or(settings.certificate_roots);
    if (const bj::value* engine = reader.member("engine"))
        settings.engine = decode_engine(*engine, reader.at("engine"), problems);
    if (const bj::value* api = reader.member("api"))
        settings.api = decode_api(*api, reader.at("api"), problems);
    if (const bj::value* log = reader.member("log"))
        settings.log = decode_log(*log, reader.at("log"), problems);
    decode_outside_world(reader, settings, problems);
    decode_rules(reader, settings, problems);
    reader.finish();
    check_references(settings, problems);
    check_routes(settings, made.warnings);
    check_mailboxes(settings, made.warnings);
    check_reply_addresses(settings, made.warnings);
    return made;
}

}  // namespace cabroker::config
