"""Every source is as clang-format writes it."""
import subprocess
import sys

import tree


def check(files, program="clang-format-14"):
    sources = [path.as_posix() for path in files.sources()]
    findings = []
    for start in range(0, len(sources), 100):
        ran = subprocess.run([program, "--dry-run", "--ferror-limit=1", "-Werror", *sources[start:start + 100]],
                             cwd=files.root, capture_output=True, text=True, check=False)
        findings += [line for line in ran.stderr.splitlines() if " error: " in line]
        if ran.returncode and not ran.stderr:
            findings.append(f"{program} failed without a word")
    return findings


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.Tree(tree.root_from_arguments()))))
