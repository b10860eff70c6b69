"""Small things that every integration test needs: processes, waiting, HTTP over a Unix socket, openssl."""
import ctypes
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

BIN = os.path.abspath(sys.argv.pop(1))
LIMIT = 30
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer")
_prctl = ctypes.CDLL(None).prctl


def program(name):
    return os.path.join(BIN, name)


def die_with_parent():
    _prctl(1, signal.SIGKILL)


def until(what, limit=LIMIT, pause=0.03, why="it did not happen"):
    """Asks again until the answer is true, and gives the answer."""
    end = time.monotonic() + limit
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{why} (waited {limit} s)")
        time.sleep(pause)


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=LIMIT):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


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
