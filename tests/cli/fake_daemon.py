"""A scripted API server on a Unix socket, and ways to run the client against it: piped or on a pseudo-terminal."""

import json
import os
import pty
import select
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler

CABROKER = os.environ.get("CABROKER") or os.path.abspath(sys.argv[1])
LIMIT = 60
ID = "req_01JD0000000000000000000001"
ORDER = "ord_01JD0000000000000000000002"


def request(state="queued", actor="broker", **more):
    """A request in the contract's shape."""
    settled = state in ("succeeded", "failed", "rejected", "canceled", "expired")
    body = {
        "id": ID, "kind": "reissue",
        "order": {"id": ORDER, "common_name": "www.example.com", "supplier_order_id": "902817364",
                  "platform_order_id": None, "brand": "rapidssl", "product": None},
        "params": {}, "adapter": "portal", "channel": "portal", "state": state, "settled": settled,
        "next_actor": "none" if settled else actor, "step": None, "attempt": 1, "needs": [], "outcome": None,
        "result": None, "last_problem": None, "next_attempt_at": None, "deadline_at": "2026-11-29T00:00:00Z",
        "external_ref": None, "labels": {}, "note": None, "retry_of": None, "created_by": {"uid": 0, "name": "root"},
        "created_at": "2026-11-22T00:00:00Z", "updated_at": "2026-11-22T00:00:00Z",
        "settled_at": "2026-11-22T00:00:00Z" if settled else None,
    }
    if settled:
        code = "issued" if state == "succeeded" else "order_pending"
        body["outcome"] = {"code": code, "detail": "what came of it", "hint": "what to do now", "evidence": []}
    body.update(more)
    return body


def need(name="access_code", **more):
    body = {"name": name, "hint": "the code was mailed", "expires_at": "2030-01-01T00:00:00Z", "attempts_left": 3,
            "last_error": None, "details": {}}
    body.update(more)
    return body


def problem(status, code, **more):
    body = {"type": "urn:cabroker:problem:" + code, "title": "Refused", "status": status, "detail": "why it is so",
            "code": code, "errors": [], "retryable": False, "request_id": "x"}
    body.update(more)
    return Answer(status, body, content_type="application/problem+json")


class Answer:
    """One reply: a JSON value or octets; `hang_up` closes without a word; `hold` waits first."""

    def __init__(self, status=200, body=None, content_type="application/json", headers=None, hang_up=False, hold=0,
                 stream=None):
        self.status, self.content_type, self.headers = status, content_type, headers or {}
        self.data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.hang_up, self.hold, self.stream = hang_up, hold, stream


class Seen:
    def __init__(self, handler, body):
        self.method, self.target = handler.command, handler.path
        self.path, _, self.query = handler.path.partition("?")
        self.headers, self.body = {k.lower(): v for k, v in handler.headers.items()}, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "peer"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self, body)
        daemon = self.server.daemon
        with daemon.lock:
            daemon.seen.append(seen)
            script = daemon.scripts.get((seen.method, seen.path))
            if isinstance(script, list):
                reply = script.pop(0) if len(script) > 1 else script[0]
            else:
                reply = script or problem(404, "not_found")
        if callable(reply):
            reply = reply(seen)
        daemon.stop.wait(reply.hold)
        self.close_connection = True
        if reply.hang_up:
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        if reply.stream is None:
            self.send_header("Content-Length", str(len(reply.data)))
        self.end_headers()
        for piece in reply.stream or [reply.data]:
            self.wfile.write(piece)
            self.wfile.flush()
        if reply.stream is not None and daemon.hold_streams:
            daemon.stop.wait(LIMIT)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


class Daemon:
    """scripts[(method, path)] = an Answer, a function of Seen, or a list of them of which the last stays."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "s")
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.seen, self.scripts, self.hold_streams = [], {}, False
        self.start()

    def start(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.server = Server(self.socket, Handler)
        self.server.daemon = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()

    def calls(self, method=None):
        with self.lock:
            return [s for s in self.seen if method in (None, s.method)]


class Run:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class CliCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = self.folder.name
        self.daemon = Daemon(self.dir)

    def tearDown(self):
        self.daemon.close()
        self.folder.cleanup()

    def script(self, method, path, *answers):
        self.daemon.scripts[(method, path)] = answers[0] if len(answers) == 1 else list(answers)

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CABROKER_SOCKET")}
        env.update(TERM="xterm", **more)
        return env

    def run_cli(self, *words, stdin=b"", env=None):
        """Without any terminal."""
        done = subprocess.run([CABROKER, "-s", self.daemon.socket, *words], input=stdin, capture_output=True,
                              timeout=LIMIT, env=env or self.environment(), start_new_session=True)
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    def expect(self, code, *words, **more):
        run = self.run_cli(*words, **more)
        self.assertEqual(run.code, code, f"{words}\n{run.out}\n{run.err}")
        return run

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        return path

    def on_terminal(self, *words, script=(), piped=None):
        """Runs on a pseudo-terminal; `script`: (wait for this text, then type that) in turn."""
        pid, fd = pty.fork()
        if pid == 0:
            if piped is not None:
                os.dup2(os.open(piped, os.O_RDONLY), 0)
            os.execve(CABROKER, [CABROKER, "-s", self.daemon.socket, *words], self.environment())
        shown, looked, todo, end = b"", 0, list(script), time.monotonic() + LIMIT
        try:
            while time.monotonic() < end:
                if not select.select([fd], [], [], 0.2)[0]:
                    continue
                try:
                    piece = os.read(fd, 4096)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
                at = shown.find(todo[0][0].encode(), looked) if todo else -1
                if at >= 0:
                    looked = len(shown)
                    os.write(fd, todo.pop(0)[1].encode())
            else:
                os.kill(pid, signal.SIGKILL)
        finally:
            _, status = os.waitpid(pid, 0)
            os.close(fd)
        return Run(os.waitstatus_to_exitcode(status), shown.decode(errors="replace"), "")

    def start_cli(self, *words):
        return subprocess.Popen([CABROKER, "-s", self.daemon.socket, *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(),
                                start_new_session=True)

    def until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come to this in time")
            time.sleep(0.01)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
