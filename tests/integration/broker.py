"""The real daemon with its outside, a client of it, and the frame of the integration tests.

Each test program is called with the folder of the programs (build/PRESET/bin). Every exchange with the daemon is
held to docs/openapi.yaml. Nothing outlives the test: processes are ended by id and die with their parent.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

import openapi
from support import (LIMIT, SANITIZER, Reply, UnixConnection, children_of, die_with_parent, is_alive, parse_reply, program, until)
from world import World

DOCUMENT = openapi.Document()


class Broker:
    """cabrokerd with a configuration of its own; it spawns cabroker-adapters."""

    # More arguments of cabrokerd.
    flags = ()

    def __init__(self, directory, world=None, **changes):
        self.directory = directory
        self.socket = os.path.join(directory, "run", "cabroker.sock")
        self.state = os.path.join(directory, "state")
        self.config = os.path.join(directory, "cabroker.yaml")
        self.log_path = os.path.join(directory, "cabrokerd.log")
        self.process, self.outsides, self.seen = None, set(), set()
        os.makedirs(os.path.dirname(self.socket), mode=0o755, exist_ok=True)
        self.settings = self.default_settings(world)
        self.settings.update(changes)
        self.write_config()

    def default_settings(self, world):
        settings = {
            "socket": self.socket, "state_dir": self.state,
            "vault": {"key": {"file": os.path.join(self.directory, "vault.key")}},
            "outside": {"mode": "spawn", "program": program("cabroker-adapters")},
            "adapters": {},
            "engine": {"step_deadline": "20s", "settle": "300ms", "retry": {"first": "50ms", "max": "500ms"},
                       "poll": {"first": "50ms", "max": "200ms"}},
            "log": {"level": "debug", "format": "json"},
        }
        if world is None:
            return settings
        password = os.path.join(self.directory, "smtp.password")
        with open(password, "w", encoding="ascii") as file:
            file.write("pass-word\n")
        os.chmod(password, 0o600)
        mail = {"ca_file": world.ready["ca_file"], "user": "broker", "password": {"file": password}, "from": "ssl@example.com",
                "reply_to": "ssl+{token}@example.com"}
        settings.update({
            "certificate_roots": [world.ready["issuing_root"]],
            "mailers": {"default": {"url": "smtp://" + world.ready["smtp"], "tls": "starttls", **mail}},
            "adapters": {
                "portal": {"type": "guest_portal", "profile": "digicert-guest", "base_url": world.ready["portal"],
                           "ca_file": world.ready["ca_file"]},
                "sectigo": {"type": "email_ticket", "template": "sectigo", "to": "support@sectigo.example",
                            "mailer": "default", "allowed_senders": ["@sectigo.example"]},
                "trustwave": {"type": "email_ticket", "template": "trustwave", "to": "support@trustwave.example",
                              "mailer": "default", "allowed_senders": ["@trustwave.example"]},
            },
        })
        return settings

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.settings, file)

    def start(self, wait=True, environment=None, **popen):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program("cabrokerd"), "--config", self.config, *self.flags], stdout=log, stderr=log, cwd=self.directory,
                env={**os.environ, **(environment or {})}, preexec_fn=die_with_parent, **popen)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"cabrokerd ended with {self.process.returncode}\n{self.log()[-4000:]}")
            return self.answers("/readyz") == 200
        until(ready, why="cabrokerd was not ready")
        until(lambda: self.outside(), why="cabrokerd had no outside")

    def answers(self, path):
        try:
            return self.call("GET", path, check=False).status
        except (OSError, http.client.HTTPException):
            return None

    def outside(self):
        """The pid of cabroker-adapters, or None."""
        pids = children_of(self.process.pid)
        self.outsides.update(pids)
        return pids[-1] if pids else None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def signal(self, number):
        self.outside()
        os.kill(self.process.pid, number)

    def wait_end(self, limit=LIMIT):
        code = self.process.wait(limit)
        self.process = None
        until(lambda: not any(is_alive(pid) for pid in self.outsides), why=f"an outside outlived its daemon: {self.outsides}")
        return code

    def stop(self):
        """SIGTERM; a clean end or an AssertionError."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait_end()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(LIMIT)
            self.process = None
            raise AssertionError("cabrokerd did not stop when told to") from None
        if code != 0:
            raise AssertionError(f"cabrokerd ended with {code}\n{self.log()[-3000:]}")

    def kill(self):
        """As a crash would: SIGKILL."""
        self.signal(signal.SIGKILL)
        self.wait_end()

    # Clients

    def call(self, method, target, body=None, headers=None, timeout=LIMIT, check=True):
        """One exchange. `body`: bytes, or a value that is sent as JSON."""
        headers = dict(headers or {})
        octets = body
        if body is not None and not isinstance(body, bytes):
            octets = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.socket, timeout)
        try:
            connection.request(method, target, octets, headers)
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        return self.checked(method, target, reply, octets, headers.get("Content-Type")) if check else reply

    def checked(self, method, target, reply, body=None, media_type=None):
        operation, status = DOCUMENT.check(method, target, reply, body, media_type)
        if operation:
            self.seen.add((operation.name, status))
        return reply

    def raw(self, octets, method="GET", target="/v1/version", close_early=False):
        """Octets as they are, and everything that comes back until the daemon closes."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(LIMIT)
            client.connect(self.socket)
            try:
                client.sendall(octets)
                if close_early:
                    client.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = b""
            while part := client.recv(65536):
                answer += part
        return self.checked(method, target, parse_reply(answer))

    def get(self, target, **more):
        reply = self.call("GET", target, **more)
        if reply.status != 200:
            raise AssertionError(f"GET {target}: {reply}")
        return reply.json

    def post(self, target, body=None, status=200, **more):
        reply = self.call("POST", target, body, **more)
        if reply.status != status:
            raise AssertionError(f"POST {target}: expected {status}, got {reply}")
        return reply.json if reply.body else None

    def problem(self, method, target, body=None, status=422, code="invalid_body", **more):
        """An exchange that must be refused so; gives the problem document."""
        reply = self.call(method, target, body, **more)
        if (reply.status, reply.json.get("code")) != (status, code):
            raise AssertionError(f"{method} {target}: expected {status} {code}, got {reply}")
        return reply.json

    def ask(self, kind, order, **more):
        return self.post("/v1/requests", {"kind": kind, "order": order, **more}, 201)

    def wait(self, request, goal="settled", limit="25s"):
        """The request when it is as wanted, or an AssertionError with its story."""
        ident = request if isinstance(request, str) else request["id"]
        reply = self.call("GET", f"/v1/requests/{ident}?wait={limit}&for={goal}")
        if reply.headers["Cabroker-Wait"] != "satisfied":
            raise AssertionError(f"{ident} was not {goal} in {limit}: {reply.text}\n{self.story(ident)}")
        return reply.json

    def wait_state(self, request, *states, limit=LIMIT):
        ident = request["id"]
        end = time.monotonic() + limit
        while True:
            now = self.get(f"/v1/requests/{ident}")
            if now["state"] in states:
                return now
            if now["settled"] or time.monotonic() > end:
                raise AssertionError(f"{ident} is {now['state']}, not {states}: {json.dumps(now)}\n{self.story(ident)}")
            time.sleep(0.05)

    def timeline(self, request):
        return self.get(f"/v1/requests/{request['id']}/timeline")["items"]

    def story(self, ident):
        """The timeline's last lines and why it waits, for messages."""
        items = json.loads(self.call("GET", f"/v1/requests/{ident}/timeline", check=False).body).get("items", [])
        now = json.loads(self.call("GET", f"/v1/requests/{ident}", check=False).body)
        return f"  {now.get('state')} {now.get('last_problem')} {now.get('outcome')}\n" + "\n".join(f"  {e['at']} {e['type']:8} {e['actor']['name']:12} {e['state'] or '':12} {e['text']} {e['details'] or ''}"
                         for e in items[-25:])

    def give(self, request, value, name="access_code"):
        self.post(f"/v1/requests/{request['id']}/inputs", {"name": name, "value": value}, 204)

    def sign_in(self, world, request, email):
        """Waits until the code is asked for, takes it from the mailbox and gives it."""
        asked = self.wait(request, "needs_input")
        if asked["state"] != "needs_input":
            raise AssertionError(f"no code was asked for: {json.dumps(asked)}\n{self.story(asked['id'])}")
        self.give(request, world.code(email))
        return asked

    def content(self, artifact):
        return self.call("GET", f"/v1/artifacts/{artifact}/content").body


class IntegrationTest(unittest.TestCase):
    """One world and one daemon for all tests of a class; each test uses orders of its own."""
    # `{folder}` stands for the test's own folder.
    world_flags = ()
    broker_changes = {}
    counter = 600000000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="cabroker-test-")
        os.chmod(cls.folder.name, 0o755)
        cls.world = World(cls.folder.name, *(flag.format(folder=cls.folder.name) for flag in cls.world_flags))
        cls.broker = Broker(cls.folder.name, cls.world, **cls.broker_changes)
        cls.configure(cls.broker.settings)
        cls.broker.write_config()
        cls.broker.start()

    @classmethod
    def configure(cls, settings):
        """What a test wants otherwise than Broker.default_settings, once the world is there."""

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        code = cls.world.stop()
        log = cls.broker.log()
        cls.folder.cleanup()
        assert code == 0, f"cabroker-sim ended with {code}"
        assert not SANITIZER.search(log), log[-6000:]

    def run(self, result=None):
        """On failure, what the daemon said meanwhile."""
        before = len(result.failures) + len(result.errors)
        start = os.path.getsize(self.broker.log_path) if os.path.exists(self.broker.log_path) else 0
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            with open(self.broker.log_path, encoding="utf-8", errors="replace") as file:
                file.seek(start)
                print(f"--- log of cabrokerd during {self.id()}\n{file.read()[-8000:]}---", file=sys.stderr)

    def setUp(self):
        self.world.no_faults()

    def new_order(self, name=None, **more):
        IntegrationTest.counter += 1
        number = str(self.counter)
        return self.world.order(number, name or f"h{number}.example.com", **more)


def main():
    unittest.main(verbosity=2)
