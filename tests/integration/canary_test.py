"""After work of every kind at every portal, no access code (typed or mailed), cookie, form token, password or API key is anywhere
that it may not be: not in a log, the database, its WAL, a backup, an event, a message, an artifact, a timeline, the mailbox; and
no core file can come to be."""
import base64
import json
import os
import re
import resource
import shutil
import sys
import tempfile
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "support"), os.path.join(os.path.dirname(HERE), "contract")]
import accounts  # noqa: E402
import canary  # noqa: E402
from broker import Broker, IntegrationTest, main  # noqa: E402
from player import random_looking  # noqa: E402
from support import children_of, make_csr, program, until  # noqa: E402

RELAY = os.path.join(os.path.dirname(HERE), "support", "link_relay.py")
PASSWORD = "pass-word"
TRACE = "trace.jsonl"
# What stands in the configuration for the Desk's second account, and is refused there.
WRONG_PASSWORD = "Falsches-Kennwort-9"
BRANDS = {"mailed": "geotrust", "desk": "thawte", "services": "digicert"}


def secrets_in(frames):
    """Name to value: everything that crossed the link as a secret, and the tokens inside cookies and jars."""
    found = {}

    def walk(value, path):
        if isinstance(value, dict):
            if isinstance(value.get("secret"), str):
                text = value["secret"]
                name = path + " " + str(len(found))
                if not text.startswith("{"):
                    found.setdefault(text, name)
                for token in random_looking(text):
                    found.setdefault(token, name + " token")
                return
            for key, inner in value.items():
                walk(inner, path + "/" + key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)

    for line in frames.splitlines():
        walk(json.loads(line), "")
    return {name: value for value, name in found.items() if len(value) >= canary.LEAST}


class CanaryTest(IntegrationTest):
    world_flags = ("--maildir", "{folder}/inbox")

    @classmethod
    def setUpClass(cls):
        # What crossed the link lies outside of what is searched.
        cls.record_folder = tempfile.TemporaryDirectory(prefix="cabroker-record-")
        cls.record = os.path.join(cls.record_folder.name, "frames")
        relay = os.path.join(cls.record_folder.name, "relay")
        with open(relay, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec {sys.executable} -B {RELAY} {program('cabroker-adapters')} {cls.record} \"$@\"\n")
        os.chmod(relay, 0o755)
        cls.broker_changes = {"outside": {"mode": "spawn", "program": relay}}
        # What is traced for whoever repairs a profile lies in the state directory, and is searched with it.
        with mock.patch.object(Broker, "flags", ("--trace-portal", TRACE)):
            super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.record_folder.cleanup()

    @classmethod
    def configure(cls, settings):
        cls.maildir = os.path.join(cls.folder.name, "inbox")
        settings["mailboxes"] = {"inbox": {"maildir": cls.maildir, "authserv_id": "mx.example.com", "poll": "500ms"}}
        adapters = settings["adapters"]
        adapters["mailed"] = {**adapters["portal"], "mailbox": "inbox"}
        for name in accounts.PORTALS:
            adapters[name] = accounts.adapter(name, cls.folder.name, cls.world.ready)
        accounts.secret_file(cls.folder.name, "desk-second.password", WRONG_PASSWORD)
        settings["routes"] = [accounts.route(name, brand) for name, brand in BRANDS.items()] + [
            accounts.route("portal", "rapidssl"), accounts.route("sectigo", "sectigo")]

    def params(self, kind, order):
        return {"reissue": {"csr": make_csr(order["common_name"]), "validation_method": "dns-txt-token", "reason": "canary"},
                "revoke": {"reason": "canary", "reason_code": "superseded", "scope": "order"}, "cancel": {"reason": "canary"},
                "download": {"formats": ["pem_all", "apache"]}}.get(kind, {})

    def ask_without_help(self, kind, name, account="main"):
        """A request at a portal where nobody needs to type anything."""
        status = "reissue_pending" if kind == "cancel" else "issued"
        order = self.new_order(brand=BRANDS[name], status=status, account=account)
        self.broker.post("/v1/orders", {**order, "status": status, "account": account}, 201)
        return self.broker.ask(kind, {"supplier_order_id": order["supplier_order_id"]}, params=self.params(kind, order))

    def work_without_help(self):
        """The same at the portals with accounts and with mailed codes: lost answers, refused passwords, mails astray."""
        running = []
        for name, submit in (("desk", "desk_portal.reissue.confirm"), ("services", "api.reissue"), ("mailed", "portal.reissue.submit")):
            self.world.fault(submit, "drop_after_commit", times=1)
            running += [self.ask_without_help(kind, name) for kind in ("status", "reissue", "revoke", "cancel", "download")]
        for request in running:
            self.assertEqual(self.broker.wait(request)["state"], "succeeded", self.broker.story(request["id"]))
        for name, place in (("desk", "desk_portal.search.page"), ("services", "api.order.info")):
            self.world.fault(place, "wrong_page", times=1)
            self.assertEqual(self.broker.wait(self.ask_without_help("status", name))["outcome"]["code"], "unknown_page")
        for fault in ("twice", "wrong_order", "old_code"):
            self.world.fault("mail.code", fault, times=1)
            self.broker.wait(self.ask_without_help("status", "mailed"), "needs_input" if fault == "wrong_order" else "settled")
        refused = self.broker.wait_state(self.ask_without_help("status", "desk", "second"), "backoff")
        self.assertEqual(refused["last_problem"]["code"], "adapter_misconfigured")

    def work(self):
        """One request of each kind, with a wrong code, a lost connection and a page that nobody knows."""
        for kind in ("status", "reissue", "revoke", "cancel", "download"):
            order = self.new_order(status="reissue_pending" if kind == "cancel" else "issued")
            params = self.params(kind, order)
            if kind == "cancel":
                self.broker.post("/v1/orders", {**order, "status": "reissue_pending"}, 201)
                order = {"supplier_order_id": order["supplier_order_id"]}
            request = self.broker.ask(kind, order, params=params)
            asked = self.broker.wait(request, "needs_input")
            email = asked["order"]["supplier_order_id"]
            if kind == "status":
                self.broker.give(request, "WRONGK7X")
                self.broker.wait_state(request, "needs_input")
                until(lambda r=request: self.broker.get(f"/v1/requests/{r['id']}")["needs"][0]["last_error"])
            if kind == "reissue":
                self.world.fault("portal.reissue.submit", "drop_after_commit", times=1)
            self.broker.give(request, self.world.code(f"o{email}@example.com"))
            done = self.broker.wait(request)
            self.assertEqual(done["state"], "succeeded", self.broker.story(request["id"]))
        odd = self.broker.ask("status", self.new_order())
        self.broker.wait(odd, "needs_input")
        self.world.fault("portal.order.page", "wrong_page", times=1)
        self.broker.give(odd, self.world.code(f"o{odd['order']['supplier_order_id']}@example.com"))
        self.broker.wait(odd)
        ticket = self.broker.ask("reissue", {"brand": "sectigo", "common_name": "canary.example.com", "supplier_order_id": "7700001"},
                                 params={"csr": make_csr("canary.example.com"), "reason": "canary"})
        self.broker.wait_state(ticket, "waiting_ca")

    def save_answers(self):
        """Everything that the API tells, as files."""
        folder = os.path.join(self.folder.name, "answers")
        os.makedirs(folder, exist_ok=True)
        targets = ["/v1/events?after=0", "/v1/orders", "/v1/requests", "/v1/adapters", "/v1/config", "/v1/health", "/metrics",
                   *(f"/v1/adapters/{name}/sessions" for name in ("portal", *BRANDS)), "/v1/inbox", "/v1/audit", "/v1/stats"]
        for request in self.broker.get("/v1/requests?limit=500")["items"]:
            base = "/v1/requests/" + request["id"]
            targets += [base, base + "/timeline", base + "/messages", base + "/artifacts"]
            targets += [f"/v1/artifacts/{each['id']}/content" for each in self.broker.get(base + "/artifacts")["items"]]
            messages = self.broker.call("GET", base + "/messages", check=False)
            if messages.status == 200:
                targets += [f"/v1/messages/{each['id']}/raw" for each in messages.json["items"]]
        for number, target in enumerate(targets):
            with open(os.path.join(folder, f"{number:04}"), "wb") as file:
                file.write(target.encode() + b"\n" + self.broker.call("GET", target, check=False).body)
        self.assertGreater(len(targets), 30)

    def test_no_secret_is_left_anywhere(self):
        self.work()
        self.work_without_help()
        until(lambda: not os.listdir(os.path.join(self.maildir, "new")), why="mails were left in the mailbox")
        self.save_answers()
        copy = os.path.join(self.folder.name, "copy-of-the-state")
        shutil.copytree(self.broker.state, copy)
        with open(self.record, "rb") as file:
            frames = file.read()
        secrets = secrets_in(frames)
        books = self.world.control("GET", "/books")["orders"].values()
        public = {each[key].upper() for order in books for each in order["certificates"] for key in ("serial", "sha256", "spki_sha256")}
        for request in self.broker.get("/v1/requests?limit=500")["items"]:
            public.update(each["sha256"].upper() for each in self.broker.get(f"/v1/requests/{request['id']}/artifacts")["items"])
        secrets = {name: value for name, value in secrets.items() if value.upper() not in public}
        for item in self.world.control("GET", "/mailbox")["items"]:
            if item.get("code"):
                secrets[f"code mail {item['number']}"] = item["code"]

        # What is searched for was really used, of each sort, and the searched files are those that count.
        names = " ".join(secrets)
        for word in ("mailer", "inputs", "jar", "cookie", "code mail"):
            self.assertIn(word, names)
        logins = {password for portal in accounts.PORTALS.values() for _, password in portal[2].values()}
        used = {PASSWORD, WRONG_PASSWORD, *logins} - {"Neben-Kennwort-4", "SIMKEY-SECOND-ADMIN-6JT1"}
        self.assertEqual(used - set(secrets.values()), set())
        for cookie in (b"guest_session", b"ZSSITZUNG"):
            values = {match.decode() for match in re.findall(cookie + rb"\\+t([0-9A-Za-z]+)", frames)}
            self.assertTrue(values and values <= set(secrets.values()), cookie)
        roots = [self.broker.state, self.broker.log_path, self.maildir, copy, os.path.join(self.folder.name, "answers"), self.broker.config]
        files = [os.path.basename(path) for root in roots for path in canary.files_below(root)]
        self.assertTrue([name for name in files if name.endswith("-wal")], files)
        with open(os.path.join(self.broker.state, TRACE), encoding="utf-8") as file:
            traced = [json.loads(line) for line in file]
        self.assertEqual({each["adapter"] for each in traced}, {"portal", *BRANDS})
        self.assertLessEqual({"submit_contact", "submit_code", "submit_login", "confirm_revoke"}, {each["step"] for each in traced})

        findings, count = canary.search_files(secrets, *roots)
        self.assertEqual(findings, [])
        self.assertGreater(count, 30)

        # The search fails when it should: in the frames, and for one planted in a shape that an artifact may have.
        self.assertTrue(canary.search(frames, secrets, "frames"))
        value = next(value for name, value in secrets.items() if name.startswith("code mail"))
        for shape in (value.encode(), value.encode("utf-16-be"), json.dumps({"a": value}).encode(),
                      base64.b64encode(b"xy" + value.encode() + b"z"), value.encode().hex().encode()):
            planted = os.path.join(copy, "planted")
            with open(planted, "wb") as file:
                file.write(b"before " + shape + b" after")
            self.assertTrue(canary.search_files(secrets, planted)[0], shape)

    def test_no_core_file_can_come_to_be(self):
        # They set the limit themselves: where all of us have none, nothing is to be seen.
        if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
            self.skipTest("core files are forbidden here anyway")
        outside = until(lambda: children_of(self.broker.outside()), why="there was no outside behind the relay")
        for pid in (self.broker.process.pid, *outside):
            with open(f"/proc/{pid}/limits", encoding="ascii") as file:
                core = re.search(r"^Max core file size\s+(\S+)\s+(\S+)", file.read(), re.M)
            self.assertEqual(core.groups(), ("0", "0"))


if __name__ == "__main__":
    main()
