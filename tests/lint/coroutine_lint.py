"""g++ 12 miscompiles some statements that suspend: none may hold `?`, a braced initialiser or a lambda
that captures beside its co_await; no condition may await a call with arguments: a temporary made of
one takes the first place of the coroutine's frame when nothing is declared before."""
import sys

import cpp_tokens
import tree


def gives_arguments(words):
    """Has a call behind a co_await arguments?"""
    awaited = words[words.index("co_await"):]
    return any(word == "(" and after != ")" for word, after in zip(awaited, awaited[1:]))


def check_text(path, text):
    findings = []
    if "co_await" not in text:
        return findings
    for statement in cpp_tokens.Statements(text).found:
        if "co_await" not in statement.words:
            continue
        line = statement.lines[statement.words.index("co_await")]
        awaits_with_arguments = statement.condition and gives_arguments(statement.words)
        for wrong, what in ((statement.braced, "a braced initialiser in a statement with co_await"),
                            ("?" in statement.words, "`?:` in a statement with co_await"),
                            (statement.captures, "a lambda that captures in a statement with co_await"),
                            (awaits_with_arguments, "a condition awaits a call with arguments")):
            if wrong:
                findings.append(f"{path}:{line}: {what}: name it on the line before")
                break
    return findings


def check(files):
    return [finding for path in files.sources() for finding in check_text(path, files.text(path))]


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.Tree(tree.root_from_arguments()))))
