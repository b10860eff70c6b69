"""Processes and HTTP over a Unix socket, for every Python test that runs the real programs."""
import ctypes
import http.client
import signal
import socket
import time

_prctl = ctypes.CDLL(None).prctl


def die_with_parent():
    """For preexec_fn: the child is killed when this process ends, however it ends."""
    _prctl(1, signal.SIGKILL)


def until(what, limit=30, pause=0.03, why="it did not happen"):
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
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def status_of(path, target):
    """The status of one GET, or None when nobody answers."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", target)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
