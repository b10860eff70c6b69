"""Who may include whom: the table of docs/architecture.md. There is no list of exceptions."""
import re
import sys

import cpp_tokens
import tree

# What every folder may use apart from its row, and who may not.
FLOOR = {"domain", "runtime", "json"}
WITHOUT_FLOOR = {"domain": set(), "pki": {"domain", "json"}, "policy": {"domain", "json"}}
ADAPTER_BASE = {"adapters", "adapters/protocol", "pki", "config", "transport"}
DRIVES_PAGES = ADAPTER_BASE | {"adapters/portal"}

TABLE = {
    "domain": set(),
    "runtime": {"domain"},
    "json": {"domain"},
    "pki": {"domain"},
    "config": {"domain"},
    "policy": {"domain", "pki", "config"},
    "transport": {"domain", "config"},
    "adapters/protocol": {"domain"},
    "adapters/portal": ADAPTER_BASE,
    "adapters/mailbox": ADAPTER_BASE,
    "adapters/guest_portal": DRIVES_PAGES,
    "adapters/trust_center": DRIVES_PAGES,
    "adapters/webform_ticket": DRIVES_PAGES,
    "adapters/opensrs": DRIVES_PAGES,
    "adapters/email_ticket": ADAPTER_BASE,
    "adapters/human": ADAPTER_BASE,
    "adapters/program": ADAPTER_BASE,
    "daemon/vault": {"domain", "runtime"},
    "daemon/store": {"domain"},
    "daemon/link": {"domain", "adapters/protocol"},
    "daemon/engine": {"domain", "policy", "daemon/store", "daemon/link", "pki", "config", "daemon/vault"},
    "daemon/api": {"domain", "policy", "daemon/store", "daemon/engine", "pki", "config"},
    "daemon/app": {"daemon/vault", "daemon/store", "daemon/link", "daemon/engine", "daemon/api", "domain",
                   "policy", "config", "pki"},
    "cli": {"domain"},
    "sim": {"domain", "pki"},
    "cmake": set(),
}
TABLE["adapters"] = ADAPTER_BASE | {name for name in TABLE if name.startswith("adapters/")}
TABLE["adapters/host"] = TABLE["adapters"]
EVERYTHING = {"tests", "bench"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
# What some rows say in words: the words, the files with them.
NO_SYSTEM = {
    "domain": re.compile(r"boost/(?!system/)|sqlite|SQLiteCpp|curl/|openssl/|yaml-cpp|sys/socket"),
    "policy": re.compile(r"boost/asio|sqlite|SQLiteCpp|curl/|sys/socket|fstream"),
    "daemon/api": re.compile(r"sqlite|SQLiteCpp|curl/|libxml|gmime"),
    "daemon/engine": re.compile(r"sqlite|SQLiteCpp|curl/|libxml|gmime|boost/beast"),
    "daemon/link": re.compile(r"sqlite|SQLiteCpp|curl/|libxml|gmime"),
    "cli": re.compile(r"sqlite|SQLiteCpp|libxml|gmime"),
}


def folder_of(path):
    parts = path.split("/")[:-1]
    for size in range(len(parts), 0, -1):
        name = "/".join(parts[:size])
        if name in TABLE or name in EVERYTHING:
            return name
    return None


def allowed(folder):
    return TABLE[folder] | WITHOUT_FLOOR.get(folder, FLOOR) | {folder}


def check_text(path, text):
    folder = folder_of(path)
    if folder in EVERYTHING:
        return []
    if folder is None:
        return [f"{path}:1: this folder has no row in the table"]
    findings = []
    code = cpp_tokens.without_comments(text, keep_strings=True)
    for match in INCLUDE.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        ours, system = match.groups()
        if system:
            banned = NO_SYSTEM.get(folder)
            if banned and banned.search(system):
                findings.append(f"{path}:{line}: {folder}/ must not know <{system}>")
            continue
        target = folder_of(ours)
        if target is None:
            findings.append(f'{path}:{line}: "{ours}" is not rooted at the repository')
        elif target not in allowed(folder):
            findings.append(f"{path}:{line}: {folder}/ must not use {target}/")
    return findings


def check(files):
    return [finding for path in files.sources() for finding in check_text(path.as_posix(), files.text(path))]


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.Tree(tree.root_from_arguments()))))
