"""Adapters of type program: what cabroker-adapters does with a program that works, hangs, dies or lies."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "contract"))
import speaker  # noqa: E402
from processes import is_alive, until  # noqa: E402

PROGRAM = sys.argv.pop()
ORDER = {"id": "ord_01HF7YAT00AAAAAAAAAAAAAAAA", "supplier": "digicert", "brand": "rapidssl", "supplier_order_id": "9"}
LEAVE = "eff_01HF7YAT00AAAAAAAAAAAAAAAA"
REQUEST = "req_01HF7YAT00AAAAAAAAAAAAAAAA"


class ProgramAdapterTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.mark = self.folder / "mark"

    def start(self, how, **settings):
        adapter = {"type": "program", "command": [sys.executable, str(HERE / "hostile.py"), how, str(self.mark)],
                   "silence": "3s", **settings}
        self.link, self.told = speaker.outside({"other": adapter}, PROGRAM)
        self.addCleanup(self.link.close)
        return self.told

    def context(self, kind="status", **more):
        params = {"csr": "x", "reason": ""} if kind == "reissue" else {}
        return {"adapter": "other", "request": REQUEST, "order": {**ORDER, **more.pop("order", {})}, "kind": kind,
                "params": params, "attempt": 1, "inputs": [], "now": "2026-11-22T00:00:00Z", "deadline_ms": 5000, **more}

    def step(self, **more):
        return self.link.ask("advance", told_at_ms=int(time.monotonic() * 1000), context=self.context(**more))

    def comes_back(self):
        """The program was ended and serves again; what the first good answer was."""
        def served():
            frame = self.link.ask("prove", context={**self.context(), "effect": {
                "id": LEAVE, "class": "once", "summary": "x", "seen_before": ""}})
            return frame["op"] != "error" or frame["code"] != "unreachable"
        until(served)

    def test_steps_reach_the_program_and_its_capabilities_the_core(self):
        told = self.start("good")

        self.assertEqual(told["problems"], {})
        self.assertEqual(told["capabilities"]["other"]["kinds"], ["status", "reissue"])
        self.assertEqual(told["capabilities"]["other"]["brands"], ["rapidssl"])
        self.assertEqual(self.step()["result"]["answer"]["type"], "done")

    def test_what_the_program_does_not_name_never_reaches_it(self):
        self.start("dies")

        for more in ({"kind": "revoke"}, {"order": {"brand": "thawte"}}):
            self.assertEqual(self.step(**more)["result"]["answer"]["type"], "unsupported")

    def test_it_chooses_neither_its_type_nor_its_channel_nor_mad_times(self):
        told = self.start("dresses_up")["capabilities"]["other"]

        self.assertEqual((told["type"], told["channel"]), ("program", "program"))
        self.assertLessEqual(told["settle_ms"], 7 * 24 * 3600 * 1000)
        self.assertGreaterEqual(told["step_deadline_ms"], 100)

    def test_settings_win_over_what_it_says_of_settle(self):
        self.assertEqual(self.start("good", settle="7s")["capabilities"]["other"]["settle_ms"], 7000)

    def test_one_that_does_not_come_up_is_a_problem_and_its_steps_are_unreachable(self):
        for how, words in (("no_kinds", "no kind"), ("unknown_kinds", "no kind"), ("other_version", "version"),
                           ("ends_at_once", "ended")):
            with self.subTest(how):
                told = self.start(how)
                self.assertIn(words, told["problems"]["other"])
                self.assertNotIn("other", told["capabilities"])
                self.assertEqual(self.step()["result"]["answer"]["type"], "unreachable")

    def test_one_that_cannot_be_started_is_told_with_the_reason(self):
        told = self.start("good", command=["/nowhere/adapter"])

        self.assertIn("could not be started", told["problems"]["other"])
        self.assertIn(b"cannot start /nowhere/adapter: No such file", self.link.logged())

    def test_capabilities_that_come_late_are_told_with_a_pong(self):
        late = self.folder / "late.py"
        told = self.start("good", command=[str(late)])
        self.assertIn("other", told["problems"])

        late.write_text(f"#!{sys.executable}\nimport os, sys\nos.execv(sys.executable, [sys.executable, "
                        f"{str(HERE / 'hostile.py')!r}, 'good'])\n", encoding="utf-8")
        late.chmod(0o755)

        def told_now():
            return "other" in self.link.ask("ping").get("capabilities", {})
        until(told_now)
        self.assertNotIn("capabilities", self.link.ask("ping"))
        self.assertEqual(self.step()["result"]["answer"]["type"], "done")

    def test_one_that_died_is_told_as_down_until_it_is_back(self):
        told = self.start("dies")
        self.assertEqual((told["problems"], told["down"]), ({}, []))

        self.step()
        told = self.link.ask("ping")

        self.assertEqual(told["down"], ["other"])
        self.assertIn("its program is not running", told["problems"]["other"])
        self.assertIn("adapters.other.command", told["problems"]["other"])
        self.assertEqual(told["capabilities"]["other"]["kinds"], ["status", "reissue"], "they stay what it said last")
        until(lambda: self.link.ask("ping").get("problems") == {})

    def test_lies_end_it_and_are_no_answer(self):
        for how in ("too_long", "no_json", "unknown_id", "unsupported", "wrong_op", "no_answer_type", "big_cookie", "dies",
                    "endless_blobs"):
            with self.subTest(how):
                self.start(how)
                frame = self.step()
                self.assertEqual((frame["op"], frame.get("code")), ("error", "no_answer"), frame)
                self.assertEqual(self.link.ask("ping")["op"], "pong")
                self.assertEqual(self.step()["result"]["answer"]["type"], "unreachable")

    def test_a_second_answer_ends_it(self):
        self.start("answers_twice")

        self.assertEqual(self.step()["op"], "result")
        until(lambda: b"it answered what was not asked" in self.link.logged())

    def test_one_that_died_is_started_again(self):
        self.start("dies_once")
        self.assertEqual(self.step()["code"], "no_answer")

        self.comes_back()

        self.assertEqual(self.step()["result"]["answer"]["type"], "done")

    def test_pauses_between_starts_grow(self):
        self.start("counts_starts")

        until(lambda: self.mark.exists() and len(self.mark.read_text(encoding="ascii").split()) >= 4)
        times = [float(word) for word in self.mark.read_text(encoding="ascii").split()]
        pauses = [late - early for early, late in zip(times, times[1:])]
        self.assertGreater(pauses[0], 0.2)
        self.assertGreater(pauses[2], 0.9, pauses)

    def test_one_that_hangs_is_ended_at_the_deadline(self):
        self.start("hangs")
        began = time.monotonic()

        frame = self.step(deadline_ms=200)

        self.assertEqual(frame["code"], "no_answer")
        self.assertLess(time.monotonic() - began, 3)
        until(lambda: b"an adapter program ended" in self.link.logged())

    def test_one_that_hangs_with_leave_is_ended_before_the_leave(self):
        self.start("hangs", silence="60s")
        began = time.monotonic()

        frame = self.step(kind="reissue", deadline_ms=60000, leave={"effect": LEAVE, "act_for_ms": 1000})

        self.assertEqual(frame["code"], "no_answer")
        until(lambda: b"an adapter program ended" in self.link.logged(), limit=1.5)
        self.assertLess(time.monotonic() - began, 2)

    def test_one_that_answers_no_ping_is_ended(self):
        self.start("no_pong", silence="1s")

        until(lambda: b"fell silent" in self.link.logged())

    def test_steps_wait_for_each_other(self):
        self.start("slow")

        numbers = [self.link.begin("advance", told_at_ms=int(time.monotonic() * 1000), context=self.context())
                   for _ in range(3)]
        for number in numbers:
            self.assertEqual(self.link.finish(number)["op"], "result")

    def test_leave_counts_while_a_step_waits_for_its_turn(self):
        self.start("hangs", silence="60s")
        first = self.link.begin("advance", told_at_ms=int(time.monotonic() * 1000), context=self.context(deadline_ms=2000))

        late = self.step(kind="reissue", leave={"effect": LEAVE, "act_for_ms": 300})

        self.assertEqual((late["op"], late["code"]), ("error", "unreachable"))
        self.assertEqual(self.link.finish(first)["code"], "no_answer")

    def test_children_end_with_it_and_with_the_link(self):
        for how in ("child", "detached_child"):
            for end in ("link", "kill"):
                with self.subTest(how=how, end=end):
                    self.mark.unlink(missing_ok=True)
                    self.start(how)
                    self.assertEqual(self.step()["op"], "result")
                    child = int(self.mark.read_text(encoding="ascii"))
                    self.assertTrue(is_alive(child))
                    if end == "link":
                        self.link.close()
                    else:
                        self.link.kill()
                    until(lambda pid=child: not is_alive(pid))

    def test_one_that_does_not_end_with_its_stdin_is_killed(self):
        self.start("deaf")
        pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and self.runs_here(pid)]
        self.assertEqual(len(pids), 2, "the keeper and the program")

        self.link.close()

        until(lambda: not any(is_alive(pid) for pid in pids))

    def runs_here(self, pid):
        try:
            return str(self.mark).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def test_it_inherits_next_to_nothing(self):
        os.environ["CABROKER_TEST_SECRET"] = "inherited"
        self.addCleanup(os.environ.pop, "CABROKER_TEST_SECRET")
        self.start("tells_environment", environment={"REGION": "eu $HOME `id`"})

        facts = json.loads(self.step()["result"]["answer"]["detail"])

        self.assertEqual(sorted(facts["environment"]), ["LC_ALL", "PATH", "REGION"])
        self.assertEqual(facts["environment"]["REGION"], "eu $HOME `id`")
        self.assertEqual(facts["fds"][:3], ["0", "1", "2"])
        self.assertLessEqual(len(facts["fds"]), 4, "and the folder that was just listed")
        self.assertEqual((facts["cwd"], facts["core"], facts["group"]), ("/", "0", True))
        self.assertEqual(facts["arguments"], ["tells_environment", str(self.mark)])

    def test_secrets_that_it_tells_are_taken_out(self):
        self.start("tells_secrets")

        frame = self.step(inputs=[{"name": "access_code", "value": {"secret": "K7MQ2XPA"}}])

        self.assertEqual(frame["op"], "result")
        self.assertEqual(self.link.octets(frame["result"]["evidence"][0]["octets"]), b"[secret]")
        until(lambda: b"the code is [secret]" in self.link.logged())
        self.assertNotIn(b"\x1b", self.link.logged())
        self.assertNotIn(b"K7MQ2XPA", b"".join(self.link.heard) + self.link.logged())

    def test_its_stderr_is_bounded(self):
        self.start("floods_stderr", silence="60s")

        self.assertEqual(self.step(deadline_ms=30000)["op"], "result")
        self.assertLess(len(self.link.logged()), 200 * 1024)

    def test_a_new_configuration_ends_the_old_program(self):
        self.start("good")
        before = [pid for pid in os.listdir("/proc") if pid.isdigit() and self.runs_here(pid)]

        told = self.link.ask("configure", adapters={}, mailers={}, mailboxes={}, secrets={})

        self.assertEqual(told["capabilities"], {})
        until(lambda: not any(is_alive(pid) for pid in before))


if __name__ == "__main__":
    unittest.main()
