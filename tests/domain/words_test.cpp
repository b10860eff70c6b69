#include "domain/words.hpp"

#include <gtest/gtest.h>

namespace cabroker::domain {
namespace {

TEST(WordsTest, WordsReadBackAsTheirValues) {
    for (const auto& word : words<Format>()) EXPECT_EQ(parse<Format>(word.name), word.value);
    for (const auto& word : words<ValidationMethod>())
        EXPECT_EQ(parse<ValidationMethod>(word.name), word.value);
    EXPECT_FALSE(parse<State>("done"));
}

TEST(WordsTest, BrandsAreCaseBlindAndNothingElseIs) {
    EXPECT_EQ(parse_brand("RapidSSL"), Brand::rapidssl);
    EXPECT_EQ(parse_brand("POSITIVESSL"), Brand::positivessl);
    EXPECT_FALSE(parse_brand("letsencrypt"));
    EXPECT_FALSE(parse<Kind>("Reissue"));
}

TEST(WordsTest, EveryBrandHasItsSupplier) {
    EXPECT_EQ(supplier_of(Brand::thawte), Supplier::digicert);
    EXPECT_EQ(supplier_of(Brand::positivessl), Supplier::sectigo);
    EXPECT_EQ(supplier_of(Brand::trustwave), Supplier::trustwave);
}

}  // namespace
}  // namespace cabroker::domain
