"""What cmake --install brings: everything where a Debian package would put it, and programs that run from
there without the build tree."""
import os
import pathlib
import re
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
                     "usr/bin/cabroker-sim", "usr/share/cabroker/routes.yaml", "usr/share/doc/cabroker/README.md",
                     "usr/share/doc/cabroker/examples/orders.csv", "usr/share/doc/cabroker/simulated-world.md",
                     "etc/cabroker/cabroker.yaml.sample", "etc/cabroker/conf.d/10-systemd.yaml"):
            self.assertTrue((self.stage / path).is_file(), path)

    def test_every_program_has_a_man_page_that_whatis_can_read(self):
        for page in ("man1/cabroker.1", "man1/cabroker-sim.1", "man8/cabrokerd.8", "man8/cabroker-adapters.8"):
            text = (self.stage / "usr/share/man" / page).read_text(encoding="utf-8")
            name, section = page.split("/")[1].rsplit(".", 1)
            self.assertRegex(text, rf'(?m)^\.TH {name.upper()} {section} "" "cabroker \d')
            self.assertRegex(text, rf"(?m)^\.SH NAME\n{name} \\- \w")
            self.assertNotRegex(text, r"`|(?m:^#|^\|-)", "Markdown is left in it")

    @unittest.skipUnless(shutil.which("dpkg"), "needs the package database")
    def test_the_packages_that_the_programs_need_are_named(self):
        libraries = set()
        for program in ("usr/sbin/cabrokerd", "usr/sbin/cabroker-adapters", "usr/bin/cabroker", "usr/bin/cabroker-sim"):
            shown = subprocess.run(["readelf", "-d", self.stage / program], capture_output=True, text=True, check=True)
            self.assertNotRegex(shown.stdout, "RPATH|RUNPATH")
            libraries.update(re.findall(r"NEEDED.*\[(.*)\]", shown.stdout))
        in_every_system = r"libc|libm|libgcc_s|libstdc\+\+|ld-linux.*|lib(?:a|ub|t)san"
        libraries = {name for name in libraries if not re.match(rf"(?:{in_every_system})\.so", name)}
        self.assertGreater(len(libraries), 8)
        owners = subprocess.run(["dpkg", "-S", *(f"*/{name}" for name in sorted(libraries))], capture_output=True,
                                text=True, check=False, timeout=LIMIT).stdout
        for document in ("README.md", "install.md"):
            text = (self.stage / "usr/share/doc/cabroker" / document).read_text(encoding="utf-8")
            named = set(re.search(r"apt-get install --no-install-recommends((?:.*\\\n)*.*)", text)[1].split())
            for name in libraries:
                packages = set(re.findall(rf"(?m)^([^:\n]+):.*/{re.escape(name)}$", owners))
                self.assertTrue(packages & named, f"{document} does not name the package of {name}: {packages}")

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
