"""The repository as the lints see it: a root, its files, and findings to report."""
import os
import pathlib
import sys

SKIPPED = {".git", "build", "__pycache__", ".ccache"}
SOURCES = {".cpp", ".hpp"}
TEXTS = SOURCES | {".py", ".txt", ".cmake", ".md", ".yaml", ".json", ".html", ".mustache", ".service",
                   ".socket", ".conf", ".csv", ".js", ""}


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
            for name in sorted(set(files) - SKIPPED):
                self.paths.append((pathlib.Path(folder) / name).relative_to(self.root))

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def with_suffix(self, *suffixes):
        return [path for path in self.paths if path.suffix in suffixes]

    def sources(self):
        return self.with_suffix(*SOURCES)

    def texts(self):
        return [path for path in self.paths if path.suffix in TEXTS]


def report(findings):
    """Prints `file:line: text` lines; the exit code of a lint."""
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


def root_from_arguments():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT")
    return sys.argv[1]
