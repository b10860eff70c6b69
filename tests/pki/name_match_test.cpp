#include "pki/name_match.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cabroker::pki {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(NormaliseNameTest, CaseDotAndUnicodeBecomeOneForm) {
    EXPECT_EQ(normalise_name("WWW.Example.COM."), "www.example.com");
    EXPECT_EQ(normalise_name("B\xC3\x9C"
                             "CHER.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(normalise_name("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
    EXPECT_EQ(normalise_name("fa\xC3\x9F.example"), "xn--fa-hia.example") << "non-transitional";
    EXPECT_EQ(normalise_name("*.b\xC3\xBC"
                             "cher.example"),
              "*.xn--bcher-kva.example");
    EXPECT_EQ(normalise_name("localhost"), "localhost");
}

TEST(NormaliseNameTest, WhatIsNoHostNameHasNoForm) {
    const std::string long_label(64, 'a');
    std::string long_name;
    for (int i = 0; i < 64; ++i) long_name += "abc.";
    for (const std::string& bad : {std::string(),
                                   std::string("."),
                                   std::string("*"),
                                   std::string("*."),
                                   std::string("a.*.b"),
                                   std::string("w*.a"),
                                   std::string("*.*.a"),
                                   std::string("a b.c"),
                                   std::string("a_b.c"),
                                   std::string("-a.b"),
                                   std::string("a-.b"),
                                   std::string("a..b"),
                                   std::string("10.0.0.1"),
                                   std::string("1.2.3.4.5"),
                                   std::string("::1"),
                                   std::string("[::1]"),
                                   std::string("a.b/c"),
                                   std::string("a\0b.c", 5),
                                   long_label + ".com",
                                   long_name + "com",
                                   std::string("xn--\xFF.com"),
                                   std::string("xn--a\xCC\x80-.com"),
                                   std::string(5000, 'a')}) {
        EXPECT_EQ(normalise_name(bad), std::nullopt) << bad;
    }
}

TEST(PlainNameTest, IsOneForANameWithAndWithoutWwwAndTheTextWhereThereIsNone) {
    EXPECT_EQ(plain_name("WWW.Example.com."), "example.com");
    EXPECT_EQ(plain_name("example.com"), "example.com");
    EXPECT_EQ(plain_name("*.example.com"), "*.example.com");
    EXPECT_EQ(plain_name("No Name!"), "No Name!");
}

TEST(CoversTest, WildcardStandsForExactlyOneLabel) {
    EXPECT_TRUE(covers("www.example.com", "WWW.example.com"));
    EXPECT_TRUE(covers("*.example.com", "www.example.com"));
    EXPECT_TRUE(covers("*.example.com", "*.example.com"));
    EXPECT_TRUE(covers("*.xn--bcher-kva.example",
                       "www.b\xC3\xBC"
                       "cher.example"));
    EXPECT_FALSE(covers("*.example.com", "example.com"));
    EXPECT_FALSE(covers("*.example.com", "a.b.example.com"));
    EXPECT_FALSE(covers("*.b.example.com", "*.example.com"));
    EXPECT_FALSE(covers("*.com", "*.example.com"));
    EXPECT_FALSE(covers("www.example.com", "*.example.com"));
    EXPECT_FALSE(covers("example.com", "www.example.com"));
    EXPECT_FALSE(covers("*.example.com", "www.badexample.com"));
    EXPECT_FALSE(covers("10.0.0.1", "10.0.0.1"));
}

TEST(IsInternalNameTest, OneLabelReservedEndsAndReverseZones) {
    for (const char* name : {"host", "*.local", "a.internal", "a.home.arpa", "b.in-addr.arpa",
                             "x.ip6.arpa", "www.example"}) {
        EXPECT_TRUE(is_internal_name(name)) << name;
    }
    for (const char* name : {"www.example.com", "local.example.com", "notlocal.com", "*.a.org"}) {
        EXPECT_FALSE(is_internal_name(name)) << name;
    }
}

TEST(IsIpAddressTest, BothFamiliesAndBrackets) {
    EXPECT_TRUE(is_ip_address("192.0.2.1"));
    EXPECT_TRUE(is_ip_address("2001:db8::1"));
    EXPECT_TRUE(is_ip_address("[::1]"));
    EXPECT_FALSE(is_ip_address("192.0.2"));
    EXPECT_FALSE(is_ip_address("example.com"));
    EXPECT_FALSE(is_ip_address(""));
}

CsrFacts csr(std::optional<std::string> common_name, std::vector<std::string> dns_names = {}) {
    return {std::move(common_name), std::move(dns_names)};
}

TEST(CsrFitsOrderTest, SameNamesFitWhateverTheirSpelling) {
    const NameVerdict verdict =
        csr_fits_order(csr("WWW.Example.com", {"www.example.com",
                                               "b\xC3\xBC"
                                               "cher.example"}),
                       "www.example.com", {"xn--bcher-kva.example", "www.example.com"});

    EXPECT_TRUE(verdict.fits) << verdict.detail;
    EXPECT_THAT(verdict.notes, IsEmpty());
}

TEST(CsrFitsOrderTest, OtherCommonNameDoesNotFit) {
    const NameVerdict verdict = csr_fits_order(csr("www.example.org"), "www.example.com", {});

    EXPECT_FALSE(verdict.fits);
    EXPECT_THAT(verdict.detail, HasSubstr("www.example.org"));
    EXPECT_THAT(verdict.detail, HasSubstr("www.example.com"));
    EXPECT_FALSE(csr_fits_order(csr("*.example.com"), "www.example.com", {}).fits);
    EXPECT_FALSE(csr_fits_order(csr("Example Inc"), "www.example.com", {}).fits);
}

TEST(CsrFitsOrderTest, WwwMoreOrLessFitsWithANote) {
    const NameVerdict less = csr_fits_order(csr("example.com"), "www.example.com", {});
    const NameVerdict more = csr_fits_order(csr("example.com", {"example.com", "www.example.com"}),
                                            "example.com", {"example.com"});

    EXPECT_TRUE(less.fits);
    EXPECT_THAT(less.notes, SizeIs(1));
    EXPECT_TRUE(more.fits);
    EXPECT_THAT(more.notes, SizeIs(1));
}

TEST(CsrFitsOrderTest, NamesMustBeOnTheOrderWhenItKnowsThem) {
    const std::vector<std::string> known = {"example.com", "shop.example.com"};

    EXPECT_TRUE(
        csr_fits_order(csr("example.com", {"shop.example.com"}), "example.com", known).fits);
    const NameVerdict extra = csr_fits_order(
        csr("example.com", {"example.com", "mail.example.com"}), "example.com", known);
    EXPECT_FALSE(extra.fits);
    EXPECT_THAT(extra.detail, HasSubstr("mail.example.com"));

    const NameVerdict unknown =
        csr_fits_order(csr("example.com", {"example.com", "mail.example.com"}), "example.com", {});
    EXPECT_TRUE(unknown.fits) << "the order does not know its names";
    EXPECT_THAT(unknown.notes, SizeIs(1));
}

TEST(CsrFitsOrderTest, WithoutCommonNameTheDnsNamesDecide) {
    EXPECT_TRUE(csr_fits_order(csr({}, {"example.com"}), "example.com", {}).fits);
    EXPECT_FALSE(csr_fits_order(csr({}, {"example.org"}), "example.com", {}).fits);
    EXPECT_TRUE(csr_fits_order(csr({}, {}), "example.com", {}).fits);
    EXPECT_TRUE(csr_fits_order(csr("anything.example.com", {"x.example.com"}), {}, {}).fits);
}

}  // namespace
}  // namespace cabroker::pki
