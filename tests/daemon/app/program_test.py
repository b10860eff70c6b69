"""cabrokerd as systemd sees it: arguments, readiness, watchdog, reload, sockets passed in, stopping."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from processes import UnixConnection, die_with_parent  # noqa: E402

PROGRAM, ADAPTERS = sys.argv[-2:]
del sys.argv[-2:]
LIMIT = 60


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = self.folder / "cabroker.yaml"
        self.write_config()
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.settimeout(LIMIT)
        self.notified.bind(str(self.folder / "notify"))
        self.addCleanup(self.notified.close)

    def write_config(self, more="adapters: {panel: {type: human}}\n"):
        self.config.write_text(
            f"socket: {self.folder}/cabroker.sock\nstate_dir: {self.folder}/state\n"
            f"vault: {{key: {{file: {self.folder}/state/vault.key}}}}\n"
            f"outside: {{mode: spawn, program: {ADAPTERS}}}\n" + more, encoding="utf-8")
        (self.folder / "state").mkdir(mode=0o700, exist_ok=True)

    def environment(self, **more):
        return dict(os.environ, NOTIFY_SOCKET=str(self.folder / "notify"), **more)

    def start(self, **more):
        daemon = subprocess.Popen([PROGRAM, "--config", self.config], stderr=subprocess.DEVNULL,
                                  env=self.environment(**more), preexec_fn=die_with_parent)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        return daemon

    def next_notice(self, *passed_over):
        while True:
            notice = self.notified.recv(4096).decode()
            if notice not in passed_over:
                return notice

    def get(self, path):
        connection = UnixConnection(self.folder / "cabroker.sock", LIMIT)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=LIMIT)

    def test_arguments(self):
        self.assertRegex(self.run_program("--version").stdout, r"^cabrokerd \d+\.\d+\.\d+\n$")
        self.assertIn("--check-config", self.run_program("--help").stdout)
        wrong = self.run_program("--frobnicate")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("--frobnicate", wrong.stderr)

    def test_check_config_tells_every_problem_with_its_place(self):
        good = self.run_program("--check-config", "--config", self.config)
        self.assertEqual((good.returncode, good.stdout), (0, ""), good.stderr)
        self.write_config("adapters: {panel: {type: human}}\nsokcet: x\nengine: {step_deadline: soon}\n")
        bad = self.run_program("--check-config", "--config", self.config)
        self.assertEqual(bad.returncode, 1)
        problems = bad.stdout.splitlines()
        self.assertEqual(len(problems), 2, bad.stdout)
        for problem in problems:
            self.assertRegex(problem, rf"^{re.escape(str(self.config))}:\d+:\d+: ")
        self.assertIn("socket", bad.stdout)

    def test_check_config_judges_the_file_of_the_trace(self):
        def check(file):
            return self.run_program("--check-config", "--config", self.config, "--trace-portal", file)

        good = check("portal.jsonl")
        self.assertEqual((good.returncode, good.stdout), (0, ""), good.stderr)
        self.assertEqual(list((self.folder / "state").iterdir()), [], "a check makes nothing")
        (self.folder / "state" / "open.jsonl").touch(mode=0o644)
        for file, why in (("/tmp/portal.jsonl", "state_dir"), ("portal.log", ".jsonl"), ("open.jsonl", "chmod 600")):
            bad = check(file)
            self.assertEqual(bad.returncode, 1, file)
            self.assertIn("--trace-portal: cannot trace to", bad.stdout)
            self.assertIn(why, bad.stdout)

    def test_a_bad_configuration_starts_nothing(self):
        self.write_config("nonsense: 1\n")
        ran = self.run_program("--config", self.config)
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(list((self.folder / "state").iterdir()), [])

    def test_says_ready_only_when_it_answers_and_stopping_when_told_to_stop(self):
        daemon = self.start()
        self.assertIn("READY=1", self.next_notice())
        self.assertEqual(self.get("/readyz"), 200)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(self.next_notice(), "STOPPING=1")
        self.assertEqual(daemon.wait(LIMIT), 0)
        self.assertFalse((self.folder / "cabroker.sock").exists(), "its own socket is put away")

    def test_feeds_the_watchdog(self):
        self.start(WATCHDOG_USEC="400000")
        self.assertIn("READY=1", self.next_notice("WATCHDOG=1"))
        for _ in range(3):
            self.assertEqual(self.next_notice(), "WATCHDOG=1")

    def test_reload_says_so_with_the_time_and_is_ready_again(self):
        daemon = self.start()
        self.assertIn("READY=1", self.next_notice())
        for text in ("adapters: {panel: {type: human}, other: {type: human}}\n", "nonsense: 1\n"):
            self.write_config(text)
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            daemon.send_signal(signal.SIGHUP)
            notice = self.next_notice()
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            found = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", notice)
            self.assertIsNotNone(found, notice)
            self.assertTrue(before <= int(found.group(1)) <= after)
            self.assertIn("READY=1", self.next_notice())
            self.assertEqual(self.get("/readyz"), 200, "a bad configuration leaves the old one in force")

    def test_serves_a_socket_that_systemd_passes_and_leaves_it_there(self):
        path = self.folder / "passed.sock"
        activate = subprocess.Popen(["systemd-socket-activate", "-l", path, "-E", "ASAN_OPTIONS", "-E", "NOTIFY_SOCKET",
                                     PROGRAM, "--config", self.config], stderr=subprocess.PIPE, env=self.environment())
        self.addCleanup(activate.stderr.close)
        self.addCleanup(activate.wait)
        self.addCleanup(activate.kill)
        self.assertIn(b"Listening", activate.stderr.readline())
        connection = UnixConnection(path, LIMIT)
        connection.request("GET", "/healthz")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertFalse((self.folder / "cabroker.sock").exists(), "no socket of its own")
        activate.send_signal(signal.SIGTERM)
        self.assertEqual(activate.wait(LIMIT), 0)
        self.assertTrue(path.exists(), "the socket is systemd's")


if __name__ == "__main__":
    unittest.main()
