"""House rules that a text search can hold: no string-built SQL, no detached coroutine, no std::regex,
no catch-all folders, one header guard, sources listed, no machine paths, short files, no open ends, no hidden name twice
in a folder."""
import collections
import re
import sys

import cpp_tokens
import tree

LONGEST = 500
CATCH_ALL = {"util", "utils", "common", "helpers", "misc"}
# Split so that this file does not find itself.
OPEN_ENDS = re.compile("TO" "DO|FIX" "ME")
MACHINE_PATH = re.compile("/wo" r"rk/(?:main|shared|\.)|/ho" r"me/[a-z]\w*/|/ro" r"ot/\.|bash_" "jobs")
SQL = r"(?:SELECT\s|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET|WHERE\s|VALUES\s*\(|ORDER\s+BY|PRAGMA\s)"
# A value put into the text of a statement: "... WHERE id=" + id, or fmt::format("SELECT {}", ...).
# Fixed pieces (constants, numbers, a Conditions::sql() with its values bound) may be put together.
FIXED = r"(?!k[A-Z]|\w+\.sql\(\)|std::to_string\()"
BUILT_SQL = (
    re.compile(r'"[^"\n]*\b' + SQL + r'[^"\n]*"\s*(?:\+|<<)\s*' + FIXED + r'\w'),
    re.compile(r'(?:format|sprintf)\s*\(\s*(?:FMT_STRING\()?"[^"\n]*\b' + SQL + r'[^"\n]*(?:\{|%)'),
    re.compile(r'(?:=|[<>]|LIKE|IN\s*\()\s*\'?"\s*\+\s*' + FIXED + r'\w'),
)
SQL_FOLDER = "daemon/store/"
# A function or type that begins at the start of a line.
DEFINED = re.compile(r"(?!(?:using|return|template|static_assert|extern|friend)\b)"
                     r"(?:[\w:<>,&*][\w:<>,&* ]*?[ &*](\w+)\(|(?:class|struct|enum class) (\w+)\b(?!;))")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def code_findings(path, text):
    code = cpp_tokens.without_comments(text)
    with_strings = cpp_tokens.without_comments(text, keep_strings=True)
    rules = [(re.compile(r"\basio::detached\b|\busing\s+[\w:]*detached\b"), "asio::detached swallows exceptions: use spawn()"),
             (re.compile(r"\bstd::w?s?regex|#\s*include\s*<regex>"), "std::regex is not for untrusted text"),
             (re.compile(r"\b(?:SYS_|__NR_)?openat2\b"), "the units' RestrictSUIDSGID= answers openat2 with ENOSYS")]
    for rule, what in rules:
        for match in rule.finditer(code):
            yield f"{path}:{line_of(code, match.start())}: {what}"
    if path.suffix == ".hpp" and not re.search(r"^#pragma once$", text, re.M):
        yield f"{path}:1: a header without #pragma once"
    if path.parts[0] in ("tests", "bench") or "sqlite" not in with_strings.lower() and not path.as_posix().startswith(SQL_FOLDER):
        return
    for rule in BUILT_SQL:
        for match in rule.finditer(with_strings):
            yield f"{path}:{line_of(with_strings, match.start())}: SQL built from strings: bind values"


def text_findings(path, text):
    for rule, what in ((OPEN_ENDS, "an open end"), (MACHINE_PATH, "a path of one machine")):
        for match in rule.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: {what}: {match.group(0)}"
    if path.suffix in tree.SOURCES and path.parts[0] != "tests" and text.count("\n") > LONGEST:
        yield f"{path}:{LONGEST}: longer than {LONGEST} lines"


def path_findings(files):
    for path in files.paths:
        for part in path.parts[:-1]:
            if part in CATCH_ALL:
                yield f"{path}:1: a folder called {part} says nothing"


def listed_sources(files):
    """Sources that the CMake files name, by path, and those that do not exist."""
    listed, missing = set(), []
    for path in files.paths:
        if path.name != "CMakeLists.txt" and path.suffix != ".cmake":
            continue
        text = re.sub(r"#[^\n]*", "", files.text(path))
        for variable in ("CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR"):
            text = text.replace("${" + variable + "}", files.root.resolve().as_posix())
        for match in re.finditer(r"(?<![\w$/{}.-])[\w./-]+\.cpp\b", text):
            folder = files.root if path.suffix == ".cmake" else (files.root / path).parent
            source = (folder / match.group(0)).resolve()
            if source.exists():
                listed.add(source)
            else:
                missing.append(f"{path}:{line_of(text, match.start())}: {match.group(0)} does not exist")
        if re.search(r"file\s*\(\s*GLOB", text):
            missing.append(f"{path}:1: sources are listed by name, not by GLOB")
    return listed, missing


def hidden_names(text):
    """Functions and types of a source's unnamed namespaces, with their lines."""
    hidden = False
    for number, line in enumerate(text.split("\n"), 1):
        if line == "namespace {":
            hidden = True
        elif line == "}  // namespace":
            hidden = False
        elif hidden and (match := DEFINED.match(line)):
            yield match.group(1) or match.group(2), number


def names_used_twice(files):
    """Sources of a folder are compiled as one, where the other's function may be a better match, and silently is called."""
    places = collections.defaultdict(dict)
    for path in files.with_suffix(".cpp"):
        if path.parts[0] in ("tests", "bench"):
            continue
        for name, line in hidden_names(files.text(path)):
            places[path.parent, name].setdefault(path, line)
    for (_, name), found in places.items():
        first, *others = found.items()
        for path, line in others:
            yield f"{path}:{line}: {name} is a name in {first[0].name} too, and the folder is compiled as one source"


def check(files):
    findings = list(path_findings(files))
    for path in files.sources():
        findings += code_findings(path, files.text(path))
    for path in files.texts():
        findings += text_findings(path, files.text(path))
    findings += names_used_twice(files)
    listed, missing = listed_sources(files)
    findings += missing
    for path in files.with_suffix(".cpp"):
        if (files.root / path).resolve() not in listed:
            findings.append(f"{path}:1: no CMakeLists.txt lists this source")
    return findings


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.Tree(tree.root_from_arguments()))))
