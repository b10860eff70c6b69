// The routes of the contract: which method and path does what, for whom, with which query
// parameters and which body.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/api/api.hpp"

namespace cabroker::api {

/// Who may call. `open`: everybody who can connect. `known`: every peer that has any role.
enum class Access { open, known, metrics, viewer, operator_, approver, admin };
[[nodiscard]] bool allows(Access access, const policy::Roles& roles);
/// For `required_role`.
[[nodiscard]] std::string_view role_name(Access access);

enum class BodyKind { none, json, csv };

/// Runs one call. `api` outlives it.
using Handler = asio::awaitable<Response> (*)(Api& api, CallPtr call);

struct Route {
    std::string_view method;
    /// At most one segment in braces.
    std::string_view pattern;
    Access access = Access::admin;
    BodyKind body = BodyKind::none;
    /// Allowed query parameters; those ending in `*` may repeat.
    std::span<const std::string_view> query;
    Handler handler = nullptr;
};

[[nodiscard]] std::span<const Route> routes();

/// What a method and path lead to.
struct Found {
    const Route* route = nullptr;
    /// The value of the segment in braces.
    std::string_view id;
    /// The path is known, the method is not: what Allow says. Empty otherwise.
    std::string allow;
};
/// `path` must outlive the answer.
[[nodiscard]] Found find_route(std::string_view method, std::string_view path);

}  // namespace cabroker::api
