#include "runtime/log.hpp"

#include <gtest/gtest.h>

namespace cabroker::runtime {
namespace {

TEST(PrintableTest, ControlsAndBrokenUtf8AreEscapedAndTextIsKept) {
    EXPECT_EQ(printable("plain \xC3\xA9"), "plain \xC3\xA9");
    EXPECT_EQ(printable("a\nb\r\x1b[31m\x7f"), "a\\x0ab\\x0d\\x1b[31m\\x7f");
    EXPECT_EQ(printable("\xff\xC3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xC2\x9b"), "\\xc2\\x9b") << "C1 controls move terminals too";
}

}  // namespace
}  // namespace cabroker::runtime
