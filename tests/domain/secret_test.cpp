#include "domain/secret.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace cabroker::domain {
namespace {

TEST(SecretTest, CannotBeCopiedByAccident) {
    EXPECT_FALSE(std::is_copy_constructible_v<Secret>);
    EXPECT_FALSE(std::is_copy_assignable_v<Secret>);
}

TEST(SecretTest, TakingOverWipesTheStringItCameFrom) {
    std::string code = "493817";
    const char* const octets = code.data();

    const Secret secret(std::move(code));

    EXPECT_EQ(secret.reveal(), "493817");
    EXPECT_EQ(octets[0], '\0');
    EXPECT_EQ(octets[5], '\0');
}

TEST(SecretTest, MovingLeavesNothingBehind) {
    Secret first(std::string_view("short"));

    const Secret second = std::move(first);

    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ(second.reveal(), "short");
}

}  // namespace
}  // namespace cabroker::domain
