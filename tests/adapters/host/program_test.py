"""cabroker-adapters as a program: it listens, serves one link at a time, and nothing of a lost link goes on."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop()
LIMIT = 30


class Core:
    """A core that says what the test wants."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def ask(self, **frame):
        self.socket.sendall(json.dumps(frame).encode() + b"\n")
        line = self.lines.readline()
        return json.loads(line) if line else None

    def close(self):
        self.lines.close()
        self.socket.close()


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "link.sock"
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.settimeout(LIMIT)
        self.notified.bind(str(self.folder / "notify"))
        self.addCleanup(self.notified.close)

    def start(self, *arguments, **more):
        environment = dict(os.environ, NOTIFY_SOCKET=str(self.folder / "notify"), **more.pop("env", {}))
        program = subprocess.Popen([PROGRAM, *arguments], stderr=subprocess.DEVNULL, env=environment, **more)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def listen(self, **more):
        program = self.start("--socket", str(self.path), **more)
        notice = b"WATCHDOG=1"  # an earlier program's last word may still be there
        while notice == b"WATCHDOG=1":
            notice = self.notified.recv(100)
        self.assertEqual(notice, b"READY=1")
        return program

    def child_of(self, program):
        path = pathlib.Path(f"/proc/{program.pid}/task/{program.pid}/children")
        return int(path.read_text().split()[0])

    def test_serves_one_link_after_the_other(self):
        self.listen()
        for build in ("one", "two"):
            core = Core(self.path)
            self.assertEqual(core.ask(op="hello", id=1, protocols=[1], build=build)["protocol"], 1)
            core.close()

    def test_the_second_link_waits_for_the_first_to_end(self):
        self.listen()
        first = Core(self.path)
        self.assertEqual(first.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        second = Core(self.path)
        second.socket.sendall(b'{"op":"hello","id":1,"protocols":[1]}\n')
        second.socket.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            second.socket.recv(1, socket.MSG_PEEK)
        self.assertEqual(first.ask(op="ping", id=2)["op"], "pong")
        first.close()
        second.socket.settimeout(LIMIT)
        self.assertEqual(json.loads(second.socket.recv(1000))["op"], "hello")
        second.close()

    def test_a_stopped_process_of_a_lost_link_is_killed(self):
        program = self.listen()
        first = Core(self.path)
        self.assertEqual(first.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        child = self.child_of(program)
        os.kill(child, signal.SIGSTOP)
        first.close()
        second = Core(self.path)
        self.assertEqual(second.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists())
        second.close()

    def test_the_end_of_the_program_ends_the_link(self):
        program = self.listen()
        core = Core(self.path)
        self.assertEqual(core.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(LIMIT), 0)
        self.assertEqual(core.lines.readline(), b"")
        core.close()

    def test_the_death_of_the_program_ends_the_link(self):
        program = self.listen()
        core = Core(self.path)
        self.assertEqual(core.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        program.kill()
        self.assertEqual(core.lines.readline(), b"")
        core.close()

    def test_feeds_the_watchdog_while_it_serves(self):
        self.listen(env={"WATCHDOG_USEC": "400000"})
        core = Core(self.path)
        self.assertEqual(core.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        for _ in range(3):
            self.assertEqual(self.notified.recv(100), b"WATCHDOG=1")
        core.close()

    def test_only_a_socket_that_nobody_serves_is_replaced(self):
        program = self.listen()
        other = self.start("--socket", str(self.path))
        self.assertEqual(other.wait(LIMIT), 2)
        program.kill()
        program.wait()
        self.listen()
        plain = self.folder / "plain"
        plain.write_text("kept")
        self.assertEqual(self.start("--socket", str(plain)).wait(LIMIT), 2)
        self.assertEqual(plain.read_text(), "kept")

    def test_serves_a_spawned_link_and_ends_with_it(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        program = self.start("--link-fd", str(theirs.fileno()), pass_fds=[theirs.fileno()])
        theirs.close()
        ours.settimeout(LIMIT)
        ours.sendall(b'{"op":"hello","id":1,"protocols":[1]}\n')
        self.assertEqual(json.loads(ours.recv(1000))["op"], "hello")
        ours.close()
        self.assertEqual(program.wait(LIMIT), 0)

    def test_takes_its_socket_from_systemd(self):
        activate = shutil.which("systemd-socket-activate")
        self.assertIsNotNone(activate)
        program = subprocess.Popen([activate, "-l", str(self.path), "-E", "ASAN_OPTIONS", PROGRAM],
                                   stderr=subprocess.PIPE)
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.assertIn(b"Listening", program.stderr.readline())
        core = Core(self.path)
        self.assertEqual(core.ask(op="hello", id=1, protocols=[1])["op"], "hello")
        core.close()

    def test_wrong_arguments_are_told(self):
        for arguments in ((), ("--link-fd",), ("--link-fd", "x"), ("--what",)):
            ran = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=LIMIT)
            self.assertEqual(ran.returncode, 2, arguments)
            self.assertIn(arguments[-1] if arguments else "--socket", ran.stderr)
        ran = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False, timeout=LIMIT)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        for option in ("--socket PATH ", "--link-fd N ", "--version ", "--help", "--keep "):
            self.assertRegex(ran.stdout, f"(?m)^  {option}")
        ran = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False, timeout=LIMIT)
        self.assertRegex(ran.stdout, r"^cabroker-adapters \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
