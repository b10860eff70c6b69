// May this peer do this? Roles from the peer's uid and groups; pure, from facts given.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace cabroker::policy {

/// Each may do all that the ones before it may.
enum class Role { viewer, operator_, approver, admin };
[[nodiscard]] std::string_view name_of(Role role);  ///< viewer, operator, approver, admin

/// Who is at the other end of the socket, from the kernel.
struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    /// Supplementary groups.
    std::vector<gid_t> groups;
};

/// What a peer may be. `metrics` and `proxy` stand beside the ladder and imply nothing on it.
struct Roles {
    std::optional<Role> role;
    bool metrics = false;
    bool proxy = false;

    /// True when the peer's role is `needed` or higher.
    [[nodiscard]] bool allows(Role needed) const { return role && *role >= needed; }
    /// /metrics: metrics peers and every viewer.
    [[nodiscard]] bool allows_metrics() const { return metrics || allows(Role::viewer); }
    /// Has any role at all; others may read the two open routes only.
    [[nodiscard]] bool known() const { return role.has_value() || metrics || proxy; }
    /// All names, lowest first: for whoami.
    [[nodiscard]] std::vector<std::string_view> names() const;
};

/// The highest role whose members the peer is among. The daemon's own uid is always admin.
[[nodiscard]] Roles roles_of(const Peer& peer, const config::RoleSettings& settings,
                             uid_t daemon_uid);

}  // namespace cabroker::policy
