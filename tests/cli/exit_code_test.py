"""The exit codes of the contract, waiting included, without a terminal."""

import os
import shutil
import signal
import subprocess

from fake_daemon import CABROKER, ID, Answer, CliCase, main, need, problem, request

R = "/v1/requests/" + ID


class ExitCodeTest(CliCase):
    def test_statuses(self):
        cases = [(400, "bad_parameter", 9), (403, "forbidden", 4), (404, "not_found", 7), (405, "method_not_allowed", 1),
                 (408, "request_timeout", 10), (409, "state_conflict", 8), (410, "gone", 7),
                 (412, "version_mismatch", 8), (413, "body_too_large", 9), (415, "unsupported_media_type", 9),
                 (422, "invalid_body", 9), (429, "rate_limited", 10), (431, "headers_too_large", 9),
                 (500, "internal", 1), (503, "draining", 10)]
        for status, code, expected in cases:
            self.script("GET", R, problem(status, code))
            for command in (["request", "show", ID], ["api", "GET", R]):
                run = self.expect(expected, *command)
                self.assertEqual(run.out, "")
                self.assertIn(code, run.err)

    def test_retryable_500_is_ten(self):
        self.script("GET", R, problem(500, "internal", retryable=True))

        self.expect(10, "request", "show", ID)

    def test_state_decides_also_without_wait(self):
        for state, expected in (("succeeded", 0), ("failed", 3), ("rejected", 3), ("expired", 3), ("canceled", 3),
                                ("queued", 0), ("needs_input", 0), ("waiting_ca", 0), ("needs_approval", 0)):
            self.script("GET", R, Answer(200, request(state)))
            self.script("POST", "/v1/requests", Answer(201, request(state)))
            for command in (["request", "show", ID], ["status", "--cn", "x"], ["api", "GET", R]):
                self.expect(expected, *command)

    def test_no_socket(self):
        self.daemon.close()
        os.unlink(self.daemon.socket)

        run = self.expect(10, "status", "--cn", "x")

        self.assertIn("systemctl start", run.err)
        self.assertIn(self.daemon.socket, run.err)
        self.assertEqual(self.expect(10, "doctor").code, 10)

    def test_nobody_listens(self):
        self.daemon.close()

        self.assertIn("not running", self.expect(10, "request", "list").err)

    def test_socket_without_permission_names_the_group(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        os.chmod(self.daemon.socket, 0o600)
        os.chmod(self.dir, 0o711)
        binary = shutil.copy(CABROKER, self.dir)

        done = subprocess.run([binary, "-s", self.daemon.socket, "whoami"], capture_output=True, user=65534, group=65534,
                              extra_groups=[], timeout=60, env=self.environment())

        self.assertEqual(done.returncode, 10, done.stderr)
        self.assertIn(b"usermod -aG", done.stderr)


class WaitTest(CliCase):
    def test_until_settled(self):
        self.script("POST", "/v1/requests", Answer(201, request(), headers={"ETag": '"1"'}))
        self.script("GET", R, Answer(304), Answer(200, request("running"), headers={"ETag": '"2"'}),
                    Answer(200, request("succeeded"), headers={"ETag": '"3"'}))

        run = self.expect(0, "reissue", "--cn", "x", "--wait", "-o", "name")

        self.assertEqual(run.out, ID + "\n")
        self.assertEqual([s.headers["if-none-match"] for s in self.daemon.calls("GET")], ['"1"', '"1"', '"2"'])
        self.assertEqual(self.daemon.calls("GET")[0].query, "wait=30000ms&for=change")
        self.assertEqual(run.err, "", "progress is for terminals only")

    def test_ended_badly(self):
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, Answer(200, request("failed")))

        self.expect(3, "status", "--cn", "x", "--wait")

    def test_time_over(self):
        self.script("POST", "/v1/requests", Answer(201, request(), headers={"ETag": '"1"'}))
        self.script("GET", R, Answer(304, hold=0.2))

        run = self.expect(5, "status", "--cn", "x", "--wait=300ms")

        self.assertIn("cabroker request wait " + ID, run.err)
        self.assertIn(ID, run.out)

    def test_input_needed_says_what_and_how(self):
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=[need()])))

        run = self.expect(6, "reissue", "--cn", "x", "--wait", "-o", "name")

        self.assertIn("the code was mailed", run.err)
        self.assertIn(f"cabroker request input {ID} access_code", run.err)
        self.assertEqual(run.out, ID + "\n")

    def test_publications_are_told_once_and_waited_for(self):
        asked = [need("dcv_publication", hint="publish the token", details={"value": "token-1"})]
        other = [need("dcv_publication", hint="publish the token", details={"value": "token-2"})]
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=asked)),
                    Answer(200, request("needs_input", "requester", needs=asked, attempt=2)),
                    Answer(200, request("needs_input", "requester", needs=other)), Answer(200, request("succeeded")))

        run = self.expect(0, "reissue", "--cn", "x", "--wait", "-o", "name")

        self.assertEqual((run.err.count("token-1"), run.err.count("token-2")), (1, 1), run.err)
        self.assertEqual(run.out, ID + "\n")

    def test_a_code_that_comes_to_a_mailbox_is_waited_for(self):
        picked_up = [need(details={"mailbox": "inbox"})]
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=picked_up)),
                    Answer(200, request("needs_input", "requester", needs=[need()])))

        self.expect(6, "status", "--cn", "x", "--wait", "-o", "name")

        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=picked_up)), Answer(200, request("succeeded")))

        self.expect(0, "status", "--cn", "x", "--wait", "-o", "name")

    def test_publications_beside_another_need_are_six(self):
        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=[need("dcv_publication"), need()])))

        self.expect(6, "request", "wait", ID)

    def test_a_single_error_is_said_once(self):
        error = {"pointer": "/kind", "code": "required", "detail": "is missing"}
        self.script("POST", "/v1/requests", problem(422, "invalid_body", detail="cannot accept the body: /kind: is missing",
                                                    errors=[error]))

        run = self.expect(9, "status", "--cn", "x")

        self.assertEqual(run.err.count("is missing"), 1, run.err)
        self.assertIn("required", run.err)

    def test_approval_and_operator_are_six_too(self):
        for state, actor, word in (("needs_approval", "approver", "request approve"),
                                   ("outcome_unknown", "operator", "request resolve")):
            self.script("GET", R, Answer(200, request(state, actor)))
            self.assertIn(word, self.expect(6, "request", "wait", ID).out)

    def test_watch_goes_on_over_inputs(self):
        self.script("GET", R, Answer(200, request("needs_input", "requester", needs=[need()])),
                    Answer(200, request("succeeded")))

        run = self.expect(0, "request", "watch", ID)

        self.assertIn("needs_input", run.out)
        self.assertIn("succeeded", run.out)

    def test_a_restart_of_the_daemon_is_survived(self):
        self.script("GET", R, Answer(200, request()), Answer(hang_up=True), problem(503, "draining"),
                    Answer(200, request("succeeded")))

        self.expect(0, "request", "wait", ID)

    def test_gone_for_good_is_ten_and_says_how_to_go_on(self):
        self.script("GET", R, Answer(200, request()), Answer(hang_up=True))

        run = self.expect(10, "request", "wait", ID, "--reconnect", "600ms")

        self.assertIn("cabroker request wait " + ID, run.err)

    def test_request_vanishes(self):
        self.script("GET", R, Answer(200, request()), problem(404, "not_found"))

        self.expect(7, "request", "wait", ID)

    def test_interrupt_detaches_and_never_cancels(self):
        self.script("POST", "/v1/requests", Answer(201, request(), headers={"ETag": '"1"'}))
        self.script("GET", R, Answer(304, hold=30))
        process = self.start_cli("reissue", "--cn", "x", "--wait")
        self.until(lambda: self.daemon.calls("GET"))

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

        self.assertEqual(process.returncode, 130)
        self.assertIn(b"cabroker request wait " + ID.encode(), err)
        self.assertEqual(out, b"")
        self.assertEqual(len(self.daemon.calls("POST")), 1)

    def test_retry_with_wait_follows_the_new_request(self):
        new = "req_new"
        self.script("POST", R + "/retry", Answer(201, request(id=new, retry_of=ID)))
        self.script("GET", "/v1/requests/" + new, Answer(200, request("succeeded", id=new)))

        self.assertEqual(self.expect(0, "request", "retry", ID, "--wait", "-o", "name").out, new + "\n")


class LostAnswerTest(CliCase):
    def test_post_is_sent_again_with_the_same_key(self):
        self.script("POST", "/v1/requests", Answer(hang_up=True), problem(409, "idempotency_in_progress"),
                    Answer(201, request()))

        self.expect(0, "status", "--cn", "x")

        keys = {s.headers["idempotency-key"] for s in self.daemon.calls("POST")}
        self.assertEqual((len(self.daemon.calls("POST")), len(keys)), (3, 1))

    def test_given_key_is_used(self):
        self.script("POST", "/v1/requests", Answer(201, request()))

        self.expect(0, "status", "--cn", "x", "--idempotency-key", "my-key")

        self.assertEqual(self.daemon.seen[0].headers["idempotency-key"], "my-key")

    def test_answer_never_comes(self):
        self.script("POST", "/v1/requests", Answer(hang_up=True))

        self.expect(10, "status", "--cn", "x")

        self.assertEqual(len(self.daemon.calls("POST")), 5)

    def test_in_progress_at_first_is_a_conflict(self):
        self.script("POST", "/v1/requests", problem(409, "idempotency_in_progress"))

        self.expect(8, "status", "--cn", "x", "--idempotency-key", "k")


if __name__ == "__main__":
    main()
