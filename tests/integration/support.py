"""Small things that every integration test needs: processes, waiting, HTTP over a Unix socket, openssl."""
import http.client
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from processes import UnixConnection, children_of, die_with_parent, is_alive, until  # noqa: E402,F401

BIN = os.path.abspath(sys.argv.pop(1))
LIMIT = 30
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer")


def program(name):
    return os.path.join(BIN, name)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.text[:1000]}"


def parse_reply(octets):
    """A reply read whole from a socket that was closed."""
    head, _, body = octets.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = http.client.HTTPMessage()
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name] = value.strip()
    return Reply(int(lines[0].split()[1]), headers, body)


def run(*command, text=None, check=True):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=check, timeout=LIMIT)


def make_csr(name, *options, key=None):
    """A CSR; the key goes to the file `key` or nowhere."""
    return run("openssl", "req", "-new", "-nodes", *(options or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
               "-keyout", key or "/dev/null", "-subj", f"/CN={name}").stdout


def public_key(kind, pem):
    return run("openssl", kind, "-noout", "-pubkey", text=pem).stdout
