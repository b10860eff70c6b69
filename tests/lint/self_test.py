"""Each lint finds what is planted and passes what is good: a check that cannot fail counts for nothing."""
import pathlib
import shutil
import tempfile
import unittest

import architecture_lint
import coroutine_lint
import format_lint
import source_lint
import tree


class CoroutineLintTest(unittest.TestCase):
    def findings(self, body):
        return coroutine_lint.check_text("a.cpp", "asio::awaitable<void> run() {\n" + body + "\n}\n")

    def test_finds_what_is_forbidden(self):
        for body in ("auto a = co_await f(Agg{1, s});",
                     "co_await f({s, t});",
                     "co_await f(x ? a : b);",
                     "const auto a = ok ? co_await f() : g();",
                     "co_spawn(co_await this_coro::executor, [s]() -> asio::awaitable<void> { co_return; });",
                     "co_await f([s](int a) { return a; });",
                     "co_return co_await f(std::vector<std::string>{\"a\"});",
                     "if (!co_await f(Agg{.a = 1})) return;",
                     "while (co_await f([&] { return 1; })) { g(); }",
                     "list.push_back({co_await f(), 1});",
                     "for (auto x : co_await f(std::array<int, 2>{1, 2})) { g(x); }",
                     "auto run = [s]() -> asio::awaitable<void> { co_await f(Agg{1}); };",
                     "if (!co_await f(\"a\")) co_return false;",
                     "if (a) { g(); } else if (co_await f(\"a\")) { g(); }",
                     "while (co_await f(std::string(\"a\"))) g();",
                     "if (a && !co_await f(text)) co_return false;",
                     "switch (n) { case 1: co_await f(Agg{1}); break; }"):
            self.assertEqual(len(self.findings(body)), 1, body)

    def test_passes_what_is_safe(self):
        for body in ("Agg a{1, s}; co_await f(std::move(a));",
                     "if (x) { co_await f(); } else { co_await g(); }",
                     "auto done = [s](int a) { return a; }; co_await f(std::move(done));",
                     "co_await f([](int a) { return a; });",
                     "auto run = [](int a) -> asio::awaitable<void> { co_await f(a); };",
                     "while (true) { const int n = co_await f(); if (n > 0) co_return; }",
                     "if (ok ? a : b) co_await f();",
                     "if (a == \"b\") co_await f(\"c\");",
                     "if (!co_await f()) co_return false;",
                     "for (std::size_t i = 0; i < n; ++i) co_await f(list[i]);",
                     "co_await f(\"{ ? [s]\"); // Agg{1} ?",
                     "co_await f(R\"({\"a\": [1]})\");",
                     "try { co_await f(); } catch (const E& e) { g({1}); }",
                     "struct Local { int a; }; co_await f();",
                     "map[key] = co_await f();",
                     "g(Agg{1}); co_await f();"):
            self.assertEqual(self.findings(body), [], body)


class ArchitectureLintTest(unittest.TestCase):
    def test_finds_forbidden_edges(self):
        for path, include in (("domain/a.cpp", '"json/parse.hpp"'), ("policy/a.cpp", '"runtime/clock.hpp"'),
                              ("daemon/store/a.cpp", '"daemon/engine/engine.hpp"'),
                              ("daemon/api/a.cpp", '"daemon/link/link.hpp"'), ("cli/a.cpp", '"daemon/api/http.hpp"'),
                              ("sim/a.cpp", '"adapters/adapter.hpp"'),
                              ("adapters/human/a.cpp", '"adapters/guest_portal/work.hpp"'),
                              ("adapters/email_ticket/a.cpp", '"adapters/portal/browser.hpp"'),
                              ("daemon/app/a.cpp", '"adapters/host/host.hpp"'), ("new/a.cpp", '"domain/ids.hpp"'),
                              ("json/a.cpp", '"parse.hpp"'), ("domain/a.hpp", "<boost/asio.hpp>")):
            self.assertEqual(len(architecture_lint.check_text(path, f"#include {include}\n")), 1, path)

    def test_passes_the_edges_of_the_table(self):
        for path, include in (("daemon/engine/a.cpp", '"daemon/link/outside.hpp"'), ("pki/a.cpp", '"json/parse.hpp"'),
                              ("adapters/guest_portal/a.cpp", '"adapters/portal/browser.hpp"'),
                              ("adapters/registry.cpp", '"adapters/human/human.hpp"'),
                              ("tests/sim/a_test.cpp", '"adapters/adapter.hpp"'), ("domain/a.cpp", "<string>")):
            self.assertEqual(architecture_lint.check_text(path, f"#include {include}\n"), [], path)
        self.assertEqual(architecture_lint.check_text("domain/a.cpp", '// #include "json/parse.hpp"\n'), [])


class PlantedTreeTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def put(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def planted(self, path, text, lint=source_lint):
        self.put(path, text)
        found = lint.check(tree.Tree(self.root))
        (self.root / path).unlink()
        return found

    def test_source_lint_finds_each_violation(self):
        self.put("store/CMakeLists.txt", "cabroker_library(x SOURCES a.cpp)\n")
        self.put("store/a.cpp", "int a;\n")
        self.assertEqual(source_lint.check(tree.Tree(self.root)), [])
        for path, text, word in (
                ("store/b.cpp", "int b;\n", "no CMakeLists.txt lists"),
                ("store/b.hpp", "int b;\n", "#pragma once"),
                ("util/b.hpp", "#pragma once\n", "says nothing"),
                ("store/b.hpp", "#pragma once\nco_spawn(x, asio::detached);\n", "detached"),
                ("store/b.hpp", "#pragma once\n#include <regex>\n", "std::regex"),
                ("store/b.hpp", "#pragma once\nsyscall(SYS_openat2, 0);\n", "ENOSYS"),
                ("store/b.hpp", "#pragma once\n// TO" "DO later\n", "open end"),
                ("store/b.md", "see /wo" "rk/main/x\n", "path of one machine"),
                ("store/b.hpp", "#pragma once\n" + "int a;\n" * 500, "longer than"),
                ("more/CMakeLists.txt", "add_library(x gone.cpp)\n", "does not exist"),
                ("more/CMakeLists.txt", "file(GLOB x *.cpp)\n", "GLOB"),
                ("daemon/store/b.hpp", '#pragma once\nq("SELECT a FROM b WHERE c=" + id);\n', "SQL"),
                ("daemon/store/b.hpp", '#pragma once\nq("DELETE FROM " + name);\n', "SQL"),
                ("daemon/store/b.hpp", '#pragma once\nq(fmt::format("SELECT a FROM b WHERE c={}", id));\n', "SQL")):
            found = self.planted(path, text)
            self.assertTrue(found and all(word in finding for finding in found), (path, text, found))

    def test_source_lint_finds_a_hidden_name_that_two_sources_of_a_folder_have(self):
        for folder in ("page", "mail"):
            self.put(folder + "/CMakeLists.txt", "cabroker_library(x SOURCES a.cpp b.cpp)\n")
            self.put(folder + "/a.cpp", "int a;\n")
            self.put(folder + "/b.cpp", "int b;\n")
        self.put("page/a.cpp", "namespace {\n\nbool hides(const Node& node) {\n    return shown(node);\n}\n\n}  // namespace\n")
        for path, text, wanted in (
                ("page/b.cpp", "template <class T>\nstd::optional<T> hides(T* style) {\n}\n", 1),
                ("page/b.cpp", "struct hides {\n};\n", 1),
                ("page/b.cpp", "int b = hides(1);\n    hides(2);\n", 0),
                ("mail/b.cpp", "bool hides(int style) {\n}\n", 0)):
            self.put(path, "namespace {\n\n" + text + "\n}  // namespace\n")
            found = source_lint.check(tree.Tree(self.root))
            self.assertEqual(len([finding for finding in found if "hides" in finding]), wanted, (path, text, found))
            self.assertEqual(len(found), wanted, found)
            self.put(path, "int b;\n")

    def test_source_lint_passes_fixed_pieces_of_sql(self):
        good = '#pragma once\nq("SELECT a FROM b " + kOrder);\nq("SELECT a FROM b" + conditions.sql());\n'
        self.assertEqual(self.planted("daemon/store/b.hpp", good), [])

    def test_format_lint_finds_one_blank_too_many(self):
        shutil.copy(pathlib.Path(__file__).parents[2] / ".clang-format", self.root)
        self.assertEqual(self.planted("a.cpp", "int a;\n", format_lint), [])
        self.assertEqual(len(self.planted("a.cpp", "int  a;\n", format_lint)), 1)


if __name__ == "__main__":
    unittest.main()
