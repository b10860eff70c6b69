#include "transport/id_lookup.hpp"

#include <gtest/gtest.h>

#include "transport/page.hpp"

namespace cabroker::transport {
namespace {

using domain::ErrorCode;

TEST(IdLookupTest, AbsolutePathsByIdAreLookedUp) {
    EXPECT_EQ(with_id_lookups("//*[@id='a']"), "cabroker-elements('a')");
    EXPECT_EQ(with_id_lookups("//td [ @ id = \"it's\" ]/@x"),
              "cabroker-elements(\"it's\")[self::td]/@x");
    EXPECT_EQ(with_id_lookups("//body[@id='p'] and not(//*[@id='a'])"),
              "cabroker-elements('p')[self::body] and not(cabroker-elements('a'))");
    EXPECT_EQ(with_id_lookups("//a | //b[@id='x']//*[@id='y']"),
              "//a | cabroker-elements('x')[self::b]//*[@id='y']");
    EXPECT_EQ(with_id_lookups("//tr[//th[@id='x'] = 'y']"),
              "//tr[cabroker-elements('x')[self::th] = 'y']");
    EXPECT_EQ(with_id_lookups("and//div[2 * //*[@id='n'] > 1]"),
              "and//div[2 * cabroker-elements('n') > 1]");
}

TEST(IdLookupTest, EverythingElseStaysAsItIs) {
    for (const std::string xpath : {"//*[@id='a'][1]",
                                    "//td[@id='a'] [last()]",
                                    ".//*[@id='a']",
                                    "/html//*[@id='a']",
                                    "//*[@id='a' or @x]",
                                    "//*[@idx='a']",
                                    "//*[id='a']",
                                    "//x:td[@id='a']",
                                    "//text()[@id='a']",
                                    "//@id[.='a']",
                                    "concat('//*[@id=', \"//*[@id='a']\")",
                                    "div//*[@id='a']",
                                    "* //*[@id='a']",
                                    "//*[@id=concat('a','')]",
                                    "/descendant::*[@id='a']",
                                    "$x//*[@id='a']",
                                    "//*[@id='a",
                                    "//*[",
                                    "",
                                    "'",
                                    "]//*[@id='a']",
                                    "@//*[@id='a']"}) {
        EXPECT_EQ(with_id_lookups(xpath), xpath);
    }
}

/// Pages on which the two ways might differ: the same id more than once, nested, in what is taken
/// away, empty, with references, on the root.
const char* const kIdPages[] = {
    "<html id=a><body id=a><p id=a>1<b id=a>2</b></p><p id=b>3</p></body></html>",
    "<body><template><p id=a>no</p></template><p id=a>yes</p><div hidden id=a>x<i id=b>y</i></div>",
    "<body id><p id=''>empty</p><p id='&auml;&#97;'>reference</p><p ID=a>upper</p><p xml:id=a>xml",
    "<table id=a><tr id=r><td class=d>1<td class=d id=a>2</table><td id=b><select id=a><option>o",
    "<p>nothing",
};
/// `ID(x)` stands for the path, with the same step written so that it is not looked up.
const char* const kIdQueries[] = {
    "ID(*,a)",
    "ID(p,a)",
    "ID(body,a)",
    "ID(*,)",
    "ID(*,äa)",
    "ID(*,none)",
    "ID(nobody,a)",
    "ID(*,a)/@id",
    "ID(*,a)//text()",
    "ID(*,a)/..",
    "count(ID(*,a))",
    "string(ID(*,a))",
    "ID(*,a) | ID(*,b)",
    "ID(*,b) | //p",
    "ID(*,a)//*[@id='a']",
    "//p[ID(*,a)]",
    "(ID(*,a))[2]",
    "(ID(*,a))[last()]",
    "not(ID(*,a)) or ID(*,b)",
    "contains(ID(*,a), '2')",
    "ID(*,a) = ID(*,b)",
    "ID(*,a)/following::*",
    "ID(table,a)//td[@class='d'][2]",
    "-ID(*,b)",
    "id('a')",
};

std::string spelt(std::string query, bool looked_up) {
    for (std::size_t at = query.find("ID("); at != std::string::npos; at = query.find("ID(")) {
        const std::size_t comma = query.find(',', at);
        const std::size_t end = query.find(')', at);
        const std::string name = query.substr(at + 3, comma - at - 3);
        const std::string test = name + "[@id='" + query.substr(comma + 1, end - comma - 1) + "']";
        const std::string axis = looked_up ? "//" : "/descendant-or-self::node()/child::";
        query = query.substr(0, at) + axis + test + query.substr(end + 1);
    }
    return query;
}

TEST(IdLookupTest, ALookUpSelectsWhatTheWalkSelects) {
    int several = 0;
    for (const char* body : kIdPages) {
        const auto page = Page::parse(body, "text/html; charset=utf-8");
        ASSERT_TRUE(page) << body;
        for (const char* query : kIdQueries) {
            const std::string walk = spelt(query, false);
            const std::string look_up = spelt(query, true);
            ASSERT_EQ(with_id_lookups(walk), walk) << "this one must walk";

            const auto walked = page->all(walk);
            const auto looked_up = page->all(look_up);

            ASSERT_TRUE(walked && looked_up) << look_up;
            EXPECT_EQ(*looked_up, *walked) << look_up << " on " << body;
            EXPECT_EQ(*page->holds(look_up), *page->holds(walk)) << look_up << " on " << body;
            several += looked_up->size() > 1 ? 1 : 0;
        }
    }
    EXPECT_GT(several, 20) << "most queries found one element or none";
}

TEST(IdLookupTest, PagesDoNotShareTheirIds) {
    const auto one = Page::parse("<p id=a>one</p>", "");
    const auto other = Page::parse("<p id=b>other</p>", "");

    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(*one->first("//*[@id='a']"), "one");
        EXPECT_EQ(*other->first("//*[@id='a']"), std::nullopt);
        EXPECT_EQ(*other->first("//*[@id='b']"), "other");
    }
}

TEST(IdLookupTest, TheFunctionIsNoProfilesToCall) {
    EXPECT_EQ(check_xpath("cabroker-elements('a')").error().code, ErrorCode::bad_configuration);
    EXPECT_EQ(check_xpath("//a[cabroker-elements('a')]").error().code,
              ErrorCode::bad_configuration);
}

TEST(IdLookupTest, SloppyPagesWithElementsOfOneIdWithinEachOtherAreRead) {
    const auto twice = Page::parse("<div id=a><div id=a><p>x</p></div></div>", "text/html");
    EXPECT_EQ(twice->all("//div[@id='a']//p")->size(), 1U);
}

TEST(IdLookupTest, ManyElementsOfOneIdEndTheWork) {
    std::string body;
    for (int i = 0; i < 30'000; ++i) body += "<p id=a>";
    const auto page = Page::parse(body, "text/html");
    ASSERT_TRUE(page);
    std::string product = "count(//*[@id='a'])";
    for (int i = 0; i < 80; ++i) product += " + count(//*[@id='a'])";

    EXPECT_EQ(*page->first("count(//*[@id='a'])"), "30000");
    EXPECT_EQ(page->first(product).error().code, ErrorCode::bad_configuration);
    EXPECT_EQ(page->all("//*[@id='a']").error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace cabroker::transport
