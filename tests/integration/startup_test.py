"""How cabrokerd starts and refuses to start: checked configuration, sockets, state folder, vault key, systemd."""
import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time
import unittest

from broker import Broker, main
from support import LIMIT, SANITIZER, die_with_parent, program, run, until

ADAPTERS = {"control-panel": {"type": "human"}}


class StartupTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cabroker-start-")
        self.broker = Broker(self.folder, adapters=ADAPTERS)

    def tearDown(self):
        with contextlib.suppress(ProcessLookupError):
            if self.broker.process:
                self.broker.stop()
        log = self.broker.log() if os.path.exists(self.broker.log_path) else ""
        shutil.rmtree(self.folder)
        self.assertIsNone(SANITIZER.search(log), log[-4000:])

    def refused(self, *words):
        """It must end by itself with 1 and say these words."""
        self.broker.start(wait=False)
        code = self.broker.wait_end()
        log = self.broker.log()
        self.assertEqual(code, 1, log)
        for word in words:
            self.assertIn(word, log.lower())
        return log

    def check_config(self, text=None):
        if text is not None:
            with open(self.broker.config, "w", encoding="utf-8") as file:
                file.write(text)
        return run(program("cabrokerd"), "--config", self.broker.config, "--check-config", check=False)

    # Configuration

    def test_version_and_good_configuration(self):
        version = run(program("cabrokerd"), "--version")
        self.assertRegex(version.stdout, r"^cabrokerd \d+\.\d+\.\d+")
        good = self.check_config()
        self.assertEqual((good.returncode, good.stdout), (0, ""), good.stderr)
        self.assertFalse(os.path.exists(self.broker.state), "a check changes nothing")
        self.assertEqual(run(program("cabrokerd"), "--nonsense", check=False).returncode, 2)

    def test_every_problem_is_told_with_its_place(self):
        done = self.check_config(
            "socket: relative.sock\nsockets: /x\nsocket: /run/a.sock\nengine:\n  step_deadline: soon\n  retry: {first: 5s, most: 1m}\n"
            "adapters:\n  a: {type: guest_potal}\n  t: {type: email_ticket, template: sectigo, to: s@example.net, mailer: none}\n")
        self.assertEqual(done.returncode, 1)
        lines = (done.stdout + done.stderr).strip().splitlines()
        for line in lines:
            self.assertRegex(line, rf"^{re.escape(self.broker.config)}:\d+:\d+: .+")
        text = "\n".join(line[len(self.broker.config):] for line in lines)
        for place, word in ((":2:", "socket"), (":3:", "socket"), (":5:", "step_deadline"), (":6:", "most"), (":8:", "guest_portal"), (":9:", "none")):
            self.assertTrue([line for line in text.splitlines() if line.startswith(place) and word in line], f"{place} {word}\n{text}")

    def test_broken_yaml_and_missing_files_are_problems(self):
        for text in ("adapters: [", "adapters:\n\t- x\n", "- a\n- b\n", "", "adapters: {}\nadapters: {}\n"):
            done = self.check_config(text)
            self.assertEqual(done.returncode, 1, text)
            self.assertRegex(done.stdout + done.stderr, rf"{re.escape(self.broker.config)}:\d+:\d+: ")
        self.assertEqual(run(program("cabrokerd"), "--config", "/nonexistent/x.yaml", "--check-config", check=False).returncode, 1)

    def test_conf_d_is_merged_in_name_order(self):
        folder = os.path.join(self.folder, "conf.d")
        os.mkdir(folder)
        for name, text in (("10-a.yaml", "log: {level: nonsense}\n"), ("20-b.yaml", "log: {level: info}\nadapters: {other: {type: human}}\n")):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        self.assertEqual(self.check_config().returncode, 0, self.check_config().stdout)
        self.broker.start()
        self.assertEqual([each["name"] for each in self.broker.get("/v1/adapters")["items"]], ["control-panel", "other"])
        with open(os.path.join(folder, "30-c.yaml"), "w", encoding="ascii") as file:
            file.write("colour: red\n")
        bad = self.check_config()
        self.assertEqual(bad.returncode, 1)
        self.assertIn("30-c.yaml:1:", bad.stdout + bad.stderr)
        self.broker.signal(signal.SIGHUP)
        until(lambda: "colour" in self.broker.log(), why="the reload was not judged")
        self.assertEqual(self.broker.answers("/readyz"), 200, "a bad reload changes nothing")

    def test_bad_configuration_starts_nothing(self):
        self.broker.settings["colour"] = "red"
        self.broker.write_config()
        self.refused("colour")
        self.assertFalse(os.path.exists(self.broker.state))

    # Socket and state folder

    def test_second_daemon_is_refused_and_the_first_goes_on(self):
        self.broker.start()
        second = Broker(self.folder, adapters=ADAPTERS)
        second.log_path += ".2"
        second.start(wait=False)
        self.assertEqual(second.wait_end(), 1)
        self.assertIn("lock", second.log())
        self.assertEqual(self.broker.answers("/readyz"), 200)

    def test_socket_of_another_daemon_is_left_alone(self):
        self.broker.start()
        other = Broker(self.folder, adapters=ADAPTERS, state_dir=os.path.join(self.folder, "state2"))
        other.log_path += ".2"
        other.start(wait=False)
        self.assertEqual(other.wait_end(), 1)
        self.assertIn("another daemon", other.log())
        self.assertEqual(self.broker.answers("/readyz"), 200)

    def test_socket_that_a_crash_left_is_replaced(self):
        self.broker.start()
        self.broker.kill()
        self.assertTrue(stat.S_ISSOCK(os.stat(self.broker.socket).st_mode))
        self.broker.start()
        self.broker.stop()
        self.assertFalse(os.path.exists(self.broker.socket), "a clean end leaves no socket")

    def test_other_things_at_the_socket_path_are_not_touched(self):
        with open(self.broker.socket, "w", encoding="ascii") as file:
            file.write("precious")
        self.refused("socket")
        with open(self.broker.socket, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        os.unlink(self.broker.socket)
        os.symlink(os.path.join(self.folder, "elsewhere"), self.broker.socket)
        self.refused("socket")

    def test_nothing_is_written_elsewhere_and_nothing_is_open_to_others(self):
        self.broker.start()
        self.broker.post("/v1/orders", {"brand": "sectigo", "supplier_order_id": "1"}, 201)
        self.broker.stop()
        self.assertEqual(set(os.listdir(self.folder)) - {"cabroker.yaml", "cabrokerd.log", "run", "state", "vault.key"}, set())
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "vault.key")).st_mode), 0o600)
        for where, _, names in os.walk(self.broker.state):
            for path in [where] + [os.path.join(where, name) for name in names]:
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o007, 0, path)

    # Store and vault

    def database(self):
        found = [name for name in os.listdir(self.broker.state) if name.endswith((".db", ".sqlite", ".sqlite3"))]
        self.assertEqual(len(found), 1, os.listdir(self.broker.state))
        return os.path.join(self.broker.state, found[0])

    def test_newer_schema_is_refused(self):
        self.broker.start()
        self.broker.stop()
        with contextlib.closing(sqlite3.connect(self.database())) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute(f"PRAGMA user_version={version + 1}")
            database.commit()
        self.refused("newer", str(version + 1))
        with contextlib.closing(sqlite3.connect(self.database())) as database:
            self.assertEqual(database.execute("PRAGMA user_version").fetchone()[0], version + 1)

    def test_broken_database_is_refused(self):
        self.broker.start()
        self.broker.stop()
        with open(self.database(), "r+b") as file:
            file.write(b"no database at all")
        self.refused("store")

    def seal_something(self):
        self.broker.start()
        order = {"brand": "rapidssl", "common_name": "p.example.com", "supplier_order_id": "1", "status": "pending"}
        request = self.broker.ask("cancel", order)
        self.broker.wait(request, "needs_input")
        self.broker.post("/v1/adapters/control-panel/pause")
        self.broker.give(request, "done", "channel_confirmation")
        self.broker.stop()

    def test_missing_vault_key_with_sealed_rows_is_refused_with_what_to_do(self):
        self.seal_something()
        key = os.path.join(self.folder, "vault.key")
        os.rename(key, key + ".away")
        log = self.refused("vault", "key")
        self.assertFalse(os.path.exists(key), "no new key may be made")
        self.assertTrue(re.search("restore|put .* back|backup", log), log)
        with open(key, "wb") as file:
            file.write(os.urandom(32))
        os.chmod(key, 0o600)
        self.refused("key")
        os.replace(key + ".away", key)
        self.broker.start()

    def test_key_that_others_can_read_or_that_is_too_short_is_refused(self):
        key = os.path.join(self.folder, "vault.key")
        with open(key, "wb") as file:
            file.write(b"short")
        os.chmod(key, 0o600)
        self.refused("key")

    def test_key_can_be_a_credential(self):
        folder = os.path.join(self.folder, "credentials")
        os.mkdir(folder)
        with open(os.path.join(folder, "vault"), "wb") as file:
            file.write(os.urandom(32))
        os.chmod(os.path.join(folder, "vault"), 0o600)
        self.broker.settings["vault"] = {"key": {"credential": "vault"}}
        self.broker.write_config()
        self.broker.start(environment={"CREDENTIALS_DIRECTORY": folder})
        self.assertFalse(os.path.exists(os.path.join(self.folder, "vault.key")))

    def test_missing_outside_program_leaves_the_core_serving(self):
        self.broker.settings["outside"]["program"] = "/nonexistent/cabroker-adapters"
        self.broker.write_config()
        self.broker.start(wait=False)
        until(lambda: self.broker.answers("/readyz") == 200, why="not ready")
        health = self.broker.get("/v1/health")
        self.assertEqual((health["status"], health["ready"]), ("degraded", True))
        self.broker.post("/v1/orders", {"brand": "sectigo", "supplier_order_id": "1"}, 201)

    # systemd

    def test_notify_socket_hears_ready_watchdog_reload_and_stopping(self):
        path = os.path.join(self.folder, "notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(LIMIT)
            started = time.monotonic()
            self.broker.start(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
            told = self.hear(notify, "READY=1")
            self.assertLess(time.monotonic() - started, LIMIT)
            for _ in range(3):
                told += self.hear(notify, "WATCHDOG=1")
            self.broker.signal(signal.SIGHUP)
            self.assertIn("MONOTONIC_USEC=", self.hear(notify, "RELOADING=1"))
            self.hear(notify, "READY=1")
            self.broker.signal(signal.SIGTERM)
            self.hear(notify, "STOPPING=1")
            self.assertEqual(self.broker.wait_end(), 0)
        self.assertNotIn("STOPPING=1", told)

    def hear(self, notify, word):
        text = ""
        while word not in text.split("\n"):
            text += notify.recv(4096).decode() + "\n"
        return text

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is not installed")
    def test_socket_from_systemd_is_used_and_kept(self):
        passed = os.path.join(self.folder, "run", "passed.sock")
        with open(self.broker.log_path, "ab") as log:
            self.broker.process = subprocess.Popen(
                ["systemd-socket-activate", "-l", passed, program("cabrokerd"), "--config", self.broker.config], stdout=log, stderr=log,
                preexec_fn=die_with_parent)
        until(lambda: os.path.exists(passed), why="systemd-socket-activate did not listen")
        configured, self.broker.socket = self.broker.socket, passed
        until(lambda: self.broker.answers("/readyz") == 200, why="the socket that was passed does not answer")
        self.assertFalse(os.path.exists(configured), "the configured socket is ignored")
        self.broker.stop()
        self.assertTrue(os.path.exists(passed), "the socket belongs to systemd")


if __name__ == "__main__":
    main()
