#include "transport/origin.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace cabroker::transport {
namespace {

using domain::ErrorCode;

TEST(OriginTest, TextIsCanonical) {
    EXPECT_EQ(Origin::parse("https://Example.COM/a?b#c")->text(), "https://example.com");
    EXPECT_EQ(Origin::parse("https://example.com:443")->text(), "https://example.com");
    EXPECT_EQ(Origin::parse("https://127.0.0.1:8443/")->text(), "https://127.0.0.1:8443");
    EXPECT_EQ(Origin::parse("https://[::1]:8443/")->text(), "https://[::1]:8443");
    EXPECT_EQ(Origin::parse("HTTPS://example.com:8443/x")->port(), 8443);
}

TEST(OriginTest, EverythingButPlainHttpsIsRefused) {
    for (const std::string url :
         {"", "example.com", "http://example.com/", "ftp://example.com/", "file:///etc/passwd",
          "https://user@example.com/", "https://user:pw@example.com/", "https:///x", "https://",
          "https://exa mple.com/", "https://example.com\r\n/", "https://example.com:99999/",
          "https://example.com:0/", "https://ex%61mple.com%00/", "https://b\xC3\xBC.example/",
          "javascript:alert(1)", "//example.com/", "https://example.com\\@evil.example/"}) {
        EXPECT_TRUE(Origin::parse(url).has_error()) << url;
    }
}

TEST(OriginTest, OriginsDifferByHostAndPort) {
    const Origin pinned = *Origin::parse("https://portal.example:8443/app/");

    EXPECT_TRUE(same_origin(pinned, "https://portal.example:8443/other"));
    EXPECT_TRUE(same_origin(pinned, "https://PORTAL.example:8443"));
    for (const std::string url :
         {"https://portal.example/", "https://portal.example:8444/", "http://portal.example:8443/",
          "https://portal.example.evil.example:8443/", "https://evil.example:8443/",
          "https://portal.example:8443@evil.example/", "/relative", ""}) {
        EXPECT_FALSE(same_origin(pinned, url)) << url;
    }
}

TEST(OriginTest, ReferencesResolveAsTheRfcSays) {
    // The examples of RFC 3986 §5.4, with fragments dropped.
    const std::string base = "http://a/b/c/d;p?q";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"}};
    for (const auto& [reference, expected] : cases) {
        const auto resolved = resolve_url(base, reference);
        ASSERT_TRUE(resolved.has_value()) << reference;
        EXPECT_EQ(*resolved, expected) << reference;
    }
    EXPECT_EQ(*resolve_url("https://a/b", "//c.example/d"), "https://c.example/d");
    EXPECT_EQ(*resolve_url("https://a/b", "https://c.example"), "https://c.example/");
}

TEST(OriginTest, LinksThatLeadAwayAreRefusedWithWhere) {
    const Origin pinned = *Origin::parse("https://portal.example/");

    const auto inside = resolve_within(pinned, "https://portal.example/a/b", "../c");
    const auto away = resolve_within(pinned, "https://portal.example/", "//evil.example/x");
    const auto plain = resolve_within(pinned, "https://portal.example/", "http://portal.example/");
    const auto broken = resolve_within(pinned, "https://portal.example/", "https://a b/");

    EXPECT_EQ(*inside, "https://portal.example/c");
    EXPECT_EQ(away.error().code, ErrorCode::bad_answer);
    EXPECT_EQ(away.error().facts.at("origin"), "https://evil.example");
    EXPECT_EQ(plain.error().facts.at("origin"), "not https");
    EXPECT_EQ(broken.error().code, ErrorCode::bad_answer);
}

TEST(OriginTest, EscapingLeavesOnlyUnreservedCharacters) {
    EXPECT_EQ(url_escape("a-b_c.d~e"), "a-b_c.d~e");
    EXPECT_EQ(url_escape(" &=+/?%\n\xC3\xBC"), "%20%26%3D%2B%2F%3F%25%0A%C3%BC");
}

}  // namespace
}  // namespace cabroker::transport
