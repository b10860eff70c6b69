// Forms with files, charsets and paths: what the portals read from hostile requests.
#include <gtest/gtest.h>

#include "sim/http.hpp"
#include "sim/multipart.hpp"

namespace cabroker::sim {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

TEST(MultipartTest, FieldsAndFilesAreReadWithTheirExactOctets) {
    const std::string body =
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.csr\"\r\n"
        "Content-Type: application/pkcs10\r\n\r\n--X\r\n\xff\r\n--XX--\r\n";

    const auto fields = parse_multipart(kType, body);

    ASSERT_TRUE(fields.has_value());
    EXPECT_EQ(field(*fields, "a"), "one\r\ntwo");
    EXPECT_EQ(field(*fields, "f"), "--X\r\n\xff");
}

TEST(MultipartTest, AnEmptyFileIsAnEmptyField) {
    const auto fields = parse_multipart(
        kType,
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--XX--");

    ASSERT_TRUE(fields.has_value());
    EXPECT_TRUE(fields->contains("f"));
    EXPECT_EQ(field(*fields, "f"), "");
}

TEST(MultipartTest, WhatIsCutOffOrHasNoBoundaryIsRefused) {
    const std::string whole =
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XX--";

    EXPECT_FALSE(parse_multipart("multipart/form-data", whole).has_value());
    for (std::size_t length = 0; length < whole.size() - 1; ++length) {
        EXPECT_FALSE(parse_multipart(kType, whole.substr(0, length)).has_value()) << length;
    }
}

TEST(CharsetTest, PagesBecomeLatin1WithEntitiesForTheRest) {
    EXPECT_EQ(latin1_page("K\xC3\xB6ln \xE2\x82\xAC 5"), "K\xF6ln &#8364; 5");
    EXPECT_EQ(latin1_page("broken \xC3"), "broken ?");
}

TEST(CharsetTest, TextInEitherCharsetIsReadAsTheSame) {
    EXPECT_EQ(as_utf8("K\xF6ln"), "K\xC3\xB6ln");
    EXPECT_EQ(as_utf8("K\xC3\xB6ln"), "K\xC3\xB6ln");
}

TEST(BerlinDateTest, SummerTimeBeginsAndEndsAtOneOClockUtc) {
    const auto at = [](std::int64_t seconds) {
        return berlin_date(domain::Time(std::chrono::seconds(seconds)));
    };

    EXPECT_EQ(at(1774746000 - 1), "29.03.2026 01:59:59 +0100");
    EXPECT_EQ(at(1774746000), "29.03.2026 03:00:00 +0200");
    EXPECT_EQ(at(1792890000 - 1), "25.10.2026 02:59:59 +0200");
    EXPECT_EQ(at(1792890000), "25.10.2026 02:00:00 +0100");
}

TEST(PathFitsTest, StarsTakeOnePartEach) {
    std::vector<std::string> parts;

    EXPECT_TRUE(path_fits("certificate/*/chain", "certificate/a%20b/chain", parts));
    EXPECT_EQ(parts, std::vector<std::string>(1, "a b"));
    EXPECT_FALSE(path_fits("certificate/*/chain", "certificate//chain", parts));
    EXPECT_FALSE(path_fits("certificate/*/chain", "certificate/1/chain/2", parts));
    EXPECT_FALSE(path_fits("certificate/*/chain", "certificate/1", parts));
}

}  // namespace
}  // namespace cabroker::sim
