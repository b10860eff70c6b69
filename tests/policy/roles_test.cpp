#include "policy/roles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cabroker::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::RoleSettings settings() {
    config::RoleSettings roles;
    roles.admin.uids = {0};
    roles.admin.gids = {10};
    roles.approver.gids = {20};
    roles.operator_.gids = {30};
    roles.viewer.gids = {40};
    roles.metrics.uids = {900};
    roles.proxy.uids = {33};
    return roles;
}

TEST(RolesTest, LadderMatrixHolds) {
    struct Row {
        Peer peer;
        std::vector<std::string_view> names;
    };
    const std::vector<Row> rows{
        {{0, 0, {}}, {"viewer", "operator", "approver", "admin"}},
        {{1, 10, {}}, {"viewer", "operator", "approver", "admin"}},
        {{1, 1, {20}}, {"viewer", "operator", "approver"}},
        {{1, 1, {30}}, {"viewer", "operator"}},
        {{1, 1, {40}}, {"viewer"}},
        {{1, 40, {30, 20}}, {"viewer", "operator", "approver"}},
        {{900, 900, {}}, {"metrics"}},
        {{33, 33, {40}}, {"viewer", "proxy"}},
        {{1, 1, {1, 2, 3}}, {}},
        {{65534, 65534, {}}, {}},
        {{777, 777, {}}, {"viewer", "operator", "approver", "admin"}},
    };
    for (const Row& row : rows) {
        const Roles roles = roles_of(row.peer, settings(), 777);

        EXPECT_EQ(roles.names(), row.names) << "uid " << row.peer.uid << " gid " << row.peer.gid;
        EXPECT_EQ(roles.known(), !row.names.empty());
    }
}

TEST(RolesTest, MetricsAreForMetricsPeersAndViewersUp) {
    EXPECT_TRUE(roles_of({900, 900, {}}, settings(), 1).allows_metrics());
    EXPECT_TRUE(roles_of({5, 40, {}}, settings(), 1).allows_metrics());
    EXPECT_FALSE(roles_of({33, 33, {}}, settings(), 1).allows_metrics());
    EXPECT_FALSE(roles_of({900, 900, {}}, settings(), 1).allows(Role::viewer));
}

}  // namespace
}  // namespace cabroker::policy
