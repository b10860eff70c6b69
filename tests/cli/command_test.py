"""What each command sends, and what it makes of the answer."""

import json
import os
import re

from fake_daemon import ID, ORDER, Answer, CliCase, main, problem, request

CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
R = "/v1/requests/" + ID


class NewRequestTest(CliCase):
    def setUp(self):
        super().setUp()
        self.script("POST", "/v1/requests", Answer(201, request()))

    def body(self):
        return self.daemon.calls("POST")[-1].json

    def test_status_by_common_name(self):
        self.expect(0, "status", "--cn", "www.example.com")

        self.assertEqual(self.body(), {"kind": "status", "order": {"common_name": "www.example.com"}})
        self.assertRegex(self.daemon.calls("POST")[0].headers["idempotency-key"], "^[0-9a-f]{32}$")
        self.assertEqual(self.daemon.calls("POST")[0].headers["content-type"], "application/json")

    def test_every_way_to_name_an_order(self):
        for given, member in ((ORDER, {"id": ORDER}), ("902817364", {"supplier_order_id": "902817364"}),
                              ("platform:77", {"platform_order_id": "77"})):
            self.expect(0, "status", "--order", given)
            self.assertEqual(self.body()["order"], member)

    def test_reissue_with_everything(self):
        csr = self.file("csr.pem", CSR)

        self.expect(0, "reissue", "--order", "902817364", "--csr", csr, "--validation", "dns-txt-token", "--reason",
                    "server moved", "--ref", "rt:47:11", "--label", "team=web", "--label", "a=b=c", "--note", "asked",
                    "--format", "pem_all", "--format", "der", "--allow-duplicate", "--brand", "rapidssl",
                    "--admin-email", "a@example.com")

        self.assertEqual(self.body(), {
            "kind": "reissue", "order": {"supplier_order_id": "902817364", "brand": "rapidssl",
                                         "admin_email": "a@example.com"},
            "external_ref": {"system": "rt", "id": "47:11"}, "labels": {"team": "web", "a": "b=c"}, "note": "asked",
            "params": {"csr": CSR, "validation_method": "dns-txt-token", "reason": "server moved",
                       "formats": ["pem_all", "der"]}, "allow_duplicate": True})

    def test_csr_from_stdin(self):
        self.expect(0, "reissue", "--cn", "x.example", "--csr", "-", stdin=CSR.encode())

        self.assertEqual(self.body()["params"]["csr"], CSR)

    def test_private_key_never_leaves(self):
        run = self.expect(9, "reissue", "--cn", "x.example", "--csr", self.file("k.pem", KEY))

        self.assertEqual(self.daemon.calls(), [])
        self.assertNotIn("MIIB", run.out + run.err)

    def test_revoke_cancel_and_transfer_need_yes_without_a_terminal(self):
        for kind in ("revoke", "cancel", "transfer"):
            run = self.expect(2, kind, "--cn", "x.example")
            self.assertIn("--yes", run.err)
        self.assertEqual(self.daemon.calls(), [])

    def test_revoke(self):
        self.expect(0, "revoke", "--cn", "x", "--reason", "r", "--reason-code", "superseded", "--scope", "certificate",
                    "--serial", "0a", "--yes")

        self.assertEqual(self.body()["params"], {"reason": "r", "reason_code": "superseded", "scope": "certificate",
                                                 "serial": "0a"})
        self.assertEqual(len(self.daemon.calls()), 1)

    def test_transfer_and_cancel(self):
        self.expect(0, "transfer", "--cn", "x", "--target-account", "t", "--verification", "credentials", "--yes")
        self.assertEqual(self.body()["params"], {"target_account": "t", "verification": "credentials"})
        self.expect(0, "cancel", "--cn", "x", "--reason", "r", "--yes")
        self.assertEqual((self.body()["kind"], self.body()["params"]), ("cancel", {"reason": "r"}))

    def test_dry_run_shows_the_preview(self):
        self.script("POST", "/v1/requests", Answer(200, {
            "decision": "accept", "adapter": "portal", "channel": "portal", "outcome": None, "needs": ["access_code"],
            "rules": [{"name": "digicert", "matched": True, "why": "brand", "adapter": "portal", "valid_from": None,
                       "valid_until": None}], "warnings": [{"code": "brand_discontinued", "detail": "old brand"}],
            "mail": None}))

        run = self.expect(0, "revoke", "--cn", "x", "--dry-run")

        self.assertIs(self.body()["dry_run"], True)
        for word in ("accept", "access_code", "old brand", "digicert"):
            self.assertIn(word, run.out)

    def test_usage_errors(self):
        for words in (["status"], ["status", "--cn"], ["status", "--cn", "x", "--ref", "rt"],
                      ["status", "--cn", "x", "--label", "k"], ["status", "--cn", "x", "--wait", "5m"],
                      ["status", "--cn", "x", "--wait=soon"], ["status", "--cn", "x", "-o", "xml"],
                      ["status", "--cn", "x", "--color", "blue"], ["reissue", "--cn", "x", "--csr", "/no/such"],
                      ["bogus"], ["request"], ["request", "show"], ["request", "bogus"], [], ["--bogus"]):
            run = self.expect(2, *words)
            self.assertEqual(run.out, "")
            self.assertNotEqual(run.err, "")
        self.assertEqual(self.daemon.calls(), [])

    def test_unknown_command_is_named(self):
        for words, named in ((["nope"], "nope"), (["-o", "status", "nope"], "nope"),
                             (["--color", "never", "request", "nope"], "request nope"),
                             (["request", "-o", "json", "nope"], "request nope")):
            self.assertIn(f'there is no command "{named}"', self.expect(2, *words).err)


class RequestCommandTest(CliCase):
    def test_list_passes_filters(self):
        self.script("GET", "/v1/requests", Answer(200, {"items": [request()], "next_page_token": "t2",
                                                        "event_cursor": 9}))

        run = self.expect(0, "request", "list", "--state", "queued,running", "--kind", "reissue", "--label", "a=b",
                          "--label", "c=d", "--ref", "rt:1", "--sort", "-created_at", "--limit", "1", "--search", "w w")

        self.assertEqual(self.daemon.seen[0].query, "state=queued%2Crunning&kind=reissue&sort=-created_at&limit=1&"
                         "external_ref=rt%3A1&q=w%20w&label=a%3Db&label=c%3Dd")
        self.assertIn("--page-token t2", run.err)

    def test_list_all_walks_the_pages(self):
        self.script("GET", "/v1/requests",
                    Answer(200, {"items": [request(id="req_1")], "next_page_token": "t2", "event_cursor": 9}),
                    Answer(200, {"items": [request(id="req_2")], "next_page_token": None, "event_cursor": 9}))

        run = self.expect(0, "request", "list", "--all", "-o", "name")

        self.assertEqual(run.out, "req_1\nreq_2\n")
        self.assertEqual(self.daemon.seen[1].query, "page_token=t2")
        self.expect(2, "request", "list", "--all", "-o", "json")

    def test_show_tells_whose_turn_it_is(self):
        waiting = request("needs_input", "requester", needs=[{"name": "access_code", "hint": "look in the mailbox",
                          "expires_at": None, "attempts_left": 2, "last_error": None, "details": {}}])
        self.script("GET", R, Answer(200, waiting))
        self.script("GET", R + "/timeline", Answer(200, {"items": [
            {"seq": 1, "at": "2026-11-22T00:00:00Z", "type": "state", "actor": {"kind": "peer", "name": "root"},
             "state": "queued", "text": "asked", "details": {}}]}))

        run = self.expect(0, "request", "show", ID)

        for word in ("requester must give", "look in the mailbox", "attempts left 2", "Timeline", "asked",
                     f"cabroker request input {ID} access_code", f"cabroker request wait {ID}"):
            self.assertIn(word, run.out)

    def test_actions(self):
        cases = [
            (["cancel", ID, "--reason", "r", "--abandon"], "cancel", {"reason": "r", "abandon": True}),
            (["cancel", ID], "cancel", None),
            (["retry", ID], "retry", None),
            (["approve", ID, "--note", "n"], "approve", {"note": "n"}),
            (["reject", ID, "--reason", "r"], "reject", {"reason": "r"}),
            (["resolve", ID, "--state", "succeeded", "--note", "n", "--code", "issued", "--certificate",
              self.file("c.pem", "PEM")], "resolve",
             {"state": "succeeded", "code": "issued", "note": "n", "certificate": "PEM"}),
            (["reroute", ID, "--adapter", "a", "--reason", "r"], "reroute", {"adapter": "a", "reason": "r"}),
            (["forgot", ID], "forgot", None),
            (["comment", ID, "hello"], "comments", {"text": "hello"}),
        ]
        for words, route, body in cases:
            self.script("POST", f"{R}/{route}", Answer(200, request()))
            self.expect(0, "request", *words)
            self.assertEqual(self.daemon.calls("POST")[-1].target, f"{R}/{route}")
            self.assertEqual(self.daemon.calls("POST")[-1].json, body)
        self.expect(2, "request", "resolve", ID, "--state", "failed")
        self.expect(2, "request", "reroute", ID)

    def test_input_from_stdin_and_file(self):
        self.script("POST", R + "/inputs", Answer(204))

        self.expect(0, "request", "input", ID, "access_code", "--value-file", "-", stdin=b"123456\n")
        self.assertEqual(self.daemon.seen[-1].json, {"name": "access_code", "value": "123456"})

        both = self.file("both", json.dumps({"username": "u", "password": "p"}))
        run = self.expect(0, "-v", "request", "input", ID, "account_credentials", "--value-file", both)
        self.assertEqual(self.daemon.seen[-1].json["value"], {"username": "u", "password": "p"})
        self.assertNotIn('"p"', run.err)

    def test_input_without_a_terminal_is_a_usage_error(self):
        run = self.expect(2, "request", "input", ID, "access_code")

        self.assertIn("--value-file", run.err)

    def test_messages_timeline_and_raw(self):
        self.script("GET", R + "/messages", Answer(200, {"items": [
            {"id": "msg_1", "direction": "out", "status": "sent", "class": "ticket", "from": "a@x", "to": "b@y",
             "subject": "S", "message_id": "<m>", "at": None, "size": 3, "smtp_reply": "250 ok"}]}))
        self.script("GET", "/v1/messages/msg_1/raw", Answer(200, b"Subject: S\r\n\r\nx", "message/rfc822"))

        self.assertIn("msg_1", self.expect(0, "request", "messages", ID).out)
        self.assertEqual(self.expect(0, "request", "messages", ID, "--raw", "msg_1").out, "Subject: S\n\nx"
                         .replace("\n", "\r\n"))


class OtherCommandTest(CliCase):
    def test_simple_reads(self):
        cases = [(["order", "list", "--brand", "rapidssl"], "/v1/orders?brand=rapidssl"),
                 (["order", "show", ORDER], "/v1/orders/" + ORDER), (["adapter", "list"], "/v1/adapters"),
                 (["adapter", "show", "portal"], "/v1/adapters/portal"),
                 (["adapter", "sessions", "portal"], "/v1/adapters/portal/sessions"),
                 (["route", "list"], "/v1/routes"), (["inbox", "list"], "/v1/inbox"), (["batch", "list"], "/v1/batches"),
                 (["batch", "show", "bat_1"], "/v1/batches/bat_1"), (["whoami"], "/v1/whoami"),
                 (["version"], "/v1/version"), (["events", "--after", "7"], "/v1/events?after=7"),
                 (["api", "get", "/v1/stats?x=1"], "/v1/stats?x=1"), (["order", "show", "../x"], "/v1/orders/..%2Fx")]
        for words, target in cases:
            self.script("GET", target.split("?")[0], Answer(200, {"items": [], "name": "n"}))
            self.expect(0, *words)
            self.assertEqual((self.daemon.seen[-1].method, self.daemon.seen[-1].target), ("GET", target))

    def test_adapter_actions(self):
        for action in ("pause", "resume", "check"):
            self.script("POST", "/v1/adapters/portal/" + action, Answer(200, {"name": "portal", "state": "up"}))
            self.expect(0, "adapter", action, "portal")
            self.assertEqual(self.daemon.seen[-1].body, b"")

    def test_order_add(self):
        self.script("POST", "/v1/orders", Answer(201, {"id": ORDER}))

        self.expect(0, "order", "add", "--brand", "sectigo", "--cn", "x.example", "--label", "a=b")

        self.assertEqual(self.daemon.seen[0].json,
                         {"common_name": "x.example", "brand": "sectigo", "labels": {"a": "b"}})
        self.expect(2, "order", "add")

    def test_import_of_an_empty_file_names_what_is_missing(self):
        run = self.expect(9, "order", "import", self.file("empty.csv", ""))

        self.assertIn("empty.csv", run.err)
        self.assertIn("empty", run.err)
        self.assertIn("header line", run.err)
        self.assertEqual(self.daemon.calls(), [])

    def test_import(self):
        report = {"dry_run": True, "rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1,
                  "columns": {"Domain": "common_name", "X": None},
                  "errors": [{"line": 3, "column": "Domain", "code": "bad_format", "detail": "no name"}]}
        self.script("POST", "/v1/orders/import", Answer(200, report))

        run = self.expect(9, "order", "import", "-", "--map", "Domain Name=common_name", "--map", "A:b=brand", "--dry-run",
                          stdin=b"Domain,X\n")

        seen = self.daemon.seen[0]
        self.assertEqual(seen.query, "dry_run=true&map=Domain%20Name%3Acommon_name&map=A%3Ab%3Abrand")
        self.assertEqual((seen.headers["content-type"], seen.body), ("text/csv", b"Domain,X\n"))
        for word in ("1 created", "1 rejected", "Domain -> common_name", "no name"):
            self.assertIn(word, run.out)

    def test_route_preview_and_csr(self):
        self.script("POST", "/v1/route-preview", Answer(200, {"decision": "reject", "outcome": {
            "code": "not_supported_by_channel", "detail": "d", "hint": "use the RCP"}, "rules": [], "needs": [],
            "warnings": [], "mail": None, "adapter": None, "channel": None}))
        run = self.expect(0, "route", "preview", "cancel", "--cn", "x", "--at", "2027-01-01T00:00:00Z")
        self.assertEqual(self.daemon.seen[-1].json, {"kind": "cancel", "order": {"common_name": "x"},
                                                     "at": "2027-01-01T00:00:00Z"})
        self.assertIn("use the RCP", run.out)

        self.script("POST", "/v1/csr/inspect", Answer(200, {"ok": False, "subject": None, "findings": [
            {"code": "csr_weak_key", "severity": "error", "detail": "512 bits", "hint": "make a new key"}]}))
        run = self.expect(9, "csr", "inspect", self.file("c", CSR), "--cn", "x")
        self.assertEqual(self.daemon.seen[-1].json, {"csr": CSR, "order": {"common_name": "x"}})
        self.assertIn("make a new key", run.out)

    def test_api_sends_body_and_headers(self):
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("PATCH", R, Answer(200, request()))

        run = self.expect(0, "api", "POST", "/v1/requests", "-d", '{"a":1}', "-H", "X-Test: y")
        self.assertEqual((self.daemon.seen[-1].json, self.daemon.seen[-1].headers["x-test"]), ({"a": 1}, "y"))
        self.assertEqual(json.loads(run.out), request())
        self.expect(0, "api", "patch", R, "-d", "-", "-H", "Content-Type: application/merge-patch+json", stdin=b"{}")
        self.assertEqual(self.daemon.seen[-1].headers["content-type"], "application/merge-patch+json")
        self.expect(0, "api", "PATCH", R, "-d", "@" + self.file("b", '{"b":2}'))
        self.assertEqual(self.daemon.seen[-1].json, {"b": 2})
        self.expect(2, "api", "GET", "/v1/a b")

    def test_doctor(self):
        self.script("GET", "/healthz", Answer(200, b"ok", "text/plain"))
        self.script("GET", "/readyz", problem(503, "not_ready"))
        self.script("GET", "/v1/version", Answer(200, {"version": "9.9.9"}))
        self.script("GET", "/v1/whoami", Answer(200, {"name": "me", "roles": ["viewer"]}))
        self.script("GET", "/v1/adapters", Answer(200, {"items": [{"name": "portal", "state": "up"}]}))

        run = self.expect(1, "doctor")

        for line in ("ok +socket", "failed +ready", "warning +version", "ok +role", "ok +adapter +portal"):
            self.assertRegex(run.out, line)

    def test_doctor_gives_a_daemon_that_has_just_started_time_to_reach_its_adapters(self):
        self.script("GET", "/healthz", Answer(200, b"ok", "text/plain"))
        self.script("GET", "/readyz", Answer(200, b"ok", "text/plain"))
        self.script("GET", "/v1/version", Answer(200, {"version": "9.9.9"}))
        self.script("GET", "/v1/whoami", Answer(200, {"name": "me", "roles": ["viewer"]}))
        for state in ("down", "up"):
            self.script("GET", "/v1/adapters", Answer(200, {"items": [{"name": "portal", "state": state}]}))

        self.assertRegex(self.expect(0, "doctor").out, "ok +adapter +portal: up")

    def test_doctor_says_why_an_adapter_stays_down(self):
        for path, answer in (("/healthz", Answer(200, b"ok", "text/plain")), ("/readyz", Answer(200, b"ok", "text/plain"))):
            self.script("GET", path, answer)
        self.script("GET", "/v1/version", Answer(200, {"version": "9.9.9"}))
        self.script("GET", "/v1/whoami", Answer(200, {"name": "me", "roles": ["viewer"]}))
        for _ in range(10):
            self.script("GET", "/v1/adapters",
                        Answer(200, {"items": [{"name": "portal", "state": "down", "detail": "no link"}]}))

        self.assertRegex(self.expect(1, "doctor").out, "failed +adapter +portal: down, no link")

    def test_doctor_looks_at_mailboxes(self):
        for path, answer in (("/healthz", Answer(200, b"ok", "text/plain")), ("/readyz", Answer(200, b"ok", "text/plain"))):
            self.script("GET", path, answer)
        self.script("GET", "/v1/version", Answer(200, {"version": "9.9.9"}))
        self.script("GET", "/v1/whoami", Answer(200, {"name": "me", "roles": ["viewer"]}))
        self.script("GET", "/v1/adapters", Answer(200, {"items": [{"name": "portal", "state": "up"}]}))
        self.script("GET", "/v1/health", Answer(200, {"components": [
            {"name": "outside", "state": "ok", "detail": ""}, {"name": "mailbox/inbox", "state": "ok", "detail": ""},
            {"name": "mailbox/old", "state": "degraded", "detail": "cannot open it"}]}))

        out = self.expect(1, "doctor").out

        self.assertRegex(out, "ok +mailbox +inbox: open")
        self.assertRegex(out, "failed +mailbox +old: cannot open it")

    def test_completion_is_a_valid_script(self):
        run = self.expect(0, "completion", "bash")
        self.assertEqual(os.system(f"bash -n {self.file('c.sh', run.out)}"), 0)
        self.assertRegex(run.out, "'request show'")
        self.assertTrue(self.expect(0, "completion", "zsh").out.startswith("#compdef"))
        self.expect(2, "completion", "fish")

    def test_help_and_version_go_to_stdout(self):
        self.assertTrue(re.match(r"cabroker \d", self.expect(0, "--version").out))
        for words in (["--help"], ["request", "--help"], ["reissue", "--help"]):
            run = self.expect(0, *words)
            self.assertEqual((run.err, "Usage" in run.out), ("", True))


if __name__ == "__main__":
    main()
