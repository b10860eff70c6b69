#include <grp.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <optional>
#include <string>

#include "config/decode_tools.hpp"
#include "config/settings_decode.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

std::optional<gid_t> group_id(const std::string& name) {
    std::vector<char> room(1024);
    group entry{};
    group* found = nullptr;
    for (;;) {
        const int failed = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
        if (failed != ERANGE || room.size() > 1024UL * 1024) break;
        room.resize(room.size() * 4);
    }
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
}

struct RoleDefault {
    std::string_view role;
    std::string_view group;
    RoleMembers RoleSettings::*members;
};
constexpr std::array<RoleDefault, 6> kDefaults{{
    {"admin", "cabroker-admins", &RoleSettings::admin},
    {"approver", "cabroker-approvers", &RoleSettings::approver},
    {"operator", "cabroker-operators", &RoleSettings::operator_},
    {"viewer", "cabroker-viewers", &RoleSettings::viewer},
    {"metrics", "", &RoleSettings::metrics},
    {"proxy", "", &RoleSettings::proxy},
}};

// A group that does not exist gives nobody anything; only the shipped names may be missing, for
// they are everywhere in samples before the package makes them.
void add_group(RoleMembers& members, const bj::value& value, const std::string& at,
               std::string_view shipped, Problems& problems, Problems& warnings) {
    if (value.is_int64()) {
        if (value.get_int64() < 0 || value.get_int64() > 0xFFFFFFFELL) {
            problems.emplace_back(at, "out_of_range", "must be a group's number");
            return;
        }
        members.gids.push_back(static_cast<gid_t>(value.get_int64()));
        members.groups.push_back(std::to_string(value.get_int64()));
        return;
    }
    if (!value.is_string()) {
        problems.emplace_back(at, "wrong_type", "must be a group's name or number");
        return;
    }
    const std::string name(value.get_string().data(), value.get_string().size());
    const std::optional<gid_t> id = group_id(name);
    if (id) {
        members.gids.push_back(*id);
        members.groups.push_back(name);
        return;
    }
    Problems& where = name == shipped ? warnings : problems;
    where.emplace_back(at, "unknown_value", "there is no group \"" + name + "\" on this machine");
}

void decode_members(const bj::value& value, const std::string& pointer, std::string_view shipped,
                    RoleMembers& members, Problems& problems, Problems& warnings) {
    ObjectReader reader(value, pointer, problems);
    if (const bj::value* uids = reader.member("uids")) {
        members.uids.clear();
        for_each_entry(
            *uids, reader.at("uids"), 1000, problems,
            [&](const bj::value& uid, const std::string& at) {
                if (uid.is_int64() && uid.get_int64() >= 0 && uid.get_int64() <= 0xFFFFFFFELL) {
                    members.uids.push_back(static_cast<uid_t>(uid.get_int64()));
                } else {
                    problems.emplace_back(at, "wrong_type", "must be a user's number");
                }
            });
    }
    if (const bj::value* groups = reader.member("groups")) {
        members.gids.clear();
        members.groups.clear();
        for_each_entry(*groups, reader.at("groups"), 1000, problems,
                       [&](const bj::value& name, const std::string& at) {
                           add_group(members, name, at, shipped, problems, warnings);
                       });
    }
    reader.finish();
}

}  // namespace

RoleSettings decode_roles(const bj::value* value, const std::string& pointer, Problems& problems,
                          Problems& warnings) {
    RoleSettings roles;
    roles.admin.uids = {0};
    for (const RoleDefault& usual : kDefaults) {
        const std::optional<gid_t> id =
            usual.group.empty() ? std::nullopt : group_id(std::string(usual.group));
        if (!id) continue;
        (roles.*usual.members).gids = {*id};
        (roles.*usual.members).groups = {std::string(usual.group)};
    }
    if (value == nullptr) return roles;
    ObjectReader reader(*value, pointer, problems);
    for (const RoleDefault& usual : kDefaults) {
        const bj::value* members = reader.member(usual.role);
        if (members == nullptr) continue;
        decode_members(*members, reader.at(usual.role), usual.group, roles.*usual.members, problems,
                       warnings);
    }
    reader.finish();
    return roles;
}

}  // namespace cabroker::config
