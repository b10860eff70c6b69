#!/usr/bin/env python3
"""Writes docs/openapi.yaml as a C++ source that holds it as JSON: openapi_embed.py YAML CPP."""
import json
import sys

import yaml


def pieces(text, size=8000):
    """A string literal has a limit in C++, a row of them does not."""
    data = text.encode("ascii")
    return [data[i : i + size].decode("ascii") for i in range(0, len(data), size)]


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    # Only ASCII: other characters become \u escapes, so that no octet depends on the compiler.
    text = json.dumps(document, separators=(",", ":"), default=str)
    literals = "\n".join(
        '    "' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces(text)
    )
    with open(target, "w", encoding="ascii") as file:
        file.write(
            '#include "daemon/api/openapi_document.hpp"\n\n'
            "namespace cabroker::api {\n\n"
            "std::string_view openapi_document() {\n"
            f"    static constexpr char kText[] =\n{literals};\n"
            "    return std::string_view(kText, sizeof kText - 1);\n"
            "}\n\n"
            "}  // namespace cabroker::api\n"
        )


if __name__ == "__main__":
    main()
