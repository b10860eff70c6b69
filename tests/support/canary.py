"""Finds secrets where none may be: in plain form, percent-encoded, JSON-escaped, as base64 at any alignment, as hex and
as UTF-16, in files of any kind."""
import base64
import hashlib
import json
import os
import urllib.parse

LEAST = 6


def forms(secret):
    """Everything that `secret` may look like inside other octets."""
    octets = secret.encode()
    found = {octets, urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode(),
             json.dumps(secret)[1:-1].encode(), octets.hex().encode(), octets.hex().upper().encode(),
             secret.encode("utf-16-le"), secret.encode("utf-16-be"),
             "".join(f"%{octet:02X}" for octet in octets).encode(), "".join(f"%{octet:02x}" for octet in octets).encode()}
    for shift in range(3):
        # The characters at both ends depend on what stands beside the secret.
        encoded = base64.b64encode(b"\0" * shift + octets)
        begin = (shift * 8 + 5) // 6
        end = (shift + len(octets)) * 8 // 6
        inner = encoded[begin:end]
        if len(inner) >= LEAST:
            found.update((inner, inner.replace(b"+", b"-").replace(b"/", b"_")))
    return found


def search(octets, secrets, where):
    """`secrets`: name to value. What was found, as lines that do not tell the value."""
    return [f"{where}: {name}" for name, value in secrets.items()
            if len(value) >= LEAST and any(form in octets for form in forms(value))]


def files_below(*roots):
    for root in roots:
        if os.path.isfile(root):
            yield root
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def search_files(secrets, *roots):
    """The findings in all files below the roots, and how many files were read. What was read before is not searched again."""
    findings, count, known = [], 0, set()
    for path in files_below(*roots):
        with open(path, "rb") as file:
            octets = file.read()
        count += 1
        digest = hashlib.sha256(octets).digest()
        if digest not in known:
            known.add(digest)
            findings += search(octets, secrets, path)
    return findings, count
