"""What cmake --install brings: everything where a Debian package would put it, and programs that run from
there without the build tree."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from processes import children_of, die_with_parent, is_alive, status_of, until  # noqa: E402

CMAKE, BUILD = sys.argv[-2:]
del sys.argv[-2:]
LIMIT = 60


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.stage = cls.folder / "stage"
        subprocess.run([CMAKE, "--install", BUILD], env=dict(os.environ, DESTDIR=str(cls.stage)),
                       stdout=subprocess.DEVNULL, check=True, timeout=LIMIT)

    def test_everything_is_in_its_place(self):
        for path in ("usr/sbin/cabrokerd", "usr/sbin/cabroker-adapters", "usr/bin/cabroker",
                     "usr/lib/systemd/system/cabrokerd.service", "usr/lib/systemd/system/cabrokerd.socket",
                     "usr/lib/systemd/system/cabroker-adapters.service",
                     "usr/lib/systemd/system/cabroker-adapters.socket",
                     "usr/lib/sysusers.d/cabroker.conf", "usr/lib/tmpfiles.d/cabroker.conf",
                     "usr/share/cabroker/cabroker.yaml", "usr/share/cabroker/profiles/digicert-guest.yaml",
                     "usr/share/cabroker/templates/sectigo-reissue.mustache",
                     "usr/share/cabroker/profiles/digicert-services-v2.yaml",
                     "usr/share/doc/cabroker/portal-profile.schema.json", "usr/share/doc/cabroker/hardening.md", "usr/share/doc/cabroker/adapter-protocol.md",
                     "etc/cabroker/cabroker.yaml.sample", "etc/cabroker/conf.d/10-systemd.yaml"):
            self.assertTrue((self.stage / path).is_file(), path)

    def test_the_sample_and_the_drop_in_are_a_good_configuration(self):
        config = self.folder / "etc"
        shutil.copytree(self.stage / "etc/cabroker", config)
        (config / "cabroker.yaml.sample").rename(config / "cabroker.yaml")
        ran = subprocess.run([self.stage / "usr/sbin/cabrokerd", "--check-config", "--config", config / "cabroker.yaml"],
                             capture_output=True, text=True, check=False, timeout=LIMIT)
        self.assertEqual((ran.returncode, ran.stdout), (0, ""), ran.stderr)

    def test_the_installed_programs_work_together(self):
        home = self.folder / "home"
        home.mkdir()
        (home / "cabroker.yaml").write_text(
            f"socket: {home}/cabroker.sock\nstate_dir: {home}/state\nvault: {{key: {{file: {home}/state/vault.key}}}}\n"
            "outside: {mode: spawn, program: cabroker-adapters}\nadapters: {panel: {type: human}}\n", encoding="utf-8")
        (home / "state").mkdir(mode=0o700)
        # Only what was installed can be found.
        daemon = subprocess.Popen([self.stage / "usr/sbin/cabrokerd", "--config", home / "cabroker.yaml"],
                                  cwd=home, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent,
                                  env={**{k: v for k, v in os.environ.items() if "SAN" in k}, "PATH": "/usr/bin:/bin"})
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        socket = home / "cabroker.sock"

        def outside_is_up():
            self.assertIsNone(daemon.poll(), "the daemon ended")
            return socket.exists() and status_of(socket, "/readyz") == 200 and children_of(daemon.pid)
        children = until(outside_is_up, LIMIT)
        program = os.readlink(f"/proc/{children[0]}/exe")
        self.assertEqual(program, str((self.stage / "usr/sbin/cabroker-adapters").resolve()))
        ran = subprocess.run([self.stage / "usr/bin/cabroker", "-s", home / "cabroker.sock", "whoami"],
                             capture_output=True, text=True, check=False, timeout=LIMIT)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(LIMIT), 0)
        until(lambda: not is_alive(children[0]), LIMIT, why="the adapters did not end with the daemon")


if __name__ == "__main__":
    unittest.main()
