#include "transport/mail_text.hpp"

#include <gtest/gtest.h>

namespace cabroker::transport {
namespace {

TEST(MailTextTest, AddressesArePlain) {
    for (const std::string text : {"a@b.example", "first.last+tag@mail.example.com", "x@localhost",
                                   "o'neil=a/b@xn--bcher-kva.example"}) {
        EXPECT_TRUE(is_mail_address(text)) << text;
    }
    for (const std::string& text : {std::string(),
                                    std::string("a"),
                                    std::string("@b.example"),
                                    std::string("a@"),
                                    std::string("a@b"),
                                    std::string("a@@b.example"),
                                    std::string("a@b@c.example"),
                                    std::string(".a@b.example"),
                                    std::string("a.@b.example"),
                                    std::string("a..b@c.example"),
                                    std::string("a b@c.example"),
                                    std::string("a@b.example\r\n"),
                                    std::string("a\0@b.example", 12),
                                    std::string("<a@b.example>"),
                                    std::string("\"a\"@b.example"),
                                    std::string("a@[127.0.0.1]"),
                                    std::string("a@-b.example"),
                                    std::string("a@b..example"),
                                    std::string("a@b.example."),
                                    std::string("\xC3\xA9@b.example"),
                                    std::string(65, 'a') + "@b.example",
                                    "a@" + std::string(64, 'b') + ".example",
                                    std::string("a,b@c.example"),
                                    std::string("a@b.example(comment)"),
                                    std::string("a@b.example;c@d.example")}) {
        EXPECT_FALSE(is_mail_address(text)) << text;
    }
}

TEST(MailTextTest, HeaderTextHasNoControlsAndNoTricks) {
    EXPECT_TRUE(
        is_header_text("B\xC3\xBC"
                       "cher \xE2\x82\xAC \xF0\x9F\x94\x92"));
    for (const std::string& text :
         {std::string("a\rb"), std::string("a\nb"), std::string("a\r\nBcc: x@y.example"),
          std::string("a\0b", 3), std::string("a\tb"), std::string("a\x7F"),
          std::string("a\xC2\x85"), std::string("a\xE2\x80\xA8"), std::string("a\xE2\x80\xA9"),
          std::string("a\xE2\x80\xAE"),
          std::string("\xEF\xBB\xBF"
                      "a"),
          std::string("\xC3"), std::string("\xC0\x8A"), std::string("\xED\xA0\x80"),
          std::string("\xF5\x80\x80\x80"), std::string("\x80"), std::string("\xE0\x80\x8A"),
          std::string(901, 'x')}) {
        EXPECT_FALSE(is_header_text(text));
    }
}

TEST(MailTextTest, EveryLineEndBecomesOne) {
    EXPECT_EQ(with_crlf("a\nb\rc\r\nd\n\re"), "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n");
    EXPECT_EQ(with_crlf(""), "");
    EXPECT_EQ(with_crlf("\n.\n"), "\r\n.\r\n");
}

TEST(MailTextTest, OctetsThatServersDisagreeAboutAreRefused) {
    EXPECT_TRUE(check_mail_octets("a: b\r\n\r\n.\r\n").has_value());
    EXPECT_TRUE(check_mail_octets(std::string(998, 'x') + "\r\n").has_value());
    for (const std::string& octets :
         {std::string(), std::string("a"), std::string("a\n"), std::string("a\r"),
          std::string("a\r\r\n"), std::string("a\n\r\n"), std::string("\n.\n\r\n"),
          std::string("\r.\r\r\n"), std::string("\x80\r\n"), std::string("\0\r\n", 3),
          std::string(999, 'x') + "\r\n", std::string(1024 * 1024 - 1, '\n') + "\r\n"}) {
        EXPECT_TRUE(check_mail_octets(octets).has_error());
    }
}

}  // namespace
}  // namespace cabroker::transport
