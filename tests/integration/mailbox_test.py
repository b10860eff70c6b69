"""Access codes picked up from a Maildir: the real daemon, its outside and the simulated portal; nobody types a code."""
import email.utils
import json
import os
import time

from broker import Broker, IntegrationTest, main
from support import make_csr, until

SENDER = "no-reply@guest-portal.example"
UNBOUND = os.path.join(os.path.dirname(__file__), "..", "..", "config", "profiles", "digicert-guest.yaml")


class MailboxTest(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        import tempfile
        from world import World
        cls.folder = tempfile.TemporaryDirectory(prefix="cabroker-test-")
        os.chmod(cls.folder.name, 0o755)
        cls.maildir = os.path.join(cls.folder.name, "inbox")
        for part in ("", "/new", "/cur", "/tmp"):
            os.mkdir(cls.maildir + part, 0o700)
        cls.world = World(cls.folder.name, "--maildir", cls.maildir)
        cls.broker = Broker(cls.folder.name, cls.world)
        cls.broker.settings["mailboxes"] = {"inbox": {"maildir": cls.maildir, "authserv_id": "mx.example.com", "poll": "500ms"}}
        cls.broker.settings["adapters"]["portal"]["mailbox"] = "inbox"
        cls.broker.settings["adapters"]["unbound"] = {**cls.broker.settings["adapters"]["portal"], "profile": cls.unbound_profile()}
        cls.broker.settings["routes"] = [
            {"name": "unbound", "match": {"brand": ["thawte"], "kind": ["status"]}, "adapter": "unbound", "channel": "portal"},
            {"name": "portal", "match": {"brand": ["rapidssl"]}, "adapter": "portal", "channel": "portal"}]
        cls.broker.write_config()
        cls.broker.start()
        until(lambda: cls.component()["state"] == "ok", why="the mailbox was not open")

    @classmethod
    def unbound_profile(cls):
        """The shipped profile whose code mail does not say which sign-in it is for."""
        with open(UNBOUND, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("    binds: nonce\n", "").replace('    binding_after: ["Login reference:"]\n', "")
        path = os.path.join(cls.folder.name, "unbound.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @classmethod
    def component(cls):
        found = [each for each in cls.broker.get("/v1/health")["components"] if each["name"] == "mailbox/inbox"]
        return found[0] if found else {"state": "none"}

    def files(self, part="new"):
        path = os.path.join(self.maildir, part)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def put(self, name, text):
        path = os.path.join(self.maildir, "tmp", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path, os.path.join(self.maildir, "new", name))

    def unmatched(self, after):
        return [each for each in self.broker.get(f"/v1/events?after={after}&limit=500")["items"] if each["type"] == "inbox.unmatched"]

    def last_event(self):
        return self.broker.get("/v1/stats")["event_cursor"]

    def wait_unmatched(self, after, reason):
        def seen():
            return [each for each in self.unmatched(after) if each["data"]["reason"] == reason]
        return until(seen, why=f"no inbox.unmatched with {reason}; there are {self.unmatched(after)}")[0]

    def letter(self, to, body, sender=SENDER, subject="Your guest portal access code for order 1",
               results="mx.example.com; dmarc=pass header.from=guest-portal.example", **headers):
        lines = [f"Authentication-Results: {results}"] if results else []
        lines += [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: {email.utils.make_msgid(domain='x.example')}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\n".join(lines) + "\n\n" + body

    def test_reissue_is_issued_and_nobody_types_a_code(self):
        order = self.new_order()
        name = order["common_name"]
        request = self.broker.ask("reissue", order, params={"csr": make_csr(name), "validation_method": "dns-txt-token", "reason": "moved"})

        done = self.broker.wait(request)

        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), self.broker.story(done["id"]))
        code = self.world.code(order["admin_email"])
        told = json.dumps(self.broker.timeline(done))
        self.assertIn("came by mail from " + SENDER, told)
        self.assertNotIn(code, told)
        message = [each for each in self.broker.get(f"/v1/requests/{done['id']}/messages")["items"] if each["direction"] == "in"][0]
        self.assertEqual((message["status"], message["class"], message["from"], message["subject"]), ("redacted", "code", SENDER, ""))
        self.broker.problem("GET", f"/v1/messages/{message['id']}/raw", status=410, code="gone")
        until(lambda: not self.files(), why="the original was not deleted")
        for part in (".Processed/cur", ".Processed/new"):
            for each in self.files(part):
                with open(os.path.join(self.maildir, part, each), encoding="utf-8") as file:
                    self.assertNotIn(code, file.read())
        self.assert_nowhere(code)
        self.assertIsNotNone(self.component()["last_mail"])

    def assert_nowhere(self, code):
        """Not in a database, a log or an event."""
        for folder, _, names in os.walk(self.broker.state):
            for each in names:
                with open(os.path.join(folder, each), "rb") as file:
                    self.assertNotIn(code.encode(), file.read(), each)
        self.assertNotIn(code, self.broker.log())

    def test_two_requests_for_one_contact_at_once_both_end_well(self):
        both = [self.new_order(admin_email="shared@example.com") for _ in range(2)]
        requests = [self.broker.ask("status", order) for order in both]

        done = [self.broker.wait(request) for request in requests]

        self.assertEqual([each["outcome"]["code"] for each in done], ["status_read"] * 2)
        for order in both:
            self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)

    def test_without_binding_they_wait_in_line(self):
        orders = [self.new_order(admin_email="line@example.com", brand="thawte") for _ in range(3)]
        requests = [self.broker.ask("status", order) for order in orders]

        done = [self.broker.wait(request) for request in requests]

        self.assertEqual([each["outcome"]["code"] for each in done], ["status_read"] * 3)
        for order in orders:
            self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)
        waited = [each for request in requests for each in self.broker.timeline(request) if "waits for its turn" in each["text"]]
        self.assertTrue(waited, "nobody had to wait")

    def test_mail_that_comes_twice_has_one_effect(self):
        self.world.fault("mail.code", "twice", times=1)
        order = self.new_order()
        before = self.last_event()

        done = self.broker.wait(self.broker.ask("status", order))

        self.assertEqual(done["outcome"]["code"], "status_read")
        self.wait_unmatched(before, "no_sign_in")
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)

    def test_mail_of_another_order_is_not_used(self):
        self.world.fault("mail.code", "wrong_order", times=1)
        order = self.new_order()
        before = self.last_event()

        asked = self.broker.wait(self.broker.ask("status", order), "needs_input")

        self.wait_unmatched(before, "wrong_binding")
        self.assertEqual(asked["state"], "needs_input")
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)
        self.broker.post(f"/v1/requests/{asked['id']}/cancel", {"reason": "test"})

    def test_mail_that_never_comes_leaves_the_code_to_a_person(self):
        self.world.fault("mail.code", "lost", times=1)
        order = self.new_order()
        asked = self.broker.wait(self.broker.ask("status", order), "needs_input")

        self.assertEqual(asked["needs"][0]["name"], "access_code")
        self.broker.post(f"/v1/requests/{asked['id']}/cancel", {"reason": "test"})

    def late_mail(self, order, delay):
        """A request whose code mail is still on its way."""
        self.addCleanup(self.world.control, "POST", "/clock", {"offset": "0s"})
        self.world.fault("mail.code", "delay", times=1, delay=delay)
        return self.broker.wait(self.broker.ask("status", order), "needs_input")

    def test_mail_that_comes_late_is_used_by_the_sign_in_that_waits_for_it(self):
        order = self.new_order()
        request = self.late_mail(order, "30m")

        self.world.control("POST", "/clock", {"advance": "31m"})
        done = self.broker.wait(request)

        self.assertEqual(done["outcome"]["code"], "status_read", self.broker.story(done["id"]))
        books = self.world.books(order["supplier_order_id"])
        self.assertEqual((books["codes_mailed"], books["wrong_codes"]), (1, 0))

    def test_mail_that_comes_when_the_portal_calls_its_code_expired_leads_to_one_new_sign_in(self):
        order = self.new_order()
        request = self.late_mail(order, "3h")

        self.world.control("POST", "/clock", {"advance": "181m"})
        done = self.broker.wait(request)

        self.assertEqual(done["outcome"]["code"], "status_read", self.broker.story(done["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 2)

    def test_mail_that_comes_after_its_request_ended_is_for_nobody(self):
        order = self.new_order()
        request = self.late_mail(order, "30m")
        self.broker.post(f"/v1/requests/{request['id']}/cancel", {"reason": "test"})
        self.broker.wait(request)
        before = self.last_event()

        self.world.control("POST", "/clock", {"advance": "31m"})

        self.wait_unmatched(before, "no_sign_in")
        self.assertEqual(self.broker.wait(self.broker.ask("status", order))["outcome"]["code"], "status_read")
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)

    def test_old_mail_that_comes_again_is_not_used_even_where_nothing_binds_it(self):
        order = self.new_order(brand="thawte")
        self.assertEqual(self.broker.wait(self.broker.ask("status", order))["outcome"]["code"], "status_read")
        other = self.new_order(brand="thawte", admin_email=order["admin_email"])
        self.world.fault("mail.code", "old_code", times=1)

        done = self.broker.wait(self.broker.ask("status", other))

        self.assertEqual(done["outcome"]["code"], "status_read", self.broker.story(done["id"]))
        self.assertEqual(self.world.control("GET", "/faults")["items"], [], "the old mail did not come")
        self.assertEqual(self.world.books(other["supplier_order_id"])["wrong_codes"], 0)

    def test_forged_mails_are_not_used(self):
        self.world.fault("mail.code", "lost", times=1)
        order = self.new_order()
        asked = self.broker.wait(self.broker.ask("status", order), "needs_input")
        to, reference = order["admin_email"], asked["needs"][0]["details"]["login_reference"]
        body = f"Access code: ABCDEFGH\nLogin reference: {reference}\n"
        forged = {
            "sender_not_allowed": self.letter(to, body, sender=f'"{SENDER}" <evil@evil.example>', Reply_To=SENDER),
            "not_authenticated": self.letter(to, body, results="evil.example; dmarc=pass header.from=guest-portal.example"),
            "wrong_recipient": self.letter("other@example.com", body),
            "several_codes": self.letter(to, body + "Access code: HGFEDCBA\n"),
            "wrong_binding": self.letter(to, "Access code: ABCDEFGH\nLogin reference: 9999-9999\n"),
            "no_code": self.letter(to, f"> Access code: ABCDEFGH\nLogin reference: {reference}\n"),
        }
        before = self.last_event()

        for number, (reason, letter) in enumerate(forged.items()):
            self.put(f"{int(time.time())}.forged{number}", letter)

        for reason in forged:
            event = self.wait_unmatched(before, reason)
            message = self.broker.get("/v1/messages/" + event["data"]["message_id"])
            self.assertEqual((message["status"], message["request_id"]), ("redacted", None), reason)
        self.assertEqual(self.broker.get(f"/v1/requests/{asked['id']}")["state"], "needs_input")
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)
        self.broker.post(f"/v1/requests/{asked['id']}/cancel", {"reason": "test"})

    def test_other_mail_is_kept_with_its_octets_and_filed(self):
        before = self.last_event()
        letter = "From: support@sectigo.example\nTo: ssl@example.com\nSubject: Re: your ticket\nMessage-ID: <a1@sectigo.example>\n\nHello.\n"
        self.put("1.other", letter)

        event = self.wait_unmatched(before, "not_a_code_mail")

        message = self.broker.get("/v1/messages/" + event["data"]["message_id"])
        self.assertEqual((message["direction"], message["status"], message["subject"]), ("in", "received", "Re: your ticket"))
        self.assertEqual(self.broker.call("GET", f"/v1/messages/{message['id']}/raw").body.decode(), letter)
        until(lambda: "1.other:2,S" in self.files(".Processed/cur"), why="it was not filed")

    def test_links_and_pipes_are_left_alone(self):
        os.symlink("/etc/passwd", os.path.join(self.maildir, "new", "link"))
        os.mkfifo(os.path.join(self.maildir, "new", "pipe"))
        order = self.new_order()

        done = self.broker.wait(self.broker.ask("status", order))

        self.assertEqual(done["outcome"]["code"], "status_read")
        self.assertEqual({"link", "pipe"} - set(self.files()), set())
        for each in ("link", "pipe"):
            os.unlink(os.path.join(self.maildir, "new", each))


if __name__ == "__main__":
    main()
