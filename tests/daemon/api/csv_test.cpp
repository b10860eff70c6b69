#include <gtest/gtest.h>

#include "daemon/api/csv_columns.hpp"
#include "daemon/api/csv_reader.hpp"

namespace cabroker::api {
namespace {

using Fields = std::vector<std::string>;

class CsvReaderTest : public testing::Test {};

TEST_F(CsvReaderTest, ReadsBareAndQuotedFieldsWithAnyLineEnd) {
    CsvReader reader(
        "\xEF\xBB\xBF"
        "a,b\r\n\"x, y\",\"say \"\"hi\"\"\"\n\n\"two\nlines\",\n,last");

    const auto first = reader.next();
    const auto second = reader.next();
    const auto third = reader.next();
    const auto fourth = reader.next();

    ASSERT_TRUE(fourth.has_value());
    EXPECT_EQ(first->fields, (Fields{"a", "b"}));
    EXPECT_EQ(second->fields, (Fields{"x, y", "say \"hi\""}));
    EXPECT_EQ(third->fields, (Fields{"two\nlines", ""}));
    EXPECT_EQ(third->line, 4U);
    EXPECT_EQ(fourth->fields, (Fields{"", "last"}));
    EXPECT_EQ(fourth->line, 6U);
    EXPECT_FALSE(reader.next().has_value());
}

TEST_F(CsvReaderTest, GivesUpOneLineForAFaultyRecordAndGoesOn) {
    for (const std::string bad : {"a\"b,c", "\"x\"y,c", "\"never closed,c", "a\rb,c"}) {
        const std::string text = bad + "\nd,e\n";
        CsvReader reader(text);

        const auto faulty = reader.next();
        const auto good = reader.next();

        ASSERT_TRUE(faulty.has_value() && good.has_value()) << bad;
        EXPECT_FALSE(faulty->fault.empty()) << bad;
        EXPECT_EQ(good->fields, (Fields{"d", "e"})) << bad;
        EXPECT_EQ(good->line, 2U) << bad;
        EXPECT_FALSE(reader.next().has_value()) << bad;
    }
}

TEST_F(CsvReaderTest, BoundsARecord) {
    const std::string text = "\"" + std::string(200'000, 'x') + "\"\nd,e\n";
    CsvReader reader(text);

    EXPECT_FALSE(reader.next()->fault.empty());
    EXPECT_EQ(reader.next()->fields, (Fields{"d", "e"}));
}

std::string field_of(const Fields& header, const Fields& maps, const std::string& column) {
    const auto columns = map_columns(header, maps);
    if (!columns) return std::string(domain::name_of(columns.error().code));
    for (const CsvColumn& each : *columns) {
        if (each.name == column) return each.field;
    }
    return "no such column";
}

class CsvColumnsTest : public testing::Test {};

TEST_F(CsvColumnsTest, RecognisesObviousNames) {
    const Fields header{"Domain",      "Supplier Order ID", "Order ID",    "BRAND", "Admin E-Mail",
                        "Expiry Date", "label.team",        "Row comment", "SANs"};

    EXPECT_EQ(field_of(header, {}, "Domain"), "common_name");
    EXPECT_EQ(field_of(header, {}, "Supplier Order ID"), "supplier_order_id");
    EXPECT_EQ(field_of(header, {}, "Order ID"), "platform_order_id");
    EXPECT_EQ(field_of(header, {}, "BRAND"), "brand");
    EXPECT_EQ(field_of(header, {}, "Admin E-Mail"), "admin_email");
    EXPECT_EQ(field_of(header, {}, "Expiry Date"), "expires_at");
    EXPECT_EQ(field_of(header, {}, "label.team"), "label.team");
    EXPECT_EQ(field_of(header, {}, "SANs"), "dns_names");
    EXPECT_EQ(field_of(header, {}, "Row comment"), "");
}

TEST_F(CsvColumnsTest, TheCallersMapWins) {
    const Fields header{"Order ID", "a:b", "Domain"};

    EXPECT_EQ(field_of(header, {"Order ID:supplier_order_id"}, "Order ID"), "supplier_order_id");
    EXPECT_EQ(field_of(header, {"a:b:label.x"}, "a:b"), "label.x");
    EXPECT_EQ(field_of(header, {"Domain:-"}, "Domain"), "");
    EXPECT_EQ(field_of(header, {"a:b:common_name"}, "Domain"), "");
    EXPECT_EQ(field_of(header, {"Nope:brand"}, "Domain"), "bad_parameter");
    EXPECT_EQ(field_of(header, {"Domain:nope"}, "Domain"), "bad_parameter");
    EXPECT_EQ(field_of(header, {"Domain"}, "Domain"), "bad_parameter");
    EXPECT_EQ(field_of(header, {"Domain:brand", "a:b:brand"}, "Domain"), "bad_parameter");
    EXPECT_EQ(field_of({"x", "x"}, {}, "x"), "invalid_body");
}

}  // namespace
}  // namespace cabroker::api
