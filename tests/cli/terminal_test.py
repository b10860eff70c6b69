"""On a pseudo-terminal: questions, confirmation, progress, Ctrl-C."""

import json

from fake_daemon import ID, Answer, CliCase, main, need, problem, request

R = "/v1/requests/" + ID


def asking(*needs):
    return Answer(200, request("needs_input", "requester", needs=list(needs)), headers={"ETag": '"2"'})


class Broker:
    """Asks until the right value comes, as the daemon would."""

    def __init__(self, case, name, right, wrong_need):
        self.name, self.right, self.wrong_need, self.given = name, right, wrong_need, []
        self.state = "asking"
        case.script("POST", "/v1/requests", Answer(201, request(), headers={"ETag": '"1"'}))
        case.script("GET", R, self.get)
        case.script("POST", R + "/inputs", self.post)

    def get(self, _):
        if self.state == "done":
            return Answer(200, request("succeeded"))
        return asking(need(self.name) if not self.given else self.wrong_need)

    def post(self, seen):
        self.given.append(seen.json)
        if seen.json["value"] == self.right:
            self.state = "done"
        return Answer(204)


class PromptTest(CliCase):
    def test_access_code_is_asked_without_echo_and_again_after_a_wrong_one(self):
        again = need(attempts_left=2, last_error={"code": "access_code_wrong", "at": "2026-11-22T00:00:01Z"})
        broker = Broker(self, "access_code", "654321", again)

        run = self.on_terminal("reissue", "--cn", "x", "--wait",
                               script=[("access_code: ", "111111\r"), ("access_code: ", "654321\r")])

        self.assertEqual(run.code, 0, run.out)
        self.assertEqual([g["value"] for g in broker.given], ["111111", "654321"])
        self.assertNotIn("111111", run.out)
        self.assertNotIn("654321", run.out)
        self.assertIn("attempts left: 2", run.out)
        self.assertIn("the code was mailed", run.out)

    def test_a_value_that_cannot_be_right_is_asked_again(self):
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, asking(need()), Answer(200, request("succeeded")))
        self.script("POST", R + "/inputs", problem(422, "invalid_body", errors=[
            {"pointer": "/value", "code": "bad_format", "detail": "six digits"}]), Answer(204))

        run = self.on_terminal("reissue", "--cn", "x", "--wait",
                               script=[("access_code: ", "x\r"), ("access_code: ", "123456\r")])

        self.assertEqual(run.code, 0, run.out)
        self.assertEqual(len(self.daemon.calls("POST")), 3)

    def test_answered_need_is_not_asked_twice_while_it_is_taken(self):
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, asking(need()), asking(need()), asking(need()), Answer(200, request("succeeded")))
        self.script("POST", R + "/inputs", Answer(204))

        run = self.on_terminal("reissue", "--cn", "x", "--wait", script=[("access_code: ", "1\r")])

        self.assertEqual((run.code, run.out.count("access_code: ")), (0, 1), run.out)

    def test_the_question_goes_away_when_the_code_came_by_mail(self):
        self.script("GET", R, asking(need()), Answer(200, request("running")), Answer(200, request("succeeded")))

        run = self.on_terminal("request", "wait", ID)

        self.assertEqual(run.code, 0, run.out)
        self.assertIn("no longer needed", run.out)

    def test_credentials_file_confirmation_and_question(self):
        csr = self.file("new.csr", "PEM")
        for name, typed, expected in (
                ("account_credentials", [("User name: ", "me\r"), ("Password: ", "pass-4711\r")],
                 {"username": "me", "password": "pass-4711"}),
                ("csr", [("name of the file: ", csr + "\r")], "PEM"),
                ("dcv_publication", [("Press Enter", "\r")], "done"),
                ("escalation", [("chase, reroute or give_up", "chase\r")], "chase"),
                ("ca_question", [("ca_question: ", "yes, it is ours\r")], "yes, it is ours"),
                ("some_new_thing", [("some_new_thing: ", "v\r")], "v")):
            broker = Broker(self, name, expected, need(name))
            run = self.on_terminal("reissue", "--cn", "x", "--wait", script=typed)
            self.assertEqual((run.code, broker.given[-1]), (0, {"name": name, "value": expected}), run.out)
            self.assertNotIn("4711", run.out)

    def test_prompt_works_although_the_csr_came_on_stdin(self):
        Broker(self, "access_code", "42", need())

        run = self.on_terminal("reissue", "--cn", "x", "--csr", "-", "--wait", piped=self.file("c", "PEM"),
                               script=[("access_code: ", "42\r")])

        self.assertEqual(run.code, 0, run.out)
        self.assertEqual(self.daemon.calls("POST")[0].json["params"]["csr"], "PEM")

    def test_end_of_input_is_six_and_ctrl_c_is_130(self):
        self.script("GET", R, asking(need()))

        self.assertEqual(self.on_terminal("request", "wait", ID, script=[("access_code: ", "\x04")]).code, 6)
        run = self.on_terminal("request", "wait", ID, script=[("access_code: ", "\x03")])

        self.assertEqual(run.code, 130)
        self.assertIn("cabroker request wait", run.out)
        self.assertEqual(self.daemon.calls("POST"), [])

    def test_request_input_asks(self):
        self.script("GET", R, asking(need()))
        self.script("POST", R + "/inputs", Answer(204))

        run = self.on_terminal("request", "input", ID, "access_code", script=[("access_code: ", "77\r")])

        self.assertEqual((run.code, self.daemon.calls("POST")[0].json["value"]), (0, "77"), run.out)
        self.assertEqual(self.on_terminal("request", "input", ID, "csr").code, 8)

    def test_progress_is_shown(self):
        self.script("GET", R, Answer(200, request("queued")), Answer(200, request("waiting_ca", "ca", step="poll")),
                    Answer(200, request("succeeded")))

        run = self.on_terminal("request", "wait", ID)

        self.assertIn("waiting_ca  poll", run.out)
        self.assertNotIn("waiting_ca", self.on_terminal("-q", "request", "wait", ID).out)


class ConfirmTest(CliCase):
    def setUp(self):
        super().setUp()
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("POST", "/v1/route-preview", Answer(200, {
            "decision": "accept", "warnings": [{"code": "refund_expected", "detail": "refund until Friday"}]}))

    def test_yes_goes_on_after_the_warning(self):
        self.script("GET", "/v1/orders", Answer(200, {"items": [
            {"id": "ord_1", "common_name": "www.example.com", "brand": "rapidssl", "product": "Standard DV"}]}))

        run = self.on_terminal("revoke", "--order", "902817364", "--reason", "r", script=[("[y/N]", "y\r")])

        self.assertEqual(run.code, 0, run.out)
        self.assertIn("refund until Friday", run.out)
        self.assertIn("www.example.com, rapidssl, Standard DV, supplier_order_id 902817364", run.out)
        self.assertEqual([s.path for s in self.daemon.seen], ["/v1/route-preview", "/v1/orders", "/v1/requests"])
        self.assertEqual(self.daemon.seen[0].json, self.daemon.seen[2].json)

    def test_an_order_that_is_not_on_record_is_named_as_it_was(self):
        run = self.on_terminal("revoke", "--cn", "www.example.com", "--reason", "r", script=[("[y/N]", "y\r")])

        self.assertEqual(run.code, 0, run.out)
        self.assertIn("revoke (common_name www.example.com)", run.out)

    def test_anything_else_does_nothing(self):
        for typed in ("\r", "n\r", "yess\r", "\x04"):
            self.assertEqual(self.on_terminal("revoke", "--cn", "x", script=[("[y/N]", typed)]).code, 1)
        self.assertEqual(self.on_terminal("revoke", "--cn", "x", script=[("[y/N]", "\x03")]).code, 130)
        self.assertNotIn("/v1/requests", [s.path for s in self.daemon.seen])

    def test_yes_flag_asks_nothing(self):
        run = self.on_terminal("revoke", "--cn", "x", "--yes")

        self.assertEqual((run.code, len(self.daemon.seen)), (0, 1))
        self.assertEqual(json.loads(self.daemon.seen[0].body)["kind"], "revoke")


if __name__ == "__main__":
    main()
