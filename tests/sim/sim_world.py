"""What the walks through the simulated world share: the world's process, its control API, and curl as a browser.

The walks are called with the path of cabroker-sim.
"""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser

PROGRAM = sys.argv.pop(1)
LIMIT = 20


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self.path)


class Page(HTMLParser):
    """Texts by element id, hidden fields, links, rows of tables."""

    def __init__(self, text):
        super().__init__()
        self.by_id, self.hidden, self.links, self.body_id = {}, {}, {}, None
        self.cells, self.open_ids, self.times = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "body":
            self.body_id = given.get("id")
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given["name"]] = given.get("value", "")
        if tag == "a" and "data-format" in given:
            self.links[given["data-format"]] = given["href"]
        if tag == "time" and self.open_ids:
            for known in self.open_ids:
                self.times[known[1]] = given["datetime"]
        if tag in ("td", "p", "h2", "dd", "strong", "ul", "a", "span"):
            self.open_ids.append((tag, given.get("id") or given.get("class") or ""))
            self.by_id.setdefault(self.open_ids[-1][1], "")

    def handle_endtag(self, tag):
        if self.open_ids and self.open_ids[-1][0] == tag:
            self.open_ids.pop()

    def handle_data(self, data):
        for _, known in self.open_ids:
            self.by_id[known] += data


class World:
    def __init__(self, *flags):
        self.dir = tempfile.TemporaryDirectory(prefix="cabroker-sim-")
        self.maildir = os.path.join(self.dir.name, "mail")
        self.process = subprocess.Popen(
            [PROGRAM, "--state", os.path.join(self.dir.name, "state"), "--exit-with-parent",
             "--issue-delay", "1h", "--maildir", self.maildir, "--smtps", "127.0.0.1:0",
             "--smtp-user", "broker", "--smtp-password", "pass-word", *flags],
            stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def control(self, method, path, body=None):
        connection = UnixConnection(self.ready["control"])
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 400:
            raise AssertionError(f"{method} {path}: {reply.status} {text}")
        return json.loads(text)

    def books(self, order):
        return self.control("GET", "/books")["orders"][order]

    def fault(self, where, what, **more):
        self.control("POST", "/faults", {"where": where, "what": what, **more})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT)
        self.process.stdout.close()
        self.dir.cleanup()
        return code


class Browser:
    """curl with a cookie jar, as somebody at a shell would use it."""

    def __init__(self, world, portal="portal"):
        self.world = world
        self.origin = world.ready[portal]
        handle, self.jar = tempfile.mkstemp(dir=world.dir.name)
        os.close(handle)

    def run(self, path, fields=None, extra=()):
        head = self.jar + ".head"
        for old in (head, self.jar + ".body"):
            if os.path.exists(old):
                os.unlink(old)
        command = ["curl", "-sS", "--max-time", str(LIMIT), "--cacert", self.world.ready["ca_file"],
                   "-b", self.jar, "-c", self.jar, "-D", head, "-o", self.jar + ".body",
                   "-w", "%{http_code}", *extra]
        for name, value in (fields or {}).items():
            command += ["--data-urlencode", f"{name}={value}"]
        done = subprocess.run(command + [self.origin + path], capture_output=True, text=True)
        self.curl_code = done.returncode
        self.status = int(done.stdout or 0)
        self.head = self.taken(head).decode()
        self.body = self.taken(self.jar + ".body")
        return self

    @staticmethod
    def taken(path):
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            return file.read()

    def page(self, path, fields=None):
        self.run(path, fields)
        return Page(self.body.decode())

    def header(self, name):
        found = re.search(rf"^{name}: (.*?)\r?$", self.head, re.M | re.I)
        return found.group(1) if found else None

    def ask_code(self, email, identifier):
        login = self.page("/guest/login")
        self.run("/guest/login", {**login.hidden, "email": email, "order_identifier": identifier})
        return self

    def give_code(self, code):
        form = self.page("/guest/code")
        self.run("/guest/code", {**form.hidden, "auth_code": code})
        return self

    def sign_in(self, email, identifier):
        self.ask_code(email, identifier)
        assert self.status == 303, self.body
        code = self.world.control("GET", "/mailbox?to=" + email)["code"]
        self.give_code(code)
        assert (self.status, self.header("Location")) == (303, "/guest/order"), self.body
        return self


class ApiClient:
    """The Services API as a program would use it: JSON over curl."""

    def __init__(self, world, key="SIMKEY-MAIN-ADMIN-5DQ2"):
        self.browser = Browser(world, "services_api")
        self.key = key

    def call(self, method, path, body=None, extra=()):
        data = ("--data-binary", json.dumps(body), "-H", "Content-Type: application/json") if body is not None else ()
        self.browser.run("/services/v2/" + path,
                         extra=("-g", "-X", method, "-H", f"X-DC-DEVKEY: {self.key}", *data, *extra))
        self.status = self.browser.status
        text = self.browser.body
        kind = self.browser.header("Content-Type") or ""
        return json.loads(text) if text and "json" in kind else text

    def refused(self, method, path, body=None):
        answer = self.call(method, path, body)
        return self.status, answer["errors"][0]["code"]


def make_csr(name, *key_options):
    options = key_options or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    return subprocess.run(["openssl", "req", "-new", "-nodes", *options, "-keyout", "/dev/null", "-subj",
                           f"/CN={name}"], check=True, capture_output=True, text=True).stdout


def public_key(kind, pem):
    return subprocess.run(["openssl", kind, "-noout", "-pubkey"], input=pem, check=True,
                          capture_output=True, text=True).stdout


class PortalWalk(unittest.TestCase):
    """One world for all; each test uses an order of its own."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()

    @classmethod
    def tearDownClass(cls):
        code = cls.world.stop()
        assert code == 0, f"not a clean exit: {code}"

    def setUp(self):
        self.world.control("DELETE", "/faults")
        self.browser = Browser(self.world)

    def order(self, number, name, **more):
        body = {"supplier_order_id": number, "common_name": name, "brand": "rapidssl",
                "admin_email": f"{number}@example.com", **more}
        self.world.control("POST", "/orders", body)
        return f"{number}@example.com"

    def submit(self, csr, reason="server moved", method="dns-txt-token"):
        form = self.browser.page("/guest/order/reissue")
        return self.browser.run("/guest/order/reissue", {**form.hidden, "csr": csr, "reason": reason,
                                                         "validation_method": method})
