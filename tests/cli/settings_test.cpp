#include "cli/settings.hpp"

#include <gtest/gtest.h>

#include "cli/client.hpp"

namespace cabroker::cli {
namespace {

TEST(ExitTest, StatusesAsInTheContract) {
    EXPECT_EQ(exit_for_status(200, false), Exit::ok);
    EXPECT_EQ(exit_for_status(304, false), Exit::ok);
    EXPECT_EQ(exit_for_status(400, false), Exit::invalid);
    EXPECT_EQ(exit_for_status(422, true), Exit::invalid);
    EXPECT_EQ(exit_for_status(403, false), Exit::not_allowed);
    EXPECT_EQ(exit_for_status(404, false), Exit::not_found);
    EXPECT_EQ(exit_for_status(409, true), Exit::conflict);
    EXPECT_EQ(exit_for_status(412, false), Exit::conflict);
    EXPECT_EQ(exit_for_status(429, false), Exit::unreachable);
    EXPECT_EQ(exit_for_status(503, false), Exit::unreachable);
    EXPECT_EQ(exit_for_status(500, false), Exit::other);
    EXPECT_EQ(exit_for_status(502, true), Exit::unreachable);
}

TEST(ExitTest, StatesAsInTheContract) {
    EXPECT_EQ(exit_for_state("succeeded"), Exit::ok);
    for (const char* const bad : {"failed", "rejected", "canceled", "expired"}) {
        EXPECT_EQ(exit_for_state(bad), Exit::ended_badly) << bad;
        EXPECT_TRUE(is_final(bad));
    }
    EXPECT_EQ(exit_for_state("waiting_ca"), Exit::ok);
    EXPECT_FALSE(is_final("a_state_of_a_later_version"));
}

TEST(QueryTest, EncodesAndLeavesOutWhatIsEmpty) {
    EXPECT_EQ(with_query("/v1/x", {{"a", "1 &="}, {"b", ""}, {"c", "\u00fc"}}),
              "/v1/x?a=1%20%26%3D&c=%C3%BC");
    EXPECT_EQ(with_query("/v1/x?y=1", {{"a", "2"}}), "/v1/x?y=1&a=2");
    EXPECT_EQ(percent("../a?b"), "..%2Fa%3Fb");
}

}  // namespace
}  // namespace cabroker::cli
