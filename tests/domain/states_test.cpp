#include "domain/states.hpp"

#include <gtest/gtest.h>

namespace cabroker::domain {
namespace {

TEST(StatesTest, SettledRequestsNeverMove) {
    for (const auto& from : words<State>()) {
        if (!is_settled(from.value)) continue;
        for (const auto& to : words<State>()) {
            EXPECT_FALSE(may_move(from.value, to.value)) << from.name << " to " << to.name;
        }
    }
}

TEST(StatesTest, EveryOpenStateCanSettle) {
    for (const auto& from : words<State>()) {
        if (is_settled(from.value)) continue;
        EXPECT_TRUE(may_move(from.value, State::failed)) << from.name;
    }
}

TEST(StatesTest, ApprovalComesBeforeAnyWork) {
    EXPECT_FALSE(may_move(State::needs_approval, State::running));
    EXPECT_TRUE(may_move(State::needs_approval, State::queued));
}

}  // namespace
}  // namespace cabroker::domain
