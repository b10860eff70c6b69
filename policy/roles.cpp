#include "policy/roles.hpp"

#include <algorithm>

namespace cabroker::policy {
namespace {

template <class Number>
bool holds(const std::vector<Number>& list, Number wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

bool is_among(const Peer& peer, const config::RoleMembers& members) {
    if (holds(members.uids, peer.uid) || holds(members.gids, peer.gid)) return true;
    return std::any_of(peer.groups.begin(), peer.groups.end(),
                       [&](gid_t group) { return holds(members.gids, group); });
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::viewer:
            return "viewer";
        case Role::operator_:
            return "operator";
        case Role::approver:
            return "approver";
        case Role::admin:
            return "admin";
    }
    return "viewer";
}

std::vector<std::string_view> Roles::names() const {
    std::vector<std::string_view> names;
    for (const Role step : {Role::viewer, Role::operator_, Role::approver, Role::admin}) {
        if (allows(step)) names.push_back(name_of(step));
    }
    if (metrics) names.emplace_back("metrics");
    if (proxy) names.emplace_back("proxy");
    return names;
}

Roles roles_of(const Peer& peer, const config::RoleSettings& settings, uid_t daemon_uid) {
    Roles roles;
    if (is_among(peer, settings.viewer)) roles.role = Role::viewer;
    if (is_among(peer, settings.operator_)) roles.role = Role::operator_;
    if (is_among(peer, settings.approver)) roles.role = Role::approver;
    if (is_among(peer, settings.admin) || peer.uid == daemon_uid) roles.role = Role::admin;
    roles.metrics = is_among(peer, settings.metrics);
    roles.proxy = is_among(peer, settings.proxy);
    return roles;
}

}  // namespace cabroker::policy
