"""The core's side of the adapter protocol, for tests: over a socket to cabroker-adapters, or over the stdin and
stdout of an adapter program. Everything that was heard and logged is kept, so that it can be searched for secrets."""
import base64
import hashlib
import json
import os
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from processes import die_with_parent  # noqa: E402

LIMIT = 60


class LinkLost(Exception):
    """The other end hung up before it answered."""


class Speaker:
    """One link. `words`: what to start; `own_pipes`: it speaks on stdin and stdout instead of descriptor 3."""

    def __init__(self, words, own_pipes=False, environment=None):
        self.heard = []
        self.log = tempfile.TemporaryFile()
        self.kept_log = None
        self.next_id = 1
        self.answers, self.blobs = {}, {}
        self.lock = threading.Lock()
        self.lost = False
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       **{key: os.environ[key] for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if key in os.environ},
                       **(environment or {})}
        if own_pipes:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                            env=environment, preexec_fn=die_with_parent)
            self.out, self.source, self.socket = self.process.stdin, self.process.stdout, None
        else:
            ours, theirs = socket.socketpair(socket.AF_UNIX)
            self.process = subprocess.Popen([*words, "--link-fd", str(theirs.fileno())], stderr=self.log,
                                            stdin=subprocess.DEVNULL, env=environment, pass_fds=[theirs.fileno()],
                                            preexec_fn=die_with_parent)
            theirs.close()
            self.socket = ours
            self.out, self.source = ours.makefile("wb"), ours.makefile("rb")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for line in self.source:
                self.heard.append(line)
                frame = json.loads(line)
                if frame["op"] == "blob":
                    self.blobs[frame["blob"]] = self.blobs.get(frame["blob"], b"") + base64.b64decode(frame["data"])
                    self.send({"op": "blob_ack", "blob": frame["blob"], "seq": frame["seq"]})
                elif frame["op"] != "blob_ack":
                    self.answers.setdefault(frame["id"], queue.Queue()).put(frame)
        except (OSError, ValueError):
            pass
        self.lost = True
        for waiting in list(self.answers.values()):
            waiting.put(None)

    def send(self, frame):
        with self.lock:
            self.out.write(json.dumps(frame).encode() + b"\n")
            self.out.flush()

    def send_raw(self, octets):
        with self.lock:
            self.out.write(octets)
            self.out.flush()

    def begin(self, op, **members):
        """Sends a question; the number to give to finish()."""
        number = self.next_id
        self.next_id += 1
        self.answers[number] = queue.Queue()
        try:
            self.send({"op": op, "id": number, **members})
        except OSError as error:
            raise LinkLost(op) from error
        return number

    def finish(self, number, limit=LIMIT):
        until = time.monotonic() + limit
        waiting = self.answers[number]
        while True:
            if self.lost and waiting.empty():
                raise LinkLost(f"no answer to {number}")
            try:
                frame = waiting.get(timeout=0.2)
            except queue.Empty:
                if time.monotonic() > until:
                    raise AssertionError(f"no answer to question {number} in {limit} s") from None
                continue
            if frame is None:
                raise LinkLost(f"no answer to {number}")
            return frame

    def ask(self, op, limit=LIMIT, **members):
        return self.finish(self.begin(op, **members), limit)

    def hello(self):
        return self.ask("hello", protocols=[1], build="contract test")

    def octets(self, value):
        """The octets of `{"base64"}` or of a blob, checked."""
        if "base64" in value:
            return base64.b64decode(value["base64"])
        data = self.blobs[value["blob"]]
        assert len(data) == value["size"] and hashlib.sha256(data).hexdigest() == value["sha256"], value
        return data

    def logged(self):
        if self.kept_log is not None:
            return self.kept_log
        return os.pread(self.log.fileno(), 64 * 1024 * 1024, 0)

    def kill(self):
        """As a crash: nothing more is said."""
        self.process.kill()
        self.close()

    def close(self):
        """Hangs up and waits for the end; its code."""
        if self.kept_log is not None:
            return self.process.returncode
        code = self._end()
        self.kept_log = self.logged()
        self.log.close()
        return code

    def _end(self):
        for end in (self.out, self.source, self.socket):
            if end is self.source:
                continue
            try:
                if end is self.socket and end is not None:
                    end.shutdown(socket.SHUT_RDWR)
                if end is not None:
                    end.close()
            except OSError:
                pass
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it did not end when the link was closed") from None
        self.reader.join(LIMIT)
        self.source.close()
        return code


def outside(adapters, program, secrets=None, mailers=None, mailboxes=None):
    """cabroker-adapters with these adapters: the speaker and what `configured` said."""
    speaker = Speaker([program])
    speaker.hello()
    told = speaker.ask("configure", adapters=adapters, mailers=mailers or {}, mailboxes=mailboxes or {},
                       secrets={name: {"secret": value} for name, value in (secrets or {}).items()})
    return speaker, told
