"""Formats, colours, escapes, problems, and files on disk."""

import csv
import hashlib
import io
import json
import os
import stat

import yaml

from fake_daemon import ID, Answer, CliCase, main, problem, request

R = "/v1/requests/" + ID
EVIL = "\x1b[31mred\x07\u009b2J\u202ebidi\nnew"


def contents(path):
    with open(path, "rb") as handle:
        return handle.read()


class FormatTest(CliCase):
    def setUp(self):
        super().setUp()
        self.listing = {"items": [request(), request("failed", id="req_2", note="=1+1",
                                                     labels={"a": "b"})], "next_page_token": None, "event_cursor": 7}
        self.raw = b'{"items": [], "next_page_token":null,\n "event_cursor": 7}'
        self.script("GET", "/v1/requests", Answer(200, self.listing))
        self.script("GET", R, Answer(200, request(params={"csr": "-----BEGIN\nabc\n-----END\n"})))

    def test_json_is_the_body_unchanged(self):
        self.script("GET", "/v1/requests", Answer(200, self.raw))

        self.assertEqual(self.expect(0, "request", "list", "-o", "json").out.encode(), self.raw)
        self.assertEqual(self.expect(0, "api", "GET", "/v1/requests").out.encode(), self.raw)

    def test_jsonl_is_one_item_a_line(self):
        lines = self.expect(0, "request", "list", "-o", "jsonl").out.splitlines()

        self.assertEqual([json.loads(line) for line in lines], self.listing["items"])

    def test_yaml_says_the_same_as_json(self):
        self.assertEqual(yaml.safe_load(self.expect(0, "request", "list", "-o", "yaml").out), self.listing)
        one = self.expect(0, "request", "show", ID, "-o", "yaml").out
        self.assertEqual(yaml.safe_load(one), request(params={"csr": "-----BEGIN\nabc\n-----END\n"}))
        self.assertIn("csr: |\n", one)

    def test_csv_can_be_read_back_and_starts_no_formula(self):
        evil = request(labels={}, external_ref={"system": "=cmd|' /C calc'!A0", "id": "@x,\"y\"\nz"})
        self.script("GET", "/v1/requests", Answer(200, {"items": [evil], "next_page_token": None, "event_cursor": 1}))

        rows = list(csv.DictReader(io.StringIO(self.expect(0, "request", "list", "-o", "csv").out)))

        self.assertEqual(rows[0]["id"], ID)
        self.assertEqual(rows[0]["created_at"], "2026-11-22T00:00:00Z")
        self.assertEqual(rows[0]["ref_system"], "'=cmd|' /C calc'!A0")
        self.assertTrue(rows[0]["ref"].startswith("'@x,\"y\""))

    def test_table_is_aligned_and_wide_has_more(self):
        lines = self.expect(0, "request", "list").out.splitlines()
        wide = self.expect(0, "request", "list", "-o", "wide").out

        self.assertEqual(lines[0].index("STATE"), lines[1].index("queued"))
        self.assertEqual(lines[0].index("STATE"), lines[2].index("failed"))
        self.assertNotIn("2026-11-22", lines[1])
        self.assertIn("2026-11-22T00:00:00Z", wide)
        self.assertIn("a=b", wide)

    def test_empty_list_says_so_on_stderr(self):
        self.script("GET", "/v1/requests", Answer(200, self.raw))

        run = self.expect(0, "request", "list")

        self.assertEqual((run.out, run.err), ("", "nothing found\n"))
        self.assertEqual(self.expect(0, "-q", "request", "list").err, "")

    def test_color(self):
        self.assertNotIn("\x1b", self.expect(0, "request", "list").out)
        self.assertIn("\x1b[31mfailed", self.expect(0, "request", "list", "--color", "always").out)
        self.assertIn("\x1b[", self.on_terminal("request", "list").out)
        self.assertNotIn("\x1b[", self.on_terminal("request", "list", "--color", "never").out)

    def test_no_color_is_honoured(self):
        environment = self.environment
        self.environment = lambda **more: environment(NO_COLOR="1")

        self.assertNotIn("\x1b[", self.on_terminal("request", "list").out)

    def test_data_cannot_steer_the_terminal(self):
        body = request("failed", note=EVIL, outcome={"code": "x", "detail": EVIL, "hint": EVIL, "evidence": []})
        body["order"]["common_name"] = EVIL
        self.script("GET", R, Answer(200, json.dumps(body, ensure_ascii=False).encode()))
        self.script("GET", "/v1/requests", Answer(200, {"items": [body], "next_page_token": EVIL, "event_cursor": 1}))
        self.script("GET", R + "/timeline", Answer(200, {"items": [
            {"seq": 1, "at": EVIL, "type": EVIL, "actor": {"kind": "ca", "name": EVIL}, "state": None, "text": EVIL,
             "details": {EVIL: EVIL}}]}))
        for form in ("table", "wide", "yaml", "csv", "name"):
            for words in (["request", "show", ID], ["request", "list"], ["request", "timeline", ID]):
                run = self.run_cli(*words, "-o", form)
                for text in (run.out, run.err):
                    for bad in "\x1b\x07\u009b\u202e":
                        self.assertNotIn(bad, text, f"{form} {words}")
        for form in ("json", "jsonl"):
            shown = self.on_terminal("request", "show", ID, "-o", form).out
            for bad in "\x1b\x07\u009b\u202e":
                self.assertNotIn(bad, shown)

    def test_verbose_shows_requests_and_no_values(self):
        self.script("POST", R + "/inputs", Answer(204))

        run = self.expect(0, "-v", "request", "input", ID, "access_code", "--value-file", "-", stdin=b"s3cret")

        self.assertIn(f"> POST {R}/inputs", run.err)
        self.assertIn("< 204", run.err)
        self.assertNotIn("s3cret", run.err)


class ProblemTest(CliCase):
    def test_every_error_is_shown(self):
        errors = [{"pointer": "/params/csr", "code": "csr_weak_key", "detail": "512 bits" + EVIL},
                  {"pointer": "/order", "code": "required", "detail": "which order"}]
        self.script("POST", "/v1/requests", problem(422, "invalid_body", errors=errors))

        run = self.expect(9, "status", "--cn", "x")

        for word in ("/params/csr: 512 bits", "/order: which order", "invalid_body", "why it is so"):
            self.assertIn(word, run.err)
        self.assertNotIn("\x1b", run.err)

    def test_candidates_are_a_table(self):
        orders = [{"id": "ord_1", "common_name": "x", "brand": "sectigo"}, {"id": "ord_2", "common_name": "x"}]
        self.script("POST", "/v1/requests", problem(409, "ambiguous_order", candidates=orders))

        run = self.expect(8, "status", "--cn", "x")

        for word in ("ord_1", "ord_2", "SUPPLIER ORDER ID", "--order ord_"):
            self.assertIn(word, run.err)

    def test_hints(self):
        for status, code, more, word in (
                (409, "duplicate_active_request", {"existing_request_id": "req_7"}, "cabroker request show req_7"),
                (409, "order_mismatch", {"order_id": "ord_7"}, "cabroker order show ord_7"),
                (403, "forbidden", {"required_role": "operator"}, "operator")):
            self.script("POST", "/v1/requests", problem(status, code, **more))
            self.assertIn(word, self.run_cli("status", "--cn", "x").err)

    def test_with_json_the_problem_document_is_on_stderr(self):
        self.script("GET", R, problem(404, "not_found"))

        run = self.expect(7, "request", "show", ID, "-o", "json")

        self.assertEqual((run.out, json.loads(run.err)["code"]), ("", "not_found"))

    def test_a_bad_answer_is_no_crash(self):
        for data in (b"", b"<html>", b"[1", b'{"a":1,"a":2}', b"\xff"):
            self.script("GET", R, Answer(200, data))
            self.script("GET", R + "/x", Answer(502, data))
            self.assertIn(self.run_cli("request", "show", ID).code, (0, 1))
            self.expect(1, "api", "GET", R + "/x")
            self.assertEqual(self.run_cli("request", "wait", ID).code, 1)


class FileTest(CliCase):
    def setUp(self):
        super().setUp()
        self.pem = b"-----BEGIN CERTIFICATE-----\n"
        self.out = os.path.join(self.dir, "out")
        done = request("succeeded", result={"certificate": {"serial": "0a"}, "artifacts": ["art_1"]})
        self.script("POST", "/v1/requests", Answer(201, request()))
        self.script("GET", R, Answer(200, done))
        self.artifacts("../../etc/*.example.com\x1b.pem")

    def artifacts(self, name, sha=None):
        digest = sha or hashlib.sha256(self.pem).hexdigest()
        self.script("GET", R + "/artifacts", Answer(200, {"items": [
            {"id": "art_1", "name": name, "format": "pem_all", "sha256": digest, "size": len(self.pem)},
            {"id": "art_2", "name": name, "format": "der", "sha256": digest, "size": len(self.pem)}]}))
        for art in ("art_1", "art_2"):
            self.script("GET", f"/v1/artifacts/{art}/content", Answer(200, self.pem, "application/x-pem-file"))

    def test_reissue_waits_and_writes(self):
        run = self.expect(0, "reissue", "--cn", "x", "--out", self.out, "--format", "pem_all")

        self.assertEqual(os.listdir(self.out), ["_.example.com_.pem"])
        path = os.path.join(self.out, "_.example.com_.pem")
        self.assertEqual(contents(path), self.pem)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
        self.assertIn("wrote", run.err)
        self.assertEqual(self.daemon.calls("POST")[0].json["params"], {"formats": ["pem_all"]})

    def test_same_name_twice_keeps_both(self):
        self.expect(0, "request", "artifacts", ID, "--out", self.out)

        self.assertEqual(len(os.listdir(self.out)), 2)

    def test_does_not_overwrite_without_force(self):
        words = ["request", "artifacts", ID, "--out", self.out, "--format", "der"]
        self.expect(0, *words)
        name = os.path.join(self.out, os.listdir(self.out)[0])
        with open(name, "w", encoding="utf-8") as handle:
            handle.write("mine")

        self.assertIn("--force", self.expect(1, *words).err)
        self.assertEqual(contents(name), b"mine")
        self.expect(0, *words, "--force")
        self.assertEqual(contents(name), self.pem)
        self.assertEqual(len(os.listdir(self.out)), 1, "no temporary file stays")

    def test_wrong_digest_writes_nothing(self):
        self.artifacts("a.pem", "0" * 64)

        self.expect(1, "request", "artifacts", ID, "--out", self.out)

        self.assertEqual(os.listdir(self.out), [])

    def test_bad_directory_is_found_before_anything_is_asked(self):
        self.expect(1, "reissue", "--cn", "x", "--out", self.file("plain", ""))

        self.assertEqual(self.daemon.calls(), [])

    def test_no_such_format(self):
        self.expect(7, "request", "artifacts", ID, "--out", self.out, "--format", "p7b")

    def test_a_failed_reissue_writes_nothing(self):
        self.script("GET", R, Answer(200, request("rejected")))

        self.expect(3, "reissue", "--cn", "x", "--out", self.out)

        self.assertEqual(os.listdir(self.out), [])


if __name__ == "__main__":
    main()
