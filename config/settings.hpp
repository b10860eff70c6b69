// Everything the broker can be told, typed, with its defaults. Made by load.hpp; values only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/adapter_settings.hpp"
#include "config/rules.hpp"
#include "config/secret_source.hpp"

namespace cabroker::config {

struct OutsideSettings {
    enum class Mode { spawn, connect };
    Mode mode = Mode::spawn;
    /// spawn: a path, or a name to be found beside cabrokerd.
    std::string program = "cabroker-adapters";
    /// connect: the host's socket.
    std::string socket;
};

/// Who has a role. Groups named in YAML are resolved at load; a shipped default group that does not
/// exist is left out.
struct RoleMembers {
    std::vector<uid_t> uids;
    std::vector<gid_t> gids;
    /// The groups as written, for `/v1/config`.
    std::vector<std::string> groups;
};

struct RoleSettings {
    RoleMembers admin, approver, operator_, viewer, metrics, proxy;
};

struct BackoffSettings {
    domain::Duration first{};
    domain::Duration max{};
};

struct EngineSettings {
    domain::Duration step_deadline = std::chrono::seconds(60);
    domain::Duration request_deadline = std::chrono::hours(24 * 7);
    domain::Duration ticket_deadline = std::chrono::hours(24 * 30);
    BackoffSettings retry{std::chrono::seconds(5), std::chrono::minutes(15)};
    BackoffSettings poll{std::chrono::seconds(30), std::chrono::minutes(30)};
    /// Default of every adapter's `settle`.
    domain::Duration settle = std::chrono::minutes(2);
    /// Steps in flight over all adapters.
    std::size_t max_in_flight = 64;
    /// How long an approver may take.
    domain::Duration approval_deadline = std::chrono::hours(24 * 7);
};

struct ApiSettings {
    std::size_t max_body = 1024 * 1024;
    std::size_t max_csv_body = 256ULL * 1024 * 1024;
    std::size_t max_headers = 16 * 1024;
    std::size_t max_connections = 1024;
    /// Octets of bodies and answers that are held for all connections together.
    std::size_t max_held = 256UL * 1024 * 1024;
    domain::Duration read_deadline = std::chrono::seconds(30);
    domain::Duration idle_deadline = std::chrono::minutes(2);
    domain::Duration write_deadline = std::chrono::seconds(30);
    domain::Duration drain_deadline = std::chrono::seconds(20);
    domain::Duration idempotency_retention = std::chrono::hours(24 * 7);
    domain::Duration event_retention = std::chrono::hours(24 * 90);
};

struct LogSettings {
    enum class Level { debug, info, warning, error };
    enum class Format { text, json };
    Level level = Level::info;
    Format format = Format::text;
};

struct Settings {
    /// The main file, absolute.
    std::string file;
    std::string socket = "/run/cabroker/cabroker.sock";
    std::string state_dir = "/var/lib/cabroker";
    SecretSource vault_key{SecretSource::Kind::file, "/var/lib/cabroker/vault.key"};
    OutsideSettings outside;
    RoleSettings roles;
    std::vector<std::string> certificate_roots{"/etc/ssl/certs/ca-certificates.crt"};
    std::map<std::string, MailerSettings> mailers;
    std::map<std::string, MailboxSettings> mailboxes;
    std::map<std::string, AdapterSettings> adapters;
    std::vector<RouteRule> routes;
    /// True when the configuration has no `routes` and the shipped ones hold.
    bool shipped_routes = true;
    BrandCatalogue brands;
    PolicySettings policy;
    EngineSettings engine;
    ApiSettings api;
    LogSettings log;
    /// The merged configuration as JSON for `/v1/config`: as written, secrets only as file or
    /// credential names.
    std::string effective_json;
};

}  // namespace cabroker::config
