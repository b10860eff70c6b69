"""The main job through the API, with the real daemon, its outside and the simulated world: a CSV of orders, reissue,
status and download at the guest portal, tickets to the support desks, and what is on record afterwards."""
import email
import email.policy
import os
import re

from broker import IntegrationTest, main
from support import make_csr, program, public_key, run

ORDERS = os.path.join(os.path.dirname(__file__), "..", "..", "sim", "data", "orders.csv")


class MainJobTest(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(ORDERS, "rb") as file:
            cls.csv = file.read()
        csv = {"Content-Type": "text/csv"}
        cls.dry = cls.broker.call("POST", "/v1/orders/import?dry_run=true", cls.csv, csv).json
        cls.after_dry = cls.broker.get("/v1/orders")
        cls.real = cls.broker.call("POST", "/v1/orders/import", cls.csv, csv).json
        cls.again = cls.broker.call("POST", "/v1/orders/import", cls.csv, csv).json

    def key_file(self, name):
        return os.path.join(self.folder.name, name + ".key")

    def assert_story(self, request, *wanted):
        """The timeline tells these things in this order, oldest first."""
        items = self.broker.timeline(request)
        self.assertEqual([item["seq"] for item in items], sorted(item["seq"] for item in items))
        told = [f"{item['type']}:{item['state'] or ''}:{item['text']}" for item in items]
        at = 0
        for want in wanted:
            found = next((i for i in range(at, len(told)) if re.search(want, told[i])), None)
            self.assertIsNotNone(found, f"{want!r} is not told after line {at} in\n  " + "\n  ".join(told))
            at = found + 1
        return items

    def test_csv_is_counted_first_and_then_imported_once(self):
        counts = ("rows", "created", "updated", "unchanged", "rejected")

        self.assertEqual([self.dry[each] for each in counts], [12, 12, 0, 0, 0])
        self.assertTrue(self.dry["dry_run"])
        self.assertEqual(self.after_dry["items"], [])
        self.assertEqual([self.real[each] for each in counts], [12, 12, 0, 0, 0])
        self.assertEqual([self.again[each] for each in counts], [12, 0, 0, 12, 0])
        self.assertEqual(self.real["columns"]["supplier_order_id"], "supplier_order_id")
        self.assertEqual(self.real["columns"]["sans"], "dns_names")
        pending = self.broker.get("/v1/orders?brand=RapidSSL&status=pending")["items"]
        self.assertEqual([order["common_name"] for order in pending], ["new.example.net"])

    def test_bad_rows_do_not_stop_good_ones(self):
        csv = ("Order No,Common Name,Brand,E-Mail\n"
               "9100001,good.example.net,RapidSSL,ops@example.net\n"
               "9100002,also.example.net,NoSuchBrand,ops@example.net\n"
               "9100003,\"cr\rlf.example.net\",RapidSSL,ops@example.net\n"
               "9100004,last.example.net,Thawte,not-an-address\n").encode()

        report = self.broker.call("POST", "/v1/orders/import?map=Order%20No:supplier_order_id&map=E-Mail:admin_email", csv,
                                  {"Content-Type": "text/csv"}).json

        self.assertEqual((report["rows"], report["created"], report["rejected"]), (4, 1, 3))
        self.assertEqual([(error["line"], error["column"]) for error in report["errors"]],
                         [(3, "Brand"), (4, "Common Name"), (5, "E-Mail")])
        self.assertEqual(self.broker.get("/v1/orders?supplier_order_id=9100001")["items"][0]["admin_email"], "ops@example.net")

    def test_rapidssl_reissue_ends_in_a_certificate_for_our_key(self):
        key = self.key_file("www")
        csr = make_csr("www.example.com", key=key)
        request = self.broker.ask("reissue", {"supplier_order_id": "902817364"}, params={
            "csr": csr, "validation_method": "dns-txt-token", "reason": "server moved", "formats": ["pem_all", "p7b", "der", "apache"]},
            external_ref={"system": "rt", "id": "4711"}, labels={"team": "web"}, note="asked by phone")
        self.assertEqual((request["state"], request["adapter"], request["channel"]), ("queued", "portal", "portal"))

        asked = self.broker.sign_in(self.world, request, "hostmaster@example.com")
        done = self.broker.wait(request)

        need = asked["needs"][0]
        self.assertEqual((need["name"], asked["next_actor"], need["attempts_left"]), ("access_code", "requester", 3))
        self.assertIsNotNone(need["expires_at"])
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), self.broker.story(done["id"]))
        self.assertTrue([each for each in done["outcome"]["evidence"] if each["type"] == "certificate"])
        self.assertEqual((done["external_ref"], done["labels"], done["note"]),
                         ({"system": "rt", "id": "4711"}, {"team": "web"}, "asked by phone"))
        self.check_files(done, csr, key)
        books = self.world.books("902817364")
        self.assertEqual((books["reissues"], books["reissues_issued"]), (1, 1))
        self.assertEqual(done["result"]["certificate"]["sha256"], books["certificates"][-1]["sha256"].lower().replace(":", ""))
        self.assert_story(done, "state:queued", "comment::warning.*discontinued", "effect::.*sign in", "state:needs_input", "input::access_code given",
                          "effect::about to.*reissue", "state:succeeded")
        order = self.broker.get("/v1/orders?supplier_order_id=902817364")["items"][0]
        self.assertEqual((order["status"], order["status_raw"].lower()), ("issued", "issued"))

    def check_files(self, done, csr, key):
        listed = self.broker.get(f"/v1/requests/{done['id']}/artifacts")["items"]
        files = {each["format"]: each for each in listed if each["format"] != "evidence"}
        self.assertEqual(set(files), {"pem_all", "p7b", "der", "apache"})
        self.assertLessEqual({each["id"] for each in files.values()}, set(done["result"]["artifacts"]))
        pem = self.broker.content(files["pem_all"]["id"])
        chain = os.path.join(self.folder.name, "chain.pem")
        with open(chain, "wb") as file:
            file.write(pem)
        checked = run("openssl", "verify", "-CAfile", self.world.ready["issuing_root"], "-untrusted", chain, chain, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(public_key("x509", pem.decode()), public_key("req", csr))
        self.assertEqual(public_key("x509", pem.decode()), run("openssl", "pkey", "-in", key, "-pubout").stdout)
        self.assertEqual(self.broker.content(files["apache"]["id"])[:2], b"PK")
        self.assertEqual(self.broker.content(files["der"]["id"])[:1], b"\x30")
        reply = self.broker.call("GET", f"/v1/artifacts/{files['pem_all']['id']}/content")
        self.assertEqual((len(reply.body), reply.headers["Content-Type"]), (files["pem_all"]["size"], files["pem_all"]["content_type"]))
        again = self.broker.call("GET", f"/v1/artifacts/{files['pem_all']['id']}/content", headers={"If-None-Match": reply.headers["ETag"]})
        self.assertEqual(again.status, 304)

    def test_status_is_read_and_a_new_word_is_kept(self):
        order = self.new_order("odd.example.net", status="waiting_pickup")
        request = self.broker.ask("status", order)

        self.broker.sign_in(self.world, request, order["admin_email"])
        done = self.broker.wait(request)

        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "status_read"))
        self.assertEqual((done["result"]["order_status"], done["result"]["order_status_raw"]), ("unknown", "waiting_pickup"))
        known = self.broker.get("/v1/orders/" + done["order"]["id"])
        self.assertEqual((known["status"], known["status_raw"]), ("unknown", "waiting_pickup"))

    def test_download_brings_every_format_of_the_portal(self):
        formats = ["default", "apache", "default_cer", "default_pem", "cer", "p7b", "pem_all", "pem_nointermediate", "pem_noroot", "der"]
        order = self.new_order()
        request = self.broker.ask("download", order, params={"formats": formats})

        self.broker.sign_in(self.world, request, order["admin_email"])
        done = self.broker.wait(request)

        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "downloaded"), self.broker.story(done["id"]))
        listed = self.broker.get(f"/v1/requests/{done['id']}/artifacts")["items"]
        self.assertLessEqual(set(formats), {each["format"] for each in listed})
        leaf = next(self.broker.content(each["id"]) for each in listed if each["format"] == "pem_nointermediate")
        self.assertEqual(leaf.count(b"BEGIN CERTIFICATE"), 1)
        self.assertIn(order["common_name"], run("openssl", "x509", "-noout", "-text", text=leaf.decode()).stdout)

    def test_second_request_of_an_order_uses_the_open_session(self):
        order = self.new_order()
        self.broker.sign_in(self.world, first := self.broker.ask("status", order), order["admin_email"])
        self.broker.wait(first)

        second = self.broker.wait(self.broker.ask("download", {"supplier_order_id": order["supplier_order_id"]}))

        self.assertEqual(second["state"], "succeeded", self.broker.story(second["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 1)
        self.assertTrue(self.broker.get("/v1/adapters/portal/sessions")["items"])

    def ticket(self, number, name, adapter):
        csr = make_csr(name)
        request = self.broker.ask("reissue", {"supplier_order_id": number}, params={"csr": csr, "reason": "server moved"})
        self.assertEqual((request["adapter"], request["channel"]), (adapter, "mail"))
        waiting = self.broker.wait_state(request, "waiting_ca")
        mails = self.world.mails_with(number)
        self.assertEqual(len(mails), 1)
        return csr, waiting, mails[0]

    def check_mail(self, mail, request, csr, number, name, to):
        envelope = mail["envelope"]
        self.assertEqual((envelope["to"], envelope["tls"], envelope["user"]), ([to], True, "broker"))
        parsed = email.message_from_string(mail["raw"], policy=email.policy.default)
        self.assertEqual((parsed["To"], parsed["Message-ID"]), (to, mail["message_id"]))
        self.assertIn("ssl@example.com", parsed["From"])
        self.assertTrue(re.fullmatch(r"ssl\+[^@+]+@example\.com", parsed["Reply-To"]), parsed["Reply-To"])
        token = re.search(r"ssl\+([^@]+)@", parsed["Reply-To"]).group(1)
        self.assertIsNone(parsed["Auto-Submitted"], "a helpdesk takes it for machine mail")
        self.assertIn(number, parsed["Subject"])
        self.assertIn(name, parsed["Subject"])
        text = parsed.get_body(("plain",)).get_content()
        for fact in (name, number, csr.strip().splitlines()[1], "server moved"):
            self.assertIn(fact, text)
        self.assertIn("Reference: " + request["id"], text)
        self.assertTrue(token.startswith(request["id"].removeprefix("req_").lower() + "-"), token)
        attached = [part for part in parsed.iter_attachments()]
        self.assertEqual(len(attached), 1)
        content = attached[0].get_content()
        content = content.decode() if isinstance(content, bytes) else content
        self.assertEqual(public_key("req", content), public_key("req", csr))
        listed = self.broker.get(f"/v1/requests/{request['id']}/messages")["items"]
        self.assertEqual([(each["direction"], each["status"], each["message_id"]) for each in listed], [("out", "sent", mail["message_id"])])
        self.assertIn("250", listed[0]["smtp_reply"])
        raw = self.broker.call("GET", f"/v1/messages/{listed[0]['id']}/raw").body
        self.assertEqual(raw.replace(b"\r\n", b"\n").strip(), mail["raw"].encode().replace(b"\r\n", b"\n").strip())
        self.assertRegex(listed[0]["message_id"], rf"^<{listed[0]['id'].lower()}\.[0-9a-f]{{20}}@example.com>$")

    def test_sectigo_ticket_waits_for_support_and_an_operator_resolves_it(self):
        csr, waiting, mail = self.ticket("448120931", "mail.example.net", "sectigo")
        self.check_mail(mail, waiting, csr, "448120931", "mail.example.net", "support@sectigo.example")
        self.assertEqual((waiting["next_actor"], waiting["settled"]), ("ca", False))
        made = self.world.control("POST", "/orders/448120931/reissue", {"csr": csr})
        path = f"/v1/requests/{waiting['id']}/resolve"
        other = self.world.control("POST", "/orders/448120977/reissue", {"csr": make_csr("blog.example.org")})

        wrong = self.broker.problem("POST", path, {"state": "succeeded", "note": "support mailed it", "certificate": other["pem"]})
        done = self.broker.post(path, {"state": "succeeded", "code": "issued", "note": "support mailed it",
                                       "certificate": made["chain"]})

        self.assertEqual(wrong["errors"][0]["pointer"], "/certificate")
        self.assertEqual(wrong["errors"][0]["code"], "key_mismatch")
        self.assertIn("key", wrong["errors"][0]["detail"])
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"))
        self.assertIn("operator", [each["type"] for each in done["outcome"]["evidence"]])
        self.assertEqual(done["result"]["certificate"]["common_name"], "mail.example.net")
        self.assertEqual(len(self.world.mails_with("448120931")), 1, "nothing is sent twice")
        self.assert_story(done, "state:queued", "effect::about to", "mail::", "state:waiting_ca", "state:succeeded:.*support mailed it")
        self.broker.problem("POST", path, {"state": "failed", "note": "again"}, 409, "state_conflict")

    def test_trustwave_ticket_can_be_resolved_without_a_certificate(self):
        csr, waiting, mail = self.ticket("TW3300218", "secure.example.com", "trustwave")
        self.check_mail(mail, waiting, csr, "TW3300218", "secure.example.com", "support@trustwave.example")

        done = self.broker.post(f"/v1/requests/{waiting['id']}/resolve", {"state": "failed", "note": "support says no"})

        self.assertEqual((done["state"], done["outcome"]["code"], done["outcome"]["detail"]),
                         ("failed", "resolved_by_operator", "support says no"))
        self.assert_story(done, "mail::", "state:failed:.*support says no")

    def test_preview_explains_each_rule_and_shows_the_mail(self):
        order = {"supplier_order_id": "448120977"}
        preview = self.broker.post("/v1/route-preview", {"kind": "reissue", "order": order, "params": {"csr": make_csr("blog.example.org")}})
        dry = self.broker.call("POST", "/v1/requests", {"kind": "reissue", "order": order, "dry_run": True,
                                                        "params": {"csr": make_csr("blog.example.org")}})

        self.assertEqual((preview["decision"], preview["adapter"], preview["channel"]), ("accept", "sectigo", "mail"))
        self.assertEqual([rule["name"] for rule in preview["rules"] if rule["matched"]], ["sectigo-support-mail"])
        self.assertTrue(all(rule["why"] for rule in preview["rules"]))
        self.assertEqual(preview["mail"]["to"], "support@sectigo.example", preview["warnings"])
        self.assertIn("448120977", preview["mail"]["subject"])
        self.assertIn("BEGIN CERTIFICATE REQUEST", preview["mail"]["text"])
        self.assertEqual((dry.status, dry.json["decision"]), (200, "accept"))
        self.assertEqual(self.world.mails_with("448120977"), [], "a preview sends nothing")

    def test_client_program_does_the_status_by_itself(self):
        order = self.new_order()
        self.broker.post("/v1/orders", order, 201)
        done = run(program("cabroker"), "-s", self.broker.socket, "-o", "json", "status", "--order", order["supplier_order_id"],
                   check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(order["supplier_order_id"], done.stdout)


if __name__ == "__main__":
    main()
