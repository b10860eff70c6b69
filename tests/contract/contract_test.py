"""What every adapter must keep, whatever it drives: held over the adapter protocol, from the core's side.

    contract_test.py CASE FOLDER_OF_THE_PROGRAMS
"""
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
import canary  # noqa: E402
import cases  # noqa: E402
from player import Request, without_secrets  # noqa: E402
from processes import until  # noqa: E402

PROGRAMS = os.path.abspath(sys.argv.pop())
CASE = sys.argv.pop()
KINDS = ("status", "reissue", "revoke", "cancel", "download", "transfer")
SUCCESS = {"status": "status_read", "reissue": "issued", "revoke": "revoked", "cancel": "canceled", "download": "downloaded"}
GRACE = 1.5


class ContractTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.case = cases.CASES[CASE](PROGRAMS)
        cls.addClassCleanup(cls.case.close)
        cls.heard, cls.logs, cls.shown = [], [], []

    def setUp(self):
        self.links = []
        self.capabilities = None
        self.link = self.relink()
        self.addCleanup(self.end)

    def relink(self):
        """A new outside, the one before killed."""
        if self.links:
            self.links[-1].kill()
        link, self.capabilities = self.case.link()
        self.links.append(link)
        return link

    def end(self):
        self.case.heal()
        self.links[-1].close()
        for link in self.links:
            self.heard.extend(link.heard)
            self.logs.append(link.logged())

    def request(self, kind, order=None):
        request = Request(self.case, self.links[-1], kind, order)
        self.addCleanup(lambda: self.shown.extend(request.shown))
        return request

    def assert_done(self, request, word):
        answer = request.last["result"]["answer"]
        self.assertEqual(word, "done", request.last)
        self.assertEqual(answer["code"], SUCCESS[request.kind])
        if request.kind in ("reissue", "download"):
            self.assertTrue(request.last["result"]["certificates"], "no certificate came with it")

    def assert_settled(self, request, word):
        """Done; or, where it was in doubt after it was done and the channel shows nothing of whose doing it was: left to the
        operator, with what is shown, and never claimed."""
        shown = self.case.untraced.get(request.kind)
        if shown is None or not request.proven:
            self.assert_done(request, word)
            return
        self.assertEqual((word, request.proven), ("proof cannot_tell", ["cannot_tell"]))
        self.assertEqual(request.last["proof"]["status"]["status"], shown)

    def assert_counts(self, request, kind=None, why=""):
        """The books hold one effect of `kind`, and nothing else."""
        wanted = {each: 1 if each == kind else 0 for each in self.case.effects}
        self.assertEqual(request.counts(), wanted, why)

    def at_once_intent(self, kind):
        """A request that has just asked for leave to change something."""
        request = self.request(kind)
        word = request.go(stop=lambda _: request.effect is not None and request.effect["class"] == "once")
        self.assertEqual(word, "intend")
        return request

    # Capabilities

    def test_each_kind_it_names_works(self):
        self.assertEqual(sorted(self.capabilities["kinds"]), sorted(self.case.kinds))
        for kind in self.case.kinds:
            with self.subTest(kind):
                request = self.request(kind)
                self.assert_done(request, request.go())
                self.assert_counts(request, kind if kind in self.case.effects else None)
                self.assertEqual(request.effects.count("once"), 1 if kind in self.case.effects else 0)

    def test_what_it_does_not_name_is_unsupported(self):
        for kind in KINDS:
            if kind in self.capabilities["kinds"]:
                continue
            with self.subTest(kind):
                params = {"target_account": "a", "verification": "challenge_phrase"} if kind == "transfer" else None
                request = self.request("status")
                request.kind = kind
                request.params = params or self.case.params(kind, request.order)
                self.assertEqual(request.go(), "unsupported")
                self.assert_counts(request)
        if self.case.other_brand:
            self.assertNotIn(self.case.other_brand, self.capabilities["brands"])
            request = self.request("status")
            request.order["brand"] = self.case.other_brand
            self.assertEqual(request.go(), "unsupported")

    def test_statuses_it_names_are_those_that_work(self):
        for kind, statuses in (self.capabilities.get("statuses") or {}).items():
            self.assertIn(kind, self.capabilities["kinds"])
            self.assertIn("reissue_pending" if kind == "cancel" else "issued", statuses)

    # Crashes

    def test_every_step_survives_a_lost_answer(self):
        for kind in self.case.kinds:
            whole = self.request(kind)
            whole.go()
            for number in range(1, whole.exchanges + 1):
                with self.subTest(kind=kind, exchange=number):
                    request = self.request(kind)
                    self.assert_settled(request, request.go(lose_at=number, relink=self.relink))
                    self.assert_counts(request, kind if kind in self.case.effects else None)

    def test_every_proof_survives_a_lost_answer(self):
        for kind in self.case.effects:
            for lost in (1, 2):
                with self.subTest(kind=kind, proof=lost):
                    request = self.at_once_intent(kind)
                    request.link.finish(request.begin(request.leave()))
                    request.lost()
                    self.assertTrue(request.in_doubt)
                    request.link = self.relink()
                    self.assert_settled(request, request.go(lose_at=request.exchanges + lost, relink=self.relink))
                    self.assert_counts(request, kind)

    def test_an_intent_whose_leave_never_left_is_proven_not_done(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                self.assert_counts(request)
                request.lost()

                word = request.go(stop=lambda word: word.startswith("proof ") and word.split()[1] in ("done", "not_done"))

                self.assertEqual(word, "proof not_done")
                self.assert_counts(request)
                self.assert_done(request, request.go())
                self.assert_counts(request, kind)

    def test_a_connection_lost_after_the_submit_is_proven_done(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                self.case.lose(kind)

                word = request.go(stop=lambda word: word in ("unknown_outcome", "error"))
                self.assertIn(word, ("unknown_outcome", "error"))
                self.case.heal()

                self.assert_settled(request, request.go())
                self.assertIn("cannot_tell" if kind in self.case.untraced else "done", request.proven)
                self.assertNotIn("not_done", request.proven)
                self.assert_counts(request, kind)

    def test_what_somebody_else_did_is_not_claimed(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                other = self.request(kind, dict(request.order))
                other.params["reason"] = "somebody else's"
                self.assert_done(other, other.go())

                request.lost()
                request.may_doubt = True
                word = request.go(stop=lambda word: word.startswith("proof ") and word.split()[1] in ("done", "not_done"))

                self.assertIn(word, ("proof cannot_tell", "proof not_done"))
                self.assert_counts(request, kind)

    # Effects

    def test_nothing_changes_without_leave(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                for _ in range(3):
                    frame = request.link.finish(request.begin())
                    self.assertEqual(frame["op"], "result", frame)
                    self.assertIn(frame["result"]["answer"]["type"], ("intend", "wait", "need_input"))
                self.assert_counts(request)

    def test_reading_kinds_intend_no_once_effect(self):
        for kind in self.case.kinds:
            if kind not in self.case.effects:
                request = self.request(kind)
                request.go()
                self.assertNotIn("once", request.effects)

    def test_proofs_only_read(self):
        for kind in self.case.effects:
            for done in (False, True):
                with self.subTest(kind=kind, done=done):
                    # One for each: what a proof read may have made the intended form worthless, and the core never uses it then.
                    request = self.at_once_intent(kind)
                    effect, wanted = request.effect, "proof not_done"
                    if done:
                        wanted = "proof cannot_tell" if kind in self.case.untraced else "proof done"
                        request.link.finish(request.begin(request.leave()))
                    for _ in range(2):
                        request.in_doubt, request.effect = True, effect
                        word = request.go(stop=lambda word: word in ("proof done", "proof not_done"))
                        self.assertEqual(word, wanted)
                        self.assert_counts(request, kind if done else None)

    # Time

    def test_leave_that_is_over_is_not_used(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                frame = request.link.finish(request.begin(leave_ms=1000, age_ms=5000))
                self.assertEqual(frame["op"], "error", frame)
                self.assertEqual(frame["code"], "unreachable")
                self.assert_counts(request)

    def test_a_submit_without_an_answer_ends_with_its_leave(self):
        requests = [self.at_once_intent(kind) for kind in self.case.effects]
        for request in requests:
            self.case.hang(request.kind)
        # All at once, so that their leaves run out together.
        began = time.monotonic()
        running = [(request, request.begin(leave_ms=1500)) for request in requests]
        words = [(request, request.take(request.link.finish(number))) for request, number in running]
        self.assertLess(time.monotonic() - began, 1.5 + GRACE)
        self.case.heal()
        for request, word in words:
            with self.subTest(request.kind):
                self.assertIn(word, ("unknown_outcome", "error"))
                self.assertTrue(request.in_doubt)
                self.assert_settled(request, request.go())
                self.assert_counts(request, request.kind)

    def test_the_end_of_the_link_ends_the_step(self):
        for kind in self.case.effects:
            with self.subTest(kind):
                request = self.at_once_intent(kind)
                self.case.hang(kind)
                request.begin(request.leave())
                until(lambda: request.counts()[kind] == 1, why="the submit was not received")
                began = time.monotonic()
                request.link.close()
                self.assertLess(time.monotonic() - began, 5)
                self.case.heal()
                request.lost()
                request.link = self.relink()
                self.assert_settled(request, request.go())
                self.assert_counts(request, kind)

    def test_pings_are_answered_while_a_step_runs(self):
        kind = next(iter(self.case.effects))
        request = self.at_once_intent(kind)
        self.case.hang(kind)
        request.begin(request.leave())
        began = time.monotonic()
        self.assertEqual(request.link.ask("ping")["op"], "pong")
        self.assertLess(time.monotonic() - began, 1)

    def test_unknown_questions_are_unsupported(self):
        self.assertEqual(self.link.ask("dance", how="slowly")["op"], "unsupported")

    # Secrets: last by name, so that it sees what all others left behind

    def test_zz_no_secret_is_in_any_trace(self):
        for kind in self.case.kinds:
            request = self.request(kind)
            request.go()
            self.shown.extend(request.shown)
        told = b"\n".join(without_secrets(line) for line in self.heard + self.link.heard)
        public = self.case.public()
        secrets = {name: value for name, value in self.case.secrets.items() if value.upper() not in public}
        self.assertTrue(secrets)
        findings = canary.search(told, secrets, "results") + canary.search(b"\n".join(self.shown), secrets, "evidence")
        findings += canary.search(b"\n".join(self.logs) + self.link.logged(), secrets, "logs")
        self.assertEqual(findings, [])
        # The search can fail: a planted one is found.
        name, value = next(iter(secrets.items()))
        self.assertEqual(canary.search(told + value.encode("utf-16-le"), {name: value}, "x"), ["x: " + name])


if __name__ == "__main__":
    unittest.main()
