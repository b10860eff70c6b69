"""The programs under measurement, started and stopped, and the load generator."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
NOBODY = (OSError, http.client.HTTPException)

CONFIG = """
socket: {socket}
state_dir: {directory}/state
vault: {{key: {{file: {directory}/vault.key}}}}
outside: {outside}
adapters:
  portal: {{type: guest_portal, profile: digicert-guest, base_url: "https://portal.invalid"}}
log: {{level: warning}}
"""


class UnixHttp(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10.0)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path, method, target, body=None):
    """One exchange: (status, octets)."""
    connection = UnixHttp(path)
    try:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, target, None if body is None else json.dumps(body), sent)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


class Process:
    """A program that ends with the bench."""

    def __init__(self, arguments, log):
        self.log = open(log, "a", encoding="utf-8")
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log)

    def cpu_seconds(self):
        return self.cpu_seconds_of(self.process.pid)

    @staticmethod
    def cpu_seconds_of(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait(10)
                raise SystemExit("bench: a program did not stop when told to, see " + self.log.name) from None
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def resident_mb(pid):
    """(resident, of which private memory) in MB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        found = dict(line.split(":", 1) for line in status)
    return tuple(int(found[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))


class Daemon(Process):
    """The real cabrokerd. Without `spawn` there is nobody at the outside's socket: requests wait."""

    def __init__(self, build, directory, spawn=False, config=CONFIG):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.socket = os.path.join(directory, "s")
        if len(self.socket) > 100:
            raise SystemExit("bench: the path of this checkout is too long for a Unix socket: " + self.socket)
        file = os.path.join(directory, "cabroker.yaml")
        outside = f"{{mode: connect, socket: {directory}/nobody}}"
        if spawn:
            outside = f"{{mode: spawn, program: {build}/bin/cabroker-adapters}}"
        with open(file, "w", encoding="utf-8") as out:
            out.write(config.format(socket=self.socket, directory=directory, outside=outside))
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.begin = time.monotonic()
        super().__init__([os.path.join(build, "bin/cabrokerd"), "--config", file],
                         os.path.join(directory, "cabrokerd.log"))
        self.ready_after = self.wait_ready()

    def wait_ready(self):
        """Seconds from exec until /readyz answered 200."""
        while time.monotonic() < self.begin + 30:
            if self.process.poll() is not None:
                break
            try:
                if call(self.socket, "GET", "/readyz")[0] == 200:
                    return time.monotonic() - self.begin
            except NOBODY:
                pass
            time.sleep(0.001)
        self.stop()
        raise SystemExit("bench: cabrokerd did not get ready, see " + self.log.name)

    def call(self, method, target, body=None):
        return call(self.socket, method, target, body)

    def outside_pid(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            return int(children.read().split()[0])

    def commits(self):
        """(changes committed, transactions)"""
        lines = self.call("GET", "/metrics")[1].decode().splitlines()
        value = {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}
        return value["cabroker_store_writes_total"], value["cabroker_store_commits_total"]


def run_tool(build, name, *arguments):
    """A bench program's JSON."""
    command = [os.path.join(build, "bench", name), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: {name} failed")
    return json.loads(done.stdout)


def load(build, server, requests, clients, expect, **more):
    """Runs the load and adds what it cost the server: CPU microseconds per request."""
    arguments = ["--socket", server.socket, "--requests", requests, "--clients", clients, "--expect", expect]
    for name, value in more.items():
        arguments += ["--" + name, value]
    before = server.cpu_seconds()
    result = run_tool(build, "bench-load", *arguments)
    result["server_cpu_us"] = round((server.cpu_seconds() - before) / result["requests"] * 1e6, 1)
    if result["unexpected"]:
        raise SystemExit(f"bench: {result['unexpected']} answers were not {expect}")
    return result
