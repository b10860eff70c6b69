#include "cli/files.hpp"

#include <gtest/gtest.h>

namespace cabroker::cli {
namespace {

TEST(SafeNameTest, NothingLeavesTheDirectoryOrTheLine) {
    EXPECT_EQ(safe_name("www.example.com.pem", "x"), "www.example.com.pem");
    EXPECT_EQ(safe_name("*.example.com.pem", "x"), "_.example.com.pem");
    EXPECT_EQ(safe_name("../../etc/passwd", "x"), "passwd");
    EXPECT_EQ(safe_name("..", "art_1"), "art_1");
    EXPECT_EQ(safe_name("a/", "art_1"), "art_1");
    EXPECT_EQ(safe_name(".bashrc", "x"), "bashrc");
    EXPECT_EQ(safe_name("-rf", "x"), "rf");
    EXPECT_EQ(safe_name("a b\n\x1b;$\xff", "x"), "a_b_____");
    EXPECT_EQ(safe_name(std::string_view("a\0b", 3), "x"), "a_b");
    EXPECT_EQ(safe_name(std::string(5000, 'a'), "x").size(), 200U);
}

TEST(FileNameTest, FormatsWithTheSameEndingAreToldApart) {
    EXPECT_EQ(file_name("w-0a.pem", "pem_noroot", "art_1", {}), "w-0a.pem");
    EXPECT_EQ(file_name("w-0a.pem", "pem_noroot", "art_1", {"w-0a.pem"}), "w-0a.pem_noroot.pem");
    EXPECT_EQ(file_name("w", "der", "art_1", {"w"}), "w.der");
    EXPECT_EQ(file_name("w.pem", "../x", "art_1", {"w.pem"}), "w.x.pem");
    EXPECT_EQ(file_name("w.pem", "der", "art_1", {"w.pem", "w.der.pem"}), "art_1-w.pem");
}

TEST(Sha256Test, KnownValue) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace cabroker::cli
