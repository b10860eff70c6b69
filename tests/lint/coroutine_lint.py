"""g++ 12 miscompiles some statements that suspend: none may hold `?`, a braced initialiser or a lambda
that captures beside its co_await; no condition that suspends may hold a string literal."""
import sys

import cpp_tokens
import tree


def check_text(path, text):
    findings = []
    if "co_await" not in text:
        return findings
    for statement in cpp_tokens.Statements(text).found:
        if "co_await" not in statement.words:
            continue
        line = statement.lines[statement.words.index("co_await")]
        for wrong, what in ((statement.braced, "a braced initialiser"),
                            ("?" in statement.words, "`?:`"),
                            (statement.captures, "a lambda that captures"),
                            (statement.condition and '"' in statement.words, "a string literal in a condition")):
            if wrong:
                findings.append(f"{path}:{line}: {what} in a statement with co_await: name it on the line before")
    return findings


def check(files):
    return [finding for path in files.sources() for finding in check_text(path, files.text(path))]


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.Tree(tree.root_from_arguments()))))
