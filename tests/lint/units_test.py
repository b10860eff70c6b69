"""The units: systemd-analyze has nothing to say about them, and their exposure stays at or under its mark."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

UNITS = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "systemd"
HOST_UNITS = next(path for path in map(pathlib.Path, ("/usr/lib/systemd/system", "/lib/systemd/system")) if path.is_dir())
MARKS = {"cabrokerd.service": 0.5, "cabroker-adapters.service": 1.1}


class UnitsTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.folder = self.root / "usr/lib/systemd/system"
        self.folder.mkdir(parents=True)
        (self.root / "lib").symlink_to("usr/lib")
        for pattern in ("*.target", "*.slice"):
            for unit in HOST_UNITS.glob(pattern):
                if unit.is_file():
                    shutil.copy(unit.resolve(), self.folder / unit.name)
        for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.socket")):
            shutil.copy(unit, self.folder)
        for program in ("usr/sbin/cabrokerd", "usr/sbin/cabroker-adapters", "bin/kill"):
            path = self.root / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n", encoding="ascii")
            path.chmod(0o755)

    def verify(self):
        names = sorted(path.name for path in UNITS.iterdir() if path.suffix in (".service", ".socket"))
        self.assertEqual(len(names), 4)
        ran = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={self.root}", *names],
                             capture_output=True, text=True, check=False, timeout=60)
        return ran.stdout + ran.stderr

    def test_verify_has_nothing_to_say(self):
        self.assertEqual(self.verify(), "")

    def test_verify_finds_an_unknown_key(self):
        unit = self.folder / "cabrokerd.service"
        unit.write_text(unit.read_text().replace("UMask=", "UMasque="))
        self.assertIn("UMasque", self.verify())

    def test_verify_finds_a_program_that_is_not_there(self):
        (self.root / "usr/sbin/cabroker-adapters").unlink()
        self.assertIn("cabroker-adapters", self.verify())

    def exposure(self, path):
        ran = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
                             capture_output=True, text=True, check=False, timeout=60)
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", ran.stdout)
        self.assertIsNotNone(found, ran.stdout + ran.stderr)
        return float(found.group(1))

    def test_exposure_stays_at_its_mark(self):
        for name, mark in MARKS.items():
            exposure = self.exposure(UNITS / name)
            print(f"{name}: exposure {exposure}, mark {mark}")
            self.assertLessEqual(exposure, mark, name)

    def test_exposure_tells_an_open_unit(self):
        unit = self.folder / "cabrokerd.service"
        unit.write_text(re.sub(r"(?m)^(PrivateNetwork|SystemCallFilter)=.*\n", "", unit.read_text()))
        self.assertGreater(self.exposure(unit), MARKS["cabrokerd.service"])

    def test_the_core_sees_its_peers_and_no_network(self):
        text = (UNITS / "cabrokerd.service").read_text()
        self.assertNotRegex(text, r"(?m)^PrivateUsers=")
        self.assertRegex(text, r"(?m)^PrivateNetwork=yes$")
        self.assertRegex(text, r"(?m)^RestrictAddressFamilies=AF_UNIX$")
        self.assertNotRegex((UNITS / "cabroker-adapters.service").read_text(), r"(?m)^#?LoadCredential")

    @unittest.skipUnless(os.geteuid() == 0, "only root can make users and folders of others")
    def test_users_and_folders_can_be_made(self):
        (self.root / "etc").mkdir()
        for kind in ("sysusers", "tmpfiles"):
            folder = self.root / f"usr/lib/{kind}.d"
            folder.mkdir(parents=True)
            shutil.copy(UNITS / f"{kind}.d/cabroker.conf", folder)
            arguments = [f"systemd-{kind}", f"--root={self.root}"]
            if kind == "tmpfiles":
                arguments.append("--create")
            ran = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        users = (self.root / "etc/passwd").read_text()
        groups = (self.root / "etc/group").read_text()
        for user in ("cabroker", "cabroker-adapters"):
            self.assertRegex(users, rf"(?m)^{user}:")
        for group in ("admins", "approvers", "operators", "viewers"):
            self.assertRegex(groups, rf"(?m)^cabroker-{group}:")
        self.assertEqual((self.root / "run/cabroker").stat().st_mode & 0o777, 0o755)
        self.assertEqual((self.root / "run/cabroker-adapters").stat().st_mode & 0o777, 0o750)


if __name__ == "__main__":
    unittest.main()
