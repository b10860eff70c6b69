// The template engine of the simulated portals, seen through their pages.
#include "sim/pages.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace cabroker::sim {
namespace {

TEST(PagesTest, ValuesAreEscapedAndContentIsNot) {
    PageData data;
    data.text("title", "a <b> & \"c\" 'd'").text("content", "<p>kept</p>").text("page", "x");

    const std::string page = render("layout", data);

    EXPECT_NE(page.find("<title>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; - "),
              std::string::npos);
    EXPECT_NE(page.find("<main id=\"content\">\n<p>kept</p>\n</main>"), std::string::npos);
}

TEST(PagesTest, SectionsShowForFlagsTextsAndEachRow) {
    PageData data;
    data.flag("found", true).text("term", "x");
    for (const char* number : {"1", "2"}) {
        Fields row;
        row["number"] = number;
        row["state"] = "ok";
        data.row("hits", std::move(row));
    }

    const std::string page = render("desk/search", data);

    EXPECT_NE(page.find("<tr><td>1</td>"), std::string::npos);
    EXPECT_NE(page.find("<tr><td>2</td>"), std::string::npos);
    EXPECT_EQ(page.find("Weitere Treffer"), std::string::npos) << "there is no text `more`";
    EXPECT_EQ(page.find("{{"), std::string::npos);
}

TEST(PagesTest, ASectionAloneOnItsLineLeavesNoLineBehind) {
    PageData data;
    data.flag("found", true);

    EXPECT_NE(render("desk/search", data).find("</form>\n<table border=\"1\">\n<tr><th>"),
              std::string::npos);
    EXPECT_NE(render("desk/search", data).find("<th></th></tr>\n</table>\n"), std::string::npos);
}

TEST(PagesTest, AnUnknownPageIsABug) {
    EXPECT_THROW(static_cast<void>(render("nowhere", PageData())), std::logic_error);
}

}  // namespace
}  // namespace cabroker::sim
