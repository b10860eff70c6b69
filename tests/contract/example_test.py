"""The example of docs/adapter-protocol.md: the document shows what the file holds, and the contract suite finds each of
the mistakes that a writer of such a program could make.

    example_test.py FOLDER_OF_THE_PROGRAMS
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXAMPLE = ROOT / "docs/examples/registry_adapter.py"
PROGRAMS = sys.argv.pop()
# The mistakes are mostly waited for, so they wait together.
AT_ONCE = 5

# A mistake: what is changed, and the test that must find it.
MISTAKES = {
    "acts without leave": (('if context.get("leave"):\n            return self.submit', 'if context["kind"] == "reissue":\n            '
                            'context.setdefault("leave", {"effect": "eff_x", "act_for_ms": 9000})\n            return self.submit'),
                           "test_nothing_changes_without_leave"),
    "tries again by itself": (('status, _, _ = self.registry.call("POST", path, body, until)',
                               'try:\n                status, _, _ = self.registry.call("POST", path, body, until)\n'
                               '            except NoAnswer:\n                self.registry.call("POST", path, body, until)'),
                              "test_a_connection_lost_after_the_submit_is_proven_done"),
    "guesses in its proof": (('return {"verdict": "not_done", "detail"', 'return {"verdict": "done", "detail"'),
                             "test_an_intent_whose_leave_never_left_is_proven_not_done"),
    "forgets what it did": (('if self.find(order, effect) is None:', 'if True:'),
                            "test_every_step_survives_a_lost_answer"),
    "acts in its proof": (('effect = frame["context"]["effect"]["id"]',
                           'effect = frame["context"]["effect"]["id"]\n        frame["context"].setdefault("leave", {"effect": effect})\n'
                           '        self.submit(frame["context"], frame["context"]["order"]["supplier_order_id"], until)'),
                          "test_proofs_only_read"),
    "does not look at the clock": (('until = min(until, told + context["leave"]["act_for_ms"] / 1000)', 'pass'),
                                   "test_leave_that_is_over_is_not_used"),
    "answers pings only between steps": (('            steps.put(frame)', '            steps.put(frame)\n            '
                                          'while steps.unfinished_tasks: time.sleep(0.01)'),
                                         "test_pings_are_answered_while_a_step_runs"),
    "promises too much": (('"kinds": ["status", "reissue", "download"]', '"kinds": ["status", "reissue", "download", "revoke"]'),
                          "test_each_kind_it_names_works"),
    "keeps its progress in memory": (('reference = (context.get("cookie") or {}).get("secret", "")',
                                      'reference = "" if not hasattr(self, "sent") else self.sent'),
                                     "test_every_step_survives_a_lost_answer"),
    "shows its token": (('"reason": "the registry took the rekey"', '"reason": "took it for " + self.registry.token'),
                        "test_zz_no_secret_is_in_any_trace"),
}


def run(example, *tests):
    return subprocess.run([sys.executable, "-B", str(HERE / "contract_test.py"), *("ContractTest." + test for test in tests),
                           "registry-stdio", PROGRAMS], env={**os.environ, "CABROKER_EXAMPLE": str(example)}, capture_output=True,
                          text=True, timeout=200, check=False)


class ExampleTest(unittest.TestCase):
    def test_the_document_shows_what_the_file_holds(self):
        text = (ROOT / "docs/adapter-protocol.md").read_text(encoding="utf-8")
        file = EXAMPLE.read_text(encoding="utf-8")

        blocks = re.findall(r"```python\n(.*?)```", text, re.S)

        self.assertGreaterEqual(len(blocks), 3)
        for block in blocks:
            self.assertIn(block, file)

    def test_the_example_uses_nothing_but_the_standard_library(self):
        imported = re.findall(r"^(?:import|from) (\w+)", EXAMPLE.read_text(encoding="utf-8"), re.M)

        self.assertEqual([name for name in imported if name not in sys.stdlib_module_names], [])
        self.assertTrue(os.access(EXAMPLE, os.X_OK))

    def test_each_mistake_is_found(self):
        source = EXAMPLE.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {}
            for number, (name, ((was, becomes), test)) in enumerate(MISTAKES.items()):
                self.assertEqual(source.count(was), 1, f"{name}: the example has changed")
                wrong = pathlib.Path(folder) / f"wrong{number}.py"
                wrong.write_text(source.replace(was, becomes), encoding="utf-8")
                runs[name] = pool.submit(run, wrong, test)
            for name, ran in runs.items():
                with self.subTest(name):
                    self.assertEqual(ran.result().returncode, 1, ran.result().stderr[-2000:])
                    self.assertIn("FAILED", ran.result().stderr)


if __name__ == "__main__":
    unittest.main()
