#include "cli/view.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/story.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

const std::vector<Column> kColumns{{"NAME", "/name"},
                                   {"STATE", "/state", Cell::state},
                                   {"AT", "/at", Cell::time},
                                   {"ALL", "/all", Cell::list, Where::wide_only}};

bj::array items() {
    return bj::
        parse(R"([{"name": "a", "state": "failed", "at": "1970-01-01T00:01:00Z", "all": ["x", "y"]},
                         {"name": "M\u00fcller", "state": null, "at": "soon"}])")
            .get_array();
}

Style at_two_minutes() {
    Style style;
    style.now = domain::Time{std::chrono::minutes(2)};
    return style;
}

TEST(TableTest, AlignsByWhatIsSeen) {
    EXPECT_EQ(table(items(), kColumns, at_two_minutes()),
              "NAME    STATE   AT\n"
              "a       failed  1m ago\n"
              "M\u00fcller  -       soon\n");
}

TEST(TableTest, ColourDoesNotMoveColumns) {
    Style style = at_two_minutes();
    style.paint = Paint(true);

    const std::string text = table(items(), kColumns, style);

    EXPECT_NE(text.find("a       \x1b[31mfailed\x1b[0m  1m ago\n"), std::string::npos) << text;
}

TEST(TableTest, WideHasFullDatesAndMoreColumns) {
    Style style = at_two_minutes();
    style.wide = true;
    style.absolute = true;

    const std::string text = table(items(), kColumns, style);

    EXPECT_NE(text.find("1970-01-01T00:01:00Z  x y\n"), std::string::npos) << text;
}

TEST(TableTest, GuessesColumnsForUnknownThings) {
    std::vector<std::string> storage;
    const bj::array things = bj::parse(R"([{"a/b": 1, "o": {}}, {"c~d": [1, 2]}])").get_array();

    const std::string text = table(things, guessed_columns(things, storage), Style{});

    EXPECT_EQ(text, "a/b  c~d\n1    -\n-    1 2\n");
}

TEST(CsvTest, NumbersStayAndTextIsDisarmed) {
    const bj::array things = bj::parse(R"([{"name": "-1", "state": -1, "at": "x"}])").get_array();

    EXPECT_EQ(csv(things, kColumns), "name,state,at,all\n'-1,-1,x,\n");
}

TEST(YamlTest, QuotesWhatWouldBeReadAsSomethingElse) {
    const bj::value body = bj::parse(
        R"({"plain": "abc", "yes": "No", "n": null, "num": "12", "empty": "", "list": [], "o": {},
            "colon": "a: b", "esc": "\u001b", "pem": "x\n y\n", "two": "a\nb", "sp": " a\nb"})");

    EXPECT_EQ(
        yaml(body),
        "plain: abc\n\"yes\": \"No\"\n\"n\": null\nnum: \"12\"\nempty: \"\"\nlist: []\no: {}\n"
        "colon: \"a: b\"\nesc: \"\\u001b\"\npem: |\n  x\n   y\ntwo: |-\n  a\n  b\nsp: \" "
        "a\\nb\"\n");
}

TEST(YamlTest, ListsOfObjectsAndLists) {
    EXPECT_EQ(yaml(bj::parse(R"({"items": [{"a": 1, "b": [{"c": 2}]}, [3, [4]], "x"]})")),
              "items:\n"
              "  - a: 1\n"
              "    b:\n"
              "      - c: 2\n"
              "  - - 3\n"
              "    - - 4\n"
              "  - x\n");
    EXPECT_EQ(yaml(bj::parse("[]")), "[]\n");
}

TEST(StoryTest, EachStateSaysWhoMustAct) {
    const auto story = [](const char* state, const char* actor) {
        bj::object request;
        request["id"] = "req_1";
        request["state"] = state;
        request["next_actor"] = actor;
        request["settled"] = false;
        return next_story(request, Style{});
    };

    EXPECT_NE(story("needs_approval", "approver").find("request approve req_1"), std::string::npos);
    EXPECT_NE(story("outcome_unknown", "operator").find("request resolve req_1"),
              std::string::npos);
    EXPECT_NE(story("waiting_ca", "ca").find("the CA or its support"), std::string::npos);
    EXPECT_NE(story("queued", "broker").find("the broker; it says when it needs"),
              std::string::npos);
    EXPECT_NE(story("needs_input", "requester").find("requester must give"), std::string::npos);
}

TEST(StoryTest, AnyJsonIsShownWithoutFailing) {
    for (const char* const text :
         {"{}", "[]", "null", "3", "\"x\"", R"({"items": 3})",
          R"({"needs": [null, 3], "outcome": [], "order": "x", "labels": []})",
          R"({"outcome": {"code": 3, "evidence": [null, 1]}, "result": []})",
          R"({"rules": [1], "mail": 3, "needs": {}, "warnings": [[]], "columns": [1]})"}) {
        const bj::value body = bj::parse(text);
        const View* const views[] = {&request_view(), &order_view(),  &preview_view(),
                                     &csr_view(),     &import_view(), &plain_view()};
        for (const View* view : views) {
            const auto story = view->story == nullptr ? plain_story : view->story;
            EXPECT_NO_THROW((void)story(body, Style{})) << text;
            EXPECT_NO_THROW((void)table(bj::array{body}, view->columns, Style{})) << text;
            EXPECT_NO_THROW((void)csv(bj::array{body}, view->columns)) << text;
        }
        EXPECT_NO_THROW((void)go_on(body));
        EXPECT_NO_THROW((void)timeline_tail(body, Style{}));
    }
}

}  // namespace
}  // namespace cabroker::cli
