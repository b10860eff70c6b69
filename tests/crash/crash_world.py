"""The real daemon, the real outside and the simulated world, started, killed and asked by the crash test."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from processes import UnixConnection, children_of  # noqa: E402


def call(path, method, target, body=None, headers=None, timeout=5.0):
    """One exchange: (status, parsed body). OSError or HTTPException when there is nobody."""
    connection = UnixConnection(path, timeout)
    try:
        octets = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent.update(headers or {})
        connection.request(method, target, octets, sent)
        reply = connection.getresponse()
        text = reply.read()
        return reply.status, (json.loads(text) if text else None)
    finally:
        connection.close()


NOBODY = (OSError, http.client.HTTPException, json.JSONDecodeError)


class World:
    """cabroker-sim with orders of its own."""

    def __init__(self, build, directory, orders, flags=()):
        self.directory = directory
        csv = os.path.join(directory, "orders.csv")
        with open(csv, "w", encoding="utf-8") as out:
            out.write("supplier_order_id,common_name,brand,admin_email,status,account\n")
            for order in orders:
                out.write(f"{order['id']},{order['cn']},{order['brand']},{order['email']},{order.get('status', 'issued')},"
                          f"{order.get('account', 'main')}\n")
        self.csv = csv
        state = os.path.join(directory, "sim")
        os.makedirs(state)
        self.log = open(os.path.join(directory, "sim.log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(build, "bin/cabroker-sim"), "--state", state, "--orders", csv, "--issue-delay", "50ms",
             "--exit-with-parent", *(flag.format(directory=directory) for flag in flags)],
            stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("crash test: cabroker-sim did not start, see " + self.log.name)
        self.ready = json.loads(line)
        self.control = self.ready["control"]

    def get(self, target):
        status, body = call(self.control, "GET", target)
        if status != 200:
            raise SystemExit(f"crash test: the simulated world answered {status} to {target}")
        return body

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
        self.log.close()


class Broker:
    """cabrokerd-crashable and its outside, which may die at any time."""

    def __init__(self, build, directory, world, environment, settings):
        self.build = build
        self.directory = directory
        self.environment = environment
        self.socket = os.path.join(directory, "run", "cabroker.sock")
        os.makedirs(os.path.dirname(self.socket), mode=0o700)
        self.config = os.path.join(directory, "cabroker.yaml")
        self.log = open(os.path.join(directory, "cabrokerd.log"), "a", encoding="utf-8")
        self.told = os.path.join(directory, "died-at")
        self.process = None
        with open(self.config, "w", encoding="utf-8") as out:
            yaml.safe_dump({
                "socket": self.socket, "state_dir": directory + "/state", "vault": {"key": {"file": directory + "/vault.key"}},
                "outside": {"mode": "spawn", "program": build + "/bin/cabroker-adapters"},
                "certificate_roots": [world.ready["issuing_root"]],
                "engine": {"step_deadline": "10s", "settle": "1s", "retry": {"first": "20ms", "max": "500ms"},
                           "poll": {"first": "50ms", "max": "500ms"}},
                "log": {"level": "warning"}, **settings}, out)

    def start(self, crash_at=""):
        """`crash_at`: `POINT:N,...`, it dies when one of the points is reached for the N-th time."""
        environment = dict(os.environ, CABROKER_CRASH_AT=crash_at, CABROKER_CRASH_TOLD=self.told, **self.environment)
        if os.path.exists(self.told):
            os.unlink(self.told)
        self.process = subprocess.Popen(
            [os.path.join(self.build, "tests/cabrokerd-crashable"), "--config", self.config],
            stderr=self.log, env=environment)

    def wait_ready(self, limit=20.0):
        until = time.monotonic() + limit
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            try:
                if call(self.socket, "GET", "/readyz", timeout=1.0)[0] == 200:
                    return True
            except NOBODY:
                pass
            time.sleep(0.01)
        return False

    def outside_pid(self):
        pids = children_of(self.process.pid)
        return pids[0] if pids else None

    def kill(self, what):
        """SIGKILLs the daemon, its outside, or both. Returns what was killed."""
        outside = self.outside_pid()
        order = {"daemon": [self.process.pid], "outside": [outside],
                 "both": random.sample([self.process.pid, outside], 2)}[what]
        for pid in order:
            if pid is None:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if what != "outside":
            self.process.wait(20)

    def died_at(self):
        """The point at which the last daemon killed itself; None when it did not."""
        if not os.path.exists(self.told):
            return None
        with open(self.told, encoding="ascii") as point:
            return point.read()

    def dead(self):
        return self.process.poll() is not None

    def call(self, method, target, body=None, headers=None, timeout=5.0):
        return call(self.socket, method, target, body, headers, timeout)

    def stop(self):
        if self.process and not self.dead():
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
                raise SystemExit("crash test: the daemon did not stop when told to") from None
        self.log.close()
