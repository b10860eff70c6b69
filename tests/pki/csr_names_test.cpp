// What a report says about the names in a CSR.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pki/csr.hpp"
#include "tests/pki/make_pki.hpp"

namespace cabroker::pki {
namespace {

using test_pki::CsrOptions;
using test_pki::make_csr;

/// "error bad_name; warning ip_address_san": all findings, in order.
std::string findings_of(const std::string& common_name,
                        const std::vector<std::string>& dns_names = {},
                        const CsrOptions& options = {}) {
    static const test_pki::TestKey key = test_pki::make_ec_key();
    std::string text;
    for (const Finding& f : inspect_csr(make_csr(key, common_name, dns_names, options)).findings) {
        if (!text.empty()) text += "; ";
        text += std::string(name_of(f.severity)) + " " + f.code;
    }
    return text;
}

TEST(CsrNamesTest, HostNamesAndLeftmostWildcardsAreFine) {
    EXPECT_EQ(findings_of("www.example.com"), "");
    EXPECT_EQ(findings_of("*.example.com", {"*.example.com", "example.com"}), "");
    EXPECT_EQ(findings_of("", {"xn--bcher-kva.example.com"}), "");
}

TEST(CsrNamesTest, WildcardsElsewhereAreErrors) {
    for (const std::string name :
         {"www.*.example.com", "w*.example.com", "*", "*.com", "*.*.example.com", "example.*"}) {
        EXPECT_EQ(findings_of("", {name}), "error bad_name") << name;
        EXPECT_EQ(findings_of(name), "error bad_name") << name;
    }
}

TEST(CsrNamesTest, ControlCharactersAndEmptyNamesAreErrors) {
    EXPECT_EQ(findings_of("www.example.com\n"), "error bad_name");
    EXPECT_EQ(findings_of("", {std::string("www.example.com\0.evil.net", 25)}), "error bad_name");
    EXPECT_EQ(findings_of("", {""}), "error bad_name");
}

TEST(CsrNamesTest, WhatIsNoHostNameIsAnErrorInTheSanAndAWarningInTheCommonName) {
    for (const std::string name : {"https://example.com/", "my host.example.com", "-a.example.com",
                                   "under_score.example.com", "a..example.com"}) {
        EXPECT_EQ(findings_of("", {name}), "error bad_name") << name;
        EXPECT_EQ(findings_of(name), "warning bad_name") << name;
    }
    EXPECT_EQ(findings_of("b\xC3\xBC"
                          "cher.example.com"),
              "warning bad_name");
    EXPECT_EQ(findings_of("", {"b\xC3\xBC"
                               "cher.example.com"}),
              "error bad_name");
}

TEST(CsrNamesTest, NamesForInsideUseAreWarnings) {
    for (const std::string name : {"server1", "mail.corp", "nas.local", "1.0.0.127.in-addr.arpa"}) {
        EXPECT_EQ(findings_of("", {name}), "warning bad_name") << name;
    }
}

TEST(CsrNamesTest, AddressesAreToldApart) {
    CsrOptions options;
    options.ip_addresses = {"192.0.2.1"};
    EXPECT_EQ(findings_of("www.example.com", {}, options), "warning ip_address_san");
    EXPECT_EQ(findings_of("192.0.2.1"), "warning ip_address_san");
    EXPECT_EQ(findings_of("", {"192.0.2.1"}), "error bad_name");
    EXPECT_EQ(findings_of("", {"2001:db8::1"}), "error bad_name");
}

TEST(CsrNamesTest, NoNameSeveralCommonNamesAndOtherKindsAreTold) {
    CsrOptions only_organization;
    only_organization.organization = "Example";
    EXPECT_EQ(findings_of("", {}, only_organization), "warning no_names");
    EXPECT_EQ(findings_of("", {}), "warning no_names");

    CsrOptions several;
    several.more_common_names = {"www.example.org"};
    EXPECT_EQ(findings_of("www.example.com", {}, several), "warning bad_name");

    CsrOptions mail;
    mail.mail_addresses = {"a@example.com"};
    EXPECT_EQ(findings_of("www.example.com", {}, mail), "info bad_name");
}

TEST(CsrNamesTest, ThousandBadNamesMakeAShortReport) {
    const std::vector<std::string> names(500, "no host name");

    const CsrReport report = inspect_csr(make_csr(test_pki::make_ec_key(), "", names));

    EXPECT_FALSE(report.ok);
    EXPECT_LE(report.findings.size(), 20U);
}

}  // namespace
}  // namespace cabroker::pki
