"""C++ as tokens, and a function body as statements: enough of a parser for the coroutine rule."""
import re

LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<tag>[^()\\\s]*)\(.*?\)(?P=tag)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'",
    re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|->|::|&&|\|\||<<|\S")
BLOCK_WORDS = {"else", "do", "try", "const", "override", "noexcept", "final", "mutable"}
HEADERS = {"if", "while", "for", "switch", "catch"}
SCOPES = {"namespace", "struct", "class", "union", "enum", "extern"}


def without_comments(text, keep_strings=False):
    """Comments gone, literals emptied; line numbers stay."""
    def blank(match):
        piece = match.group(0)
        lines = "\n" * piece.count("\n")
        if piece.startswith("/"):
            return " " + lines
        return piece if keep_strings else '""' + lines
    return LITERAL.sub(blank, text)


def tokens_of(text):
    text = without_comments(text)
    text = DIRECTIVE.sub(lambda match: "\n" * match.group(0).count("\n"), text)
    line, at, tokens = 1, 0, []
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        tokens.append((match.group(0), line))
    return tokens


class Statement:
    def __init__(self):
        self.words, self.lines, self.braced, self.captures = [], [], False, False

    def add(self, word, line):
        self.words.append(word)
        self.lines.append(line)

    @property
    def line(self):
        return self.lines[0] if self.lines else 0

    @property
    def condition(self):
        """Is it the head of an `if`, a loop or a `switch`?"""
        words = [word for word in self.words if word not in ("else", "constexpr", "}")]
        return bool(words) and words[0] in HEADERS and words.count("(") == words.count(")")


class Statements:
    """All statements of a file, those inside blocks and lambda bodies each on their own."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.at = 0
        self.found = []
        while self.at < len(self.tokens):
            self.block()

    def block(self):
        """Up to the brace that closes this block."""
        current, depth = Statement(), 0
        while self.at < len(self.tokens):
            word, line = self.tokens[self.at]
            self.at += 1
            if word in "([":
                if word == "[":
                    self.introducer(current)
                depth += 1
            elif word in ")]":
                depth -= 1
            elif word == ";" and depth <= 0:
                self.end(current)
                current, depth = Statement(), 0
                continue
            elif word == "}":
                self.end(current)
                return
            elif word == "{":
                kind = self.kind_of_brace(current, depth)
                if kind == "block":
                    self.end(current)
                    current, depth = Statement(), 0
                    self.block()
                elif kind == "lambda":
                    self.block()
                    current.add("<body>", line)
                else:
                    current.add("{", line)
                    current.braced = True
                    self.initializer(current)
                continue
            current.add(word, line)
            if word == ")" and depth == 0 and current.condition:
                self.end(current)
                current = Statement()
        self.end(current)

    def initializer(self, current):
        depth = 1
        while self.at < len(self.tokens) and depth:
            word, line = self.tokens[self.at]
            self.at += 1
            if word == "[":
                self.introducer(current)
            if word == "{" and self.kind_of_brace(current, 1) == "lambda":
                self.block()
                current.add("<body>", line)
                continue
            depth += {"{": 1, "}": -1}.get(word, 0)
            current.add(word, line)

    def introducer(self, current):
        """Notes whether this `[` begins a lambda that captures something."""
        before = current.words[-1] if current.words else ""
        after = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
        subscript = before in (")", "]", '"') or re.fullmatch(r"\w+", before)
        if before in ("return", "co_return", "co_await", "co_yield"):
            subscript = False
        if not subscript and before != "[" and after not in ("[", "]"):
            current.captures = True

    def kind_of_brace(self, current, depth):
        words = current.words
        before = words[-1] if words else ""
        if not words or before == ":" or before in BLOCK_WORDS:
            return "block" if depth <= 0 else "lambda"
        if depth <= 0 and any(word in SCOPES for word in words[:3]) and "=" not in words:
            return "block"
        if before in (")", "]") or self.trailing_return(words):
            if before == "]" and not self.is_lambda(words):
                return "initializer"
            return "lambda" if depth > 0 or self.is_lambda(words) else "block"
        return "initializer"

    @staticmethod
    def trailing_return(words):
        for word in reversed(words):
            if word == "->":
                return True
            if word in (")", ";", "{", "="):
                return False
        return False

    @staticmethod
    def is_lambda(words):
        """Does the statement so far end in `[...]` or `[...](...)`, introducer included?"""
        if "->" in words:
            words = words[:len(words) - 1 - words[::-1].index("->")]
        while words and words[-1] in ("mutable", "noexcept"):
            words = words[:-1]
        for closing, opening in ((")", "("), ("]", "[")):
            if not words or words[-1] != closing:
                continue
            depth = 0
            for index in range(len(words) - 1, -1, -1):
                depth += {closing: 1, opening: -1}.get(words[index], 0)
                if depth == 0:
                    words = words[:index]
                    break
            if closing == "]":
                return not words or not re.fullmatch(r'\w+|\)|\]', words[-1])
        return False

    def end(self, current):
        if current.words:
            self.found.append(current)
