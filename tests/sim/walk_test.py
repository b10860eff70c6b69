#!/usr/bin/python3
"""Walks the simulated world as strangers do: real curl with a cookie jar, smtplib for the desk.

Usage: walk_test.py CABROKER_SIM
"""
import base64
import http.client
import json
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from html.parser import HTMLParser

PROGRAM = sys.argv.pop(1)
LIMIT = 20


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self.path)


class Page(HTMLParser):
    """Texts by element id, hidden fields, links, rows of tables."""

    def __init__(self, text):
        super().__init__()
        self.by_id, self.hidden, self.links, self.body_id = {}, {}, {}, None
        self.cells, self.open_ids, self.times = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "body":
            self.body_id = given.get("id")
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given["name"]] = given.get("value", "")
        if tag == "a" and "data-format" in given:
            self.links[given["data-format"]] = given["href"]
        if tag == "time" and self.open_ids:
            for known in self.open_ids:
                self.times[known[1]] = given["datetime"]
        if tag in ("td", "p", "h2", "dd", "strong", "ul", "a", "span"):
            self.open_ids.append((tag, given.get("id") or given.get("class") or ""))
            self.by_id.setdefault(self.open_ids[-1][1], "")

    def handle_endtag(self, tag):
        if self.open_ids and self.open_ids[-1][0] == tag:
            self.open_ids.pop()

    def handle_data(self, data):
        for _, known in self.open_ids:
            self.by_id[known] += data


class World:
    def __init__(self, *flags):
        self.dir = tempfile.TemporaryDirectory(prefix="cabroker-sim-")
        self.maildir = os.path.join(self.dir.name, "mail")
        self.process = subprocess.Popen(
            [PROGRAM, "--state", os.path.join(self.dir.name, "state"), "--exit-with-parent",
             "--issue-delay", "1h", "--maildir", self.maildir, "--smtps", "127.0.0.1:0",
             "--smtp-user", "broker", "--smtp-password", "pass-word", *flags],
            stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def control(self, method, path, body=None):
        connection = UnixConnection(self.ready["control"])
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 400:
            raise AssertionError(f"{method} {path}: {reply.status} {text}")
        return json.loads(text)

    def books(self, order):
        return self.control("GET", "/books")["orders"][order]

    def fault(self, where, what, **more):
        self.control("POST", "/faults", {"where": where, "what": what, **more})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT)
        self.process.stdout.close()
        self.dir.cleanup()
        return code


class Browser:
    """curl with a cookie jar, as somebody at a shell would use it."""

    def __init__(self, world):
        self.world = world
        handle, self.jar = tempfile.mkstemp(dir=world.dir.name)
        os.close(handle)

    def run(self, path, fields=None, extra=()):
        head = self.jar + ".head"
        for old in (head, self.jar + ".body"):
            if os.path.exists(old):
                os.unlink(old)
        command = ["curl", "-sS", "--max-time", str(LIMIT), "--cacert", self.world.ready["ca_file"],
                   "-b", self.jar, "-c", self.jar, "-D", head, "-o", self.jar + ".body",
                   "-w", "%{http_code}", *extra]
        for name, value in (fields or {}).items():
            command += ["--data-urlencode", f"{name}={value}"]
        done = subprocess.run(command + [self.world.ready["portal"] + path], capture_output=True, text=True)
        self.curl_code = done.returncode
        self.status = int(done.stdout or 0)
        self.head = self.taken(head).decode()
        self.body = self.taken(self.jar + ".body")
        return self

    @staticmethod
    def taken(path):
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            return file.read()

    def page(self, path, fields=None):
        self.run(path, fields)
        return Page(self.body.decode())

    def header(self, name):
        found = re.search(rf"^{name}: (.*?)\r?$", self.head, re.M | re.I)
        return found.group(1) if found else None

    def ask_code(self, email, identifier):
        login = self.page("/guest/login")
        self.run("/guest/login", {**login.hidden, "email": email, "order_identifier": identifier})
        return self

    def give_code(self, code):
        form = self.page("/guest/code")
        self.run("/guest/code", {**form.hidden, "auth_code": code})
        return self

    def sign_in(self, email, identifier):
        self.ask_code(email, identifier)
        assert self.status == 303, self.body
        code = self.world.control("GET", "/mailbox?to=" + email)["code"]
        self.give_code(code)
        assert (self.status, self.header("Location")) == (303, "/guest/order"), self.body
        return self


def make_csr(name, *key_options):
    options = key_options or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    return subprocess.run(["openssl", "req", "-new", "-nodes", *options, "-keyout", "/dev/null", "-subj",
                           f"/CN={name}"], check=True, capture_output=True, text=True).stdout


def public_key(kind, pem):
    return subprocess.run(["openssl", kind, "-noout", "-pubkey"], input=pem, check=True,
                          capture_output=True, text=True).stdout


class WalkTest(unittest.TestCase):
    """One world for all; each test uses an order of its own."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()

    @classmethod
    def tearDownClass(cls):
        code = cls.world.stop()
        assert code == 0, f"not a clean exit: {code}"

    def setUp(self):
        self.world.control("DELETE", "/faults")
        self.browser = Browser(self.world)

    def order(self, number, name, **more):
        body = {"supplier_order_id": number, "common_name": name, "brand": "rapidssl",
                "admin_email": f"{number}@example.com", **more}
        self.world.control("POST", "/orders", body)
        return f"{number}@example.com"

    def submit(self, csr, reason="server moved", method="dns-txt-token"):
        form = self.browser.page("/guest/order/reissue")
        return self.browser.run("/guest/order/reissue", {**form.hidden, "csr": csr, "reason": reason,
                                                         "validation_method": method})

    def test_reissue_from_login_to_download(self):
        contact = self.order("500000001", "walk.example.com", sans=["walk2.example.com"])
        self.browser.sign_in(contact, "walk.example.com")
        before = self.browser.page("/guest/order")
        csr = make_csr("walk.example.com")

        self.submit(csr, reason='moved <to> "b" & c')

        self.assertEqual((self.browser.status, self.browser.header("Location")), (303, "/guest/order"))
        pending = self.browser.page("/guest/order")
        self.assertEqual(pending.body_id, "page-order")
        self.assertEqual(pending.by_id["order-status"], "reissue_pending")
        self.assertIn('moved <to> "b" & c', pending.by_id["reason"])
        self.assertEqual(pending.by_id["domain"], "walk.example.comwalk2.example.com")
        self.assertTrue(pending.by_id["value"])
        self.assertIn("until", pending.times)
        self.world.control("POST", "/clock", {"advance": "61m"})
        issued = self.browser.page("/guest/order")
        self.assertEqual(issued.by_id["order-status"], "issued")
        self.assertNotEqual(issued.by_id["serial-number"], before.by_id["serial-number"])
        self.assertEqual(len(issued.links), 9)
        pem = self.browser.run(issued.links["pem_all"]).body.decode()
        self.assertEqual(self.browser.header("Content-Type"), "application/x-pem-file")
        self.assertEqual(pem.count("BEGIN CERTIFICATE"), 3)
        self.assertEqual(public_key("x509", pem), public_key("req", csr))
        leaf = self.browser.run(issued.links["pem_noroot"]).body
        chain = os.path.join(self.world.dir.name, "chain.pem")
        with open(chain, "wb") as file:
            file.write(leaf)
        subprocess.run(["openssl", "verify", "-CAfile", self.world.ready["issuing_root"], "-untrusted", chain,
                        "-verify_hostname", "walk2.example.com", chain], check=True, capture_output=True)
        books = self.world.books("500000001")
        self.assertEqual((books["reissues"], books["reissues_issued"], books["logins"], len(books["certificates"])),
                         (1, 1, 1, 2))

    def test_all_formats_are_what_they_say(self):
        contact = self.order("500000002", "formats.example.com")
        self.browser.sign_in(contact, "500000002")
        links = self.browser.page("/guest/order").links
        zips = {"default": 3, "default_pem": 3, "default_cer": 3, "apache": 2}
        for name, href in links.items():
            self.browser.run(href)
            kind = self.browser.header("Content-Type")
            if name in zips:
                self.assertEqual(kind, "application/zip")
                with zipfile.ZipFile(self.browser.jar + ".body") as archive:
                    self.assertEqual(len(archive.namelist()), zips[name])
                    self.assertIsNone(archive.testzip())
            elif name in ("p7b", "cer"):
                self.assertEqual(kind, "application/x-pkcs7-certificates")
                text = subprocess.run(["openssl", "pkcs7", "-print_certs"], input=self.browser.body,
                                      capture_output=True, check=True).stdout
                self.assertEqual(text.count(b"BEGIN CERTIFICATE"), 3)
            else:
                self.assertEqual(kind, "application/x-pem-file")
        self.assertEqual(self.browser.run("/guest/order/download?format=exe").status, 404)

    def test_wrong_sign_ins_are_told_apart(self):
        texts = {("nobody@example.com", "www.example.com"): "We could not find an order for this contact.",
                 ("hostmaster@example.com", "nowhere.example.com"):
                     "We could not find an order with this common name or order ID.",
                 ("admin@example.net", "448120931"):
                     "We could not find an order with this common name or order ID.",
                 ("admin@example.net", "902817705"): "Guest access is disabled for this order.",
                 ("admin@example.net", "902817706"):
                     "Guest access to this order is waiting for approval by an administrator."}
        for (email, identifier), text in texts.items():
            self.browser.ask_code(email, identifier)
            page = Page(self.browser.body.decode())
            self.assertEqual((page.body_id, page.by_id["error-title"], page.by_id["error-message"]),
                             ("page-error", "Sign-in failed", text))
        self.browser.ask_code("", "")
        self.assertEqual(Page(self.browser.body.decode()).body_id, "page-login")
        self.browser.ask_code("TECH@example.org", "902817708")
        self.assertEqual(self.browser.status, 303, "the technical contact of that order, whatever its case")

    def test_wrong_codes_run_out(self):
        contact = self.order("500000003", "codes.example.com")
        self.browser.ask_code(contact, "codes.example.com")
        code = self.world.control("GET", "/mailbox?to=" + contact)["code"]

        first = Page(self.browser.give_code("WRONGONE").body.decode())
        second = Page(self.browser.give_code("WRONGTWO").body.decode())
        third = Page(self.browser.give_code("WRONGTHR").body.decode())

        self.assertEqual(first.by_id["error-message"], "The access code is not correct. You have 2 attempts left.")
        self.assertEqual(second.by_id["error-message"], "The access code is not correct. You have 1 attempt left.")
        self.assertEqual(second.by_id["attempts-left"], "1")
        self.assertIn("no attempts left", third.by_id["error-message"])
        self.assertEqual(self.browser.run("/guest/code", {"auth_code": code}).header("Location"), "/guest/login")
        self.assertEqual(self.world.books("500000003")["wrong_codes"], 3)

    def test_code_and_session_end_after_two_hours(self):
        contact = self.order("500000004", "ttl.example.com")
        self.browser.ask_code(contact, "ttl.example.com")
        code = self.world.control("GET", "/mailbox?to=" + contact)["code"]
        form = self.browser.page("/guest/code")
        self.world.control("POST", "/clock", {"advance": "2h"})

        late = self.browser.page("/guest/code", {**form.hidden, "auth_code": code})

        self.assertEqual(late.by_id["error-message"],
                         "The access code has expired. Sign in again to get a new code.")
        self.browser.sign_in(contact, "ttl.example.com")
        self.world.control("POST", "/clock", {"advance": "119m"})
        self.assertEqual(self.browser.run("/guest/order").status, 200)
        self.world.control("POST", "/clock", {"advance": "1m"})
        self.browser.run("/guest/order")
        self.assertEqual((self.browser.status, self.browser.header("Location")), (302, "/guest/login?expired=1"))
        self.assertIn("expired", self.browser.page("/guest/login?expired=1").by_id["notice"])

    def test_session_is_renewed_at_each_stage_and_cookie_is_safe(self):
        contact = self.order("500000005", "cookie.example.com")
        self.browser.page("/guest/login")
        first = self.browser.header("Set-Cookie")
        for word in ("Secure", "HttpOnly", "Path=/guest", "SameSite=Lax"):
            self.assertIn(word, first)
        self.browser.sign_in(contact, "cookie.example.com")
        old = first.split(";")[0]
        stranger = Browser(self.world).run("/guest/order", extra=["-H", "Cookie: " + old])
        self.assertEqual((stranger.status, stranger.header("Location")), (302, "/guest/login"))
        stale = self.browser.run("/guest/order/reissue", {"csrf_token": "0", "order_id": "500000005"})
        self.assertEqual(stale.status, 403)
        form = self.browser.page("/guest/order/reissue")
        foreign = self.browser.run("/guest/order/reissue", {**form.hidden, "order_id": "500000004"})
        self.assertEqual(foreign.status, 403)
        out = self.browser.page("/guest/logout", {"csrf_token": form.hidden["csrf_token"]})
        self.assertEqual(out.body_id, "page-signed-out")
        self.assertEqual(self.browser.run("/guest/order").status, 302)

    def test_bad_csrs_show_the_form_again(self):
        contact = self.order("500000006", "csr.example.com")
        self.browser.sign_in(contact, "csr.example.com")
        good = make_csr("csr.example.com")
        body = base64.b64decode("".join(good.split("\n")[1:-2]))
        broken = base64.encodebytes(body[:-1] + bytes([body[-1] ^ 1])).decode()
        cases = {"": "Add your CSR.", "hello": "The CSR could not be read.",
                 "-----BEGIN CERTIFICATE REQUEST-----\n" + broken + "-----END CERTIFICATE REQUEST-----\n":
                     "The signature of the CSR is not valid.",
                 make_csr("csr.example.com", "-newkey", "rsa:1024"): "The key in the CSR is too weak.",
                 make_csr("other.example.com"): "The common name in the CSR does not match the order.",
                 "-----BEGIN PRIVATE KEY-----\n" + good: "The text contains a private key."}
        for csr, text in cases.items():
            self.submit(csr)
            page = Page(self.browser.body.decode())
            self.assertEqual((self.browser.status, page.body_id), (200, "page-reissue"))
            self.assertTrue(page.by_id["error-message"].startswith(text), page.by_id["error-message"])
        self.submit(good, method="carrier-pigeon")
        self.assertEqual(Page(self.browser.body.decode()).by_id["error-message"], "Choose a validation method.")
        self.assertEqual(self.world.books("500000006")["reissues"], 0)

    def test_one_reissue_at_a_time_and_cancel(self):
        contact = self.order("500000007", "once.example.com", dcv="manual")
        self.browser.sign_in(contact, "once.example.com")
        form = self.browser.page("/guest/order/reissue")
        csr = make_csr("once.example.com")
        fields = {**form.hidden, "csr": csr, "reason": "x", "validation_method": "http-token"}
        self.browser.run("/guest/order/reissue", fields)

        again = self.browser.page("/guest/order/reissue", fields)

        self.assertEqual((again.by_id["error-title"], again.by_id["error-message"]),
                         ("Reissue not possible", "A reissue is already pending for this order."))
        self.assertIn("Cancel the reissue", self.browser.page("/guest/order/revoke").by_id["error-message"])
        self.world.control("POST", "/clock", {"advance": "3h"})
        self.browser.sign_in(contact, "once.example.com")
        self.assertEqual(self.browser.page("/guest/order").by_id["order-status"], "reissue_pending")
        cancel = self.browser.page("/guest/order/reissue/cancel")
        self.browser.run("/guest/order/reissue/cancel", {**cancel.hidden, "note": "not now"})
        after = self.browser.page("/guest/order")
        self.assertEqual((after.by_id["order-status"], after.by_id["state"]), ("issued", "canceled"))
        self.submit(csr)
        self.world.control("POST", "/orders/500000007/dcv")
        self.world.control("POST", "/clock", {"advance": "1h"})
        books = self.world.books("500000007")
        self.assertEqual((books["reissues"], books["reissues_issued"], books["cancels"]), (2, 1, 1))

    def test_revoke_needs_reason_and_confirmation(self):
        contact = self.order("500000008", "revoke.example.com")
        self.browser.sign_in(contact, "revoke.example.com")
        form = self.browser.page("/guest/order/revoke")
        empty = self.browser.page("/guest/order/revoke", {**form.hidden, "reason": " "})
        self.assertEqual(empty.by_id["error-message"], "Enter a reason for revocation.")

        confirm = self.browser.page("/guest/order/revoke", {**form.hidden, "reason": "key lost"})

        self.assertEqual(confirm.body_id, "page-revoke-confirm")
        self.assertEqual(self.world.books("500000008")["revokes"], 0)
        self.browser.run("/guest/order/revoke/confirm", {**confirm.hidden, "confirm": "Confirm"})
        self.assertEqual(self.browser.status, 303)
        page = self.browser.page("/guest/order")
        self.assertEqual((page.by_id["order-status"], page.by_id["revocation-reason"]), ("revoked", "key lost"))
        self.assertEqual(self.browser.run("/guest/order/revoke/confirm", confirm.hidden).status, 403)
        books = self.world.books("500000008")
        self.assertEqual(books["revokes"], 1)
        self.assertTrue(books["certificates"][0]["revoked"])

    def test_drop_after_commit_really_commits_and_drop_before_does_not(self):
        contact = self.order("500000009", "drop.example.com")
        self.browser.sign_in(contact, "drop.example.com")
        csr = make_csr("drop.example.com")
        self.world.fault("portal.reissue.submit", "drop_before")
        self.submit(csr)
        self.assertNotEqual(self.browser.curl_code, 0)
        self.assertEqual(self.world.books("500000009")["reissues"], 0)
        self.world.fault("portal.reissue.submit", "drop_after_commit")
        self.submit(csr)
        self.assertNotEqual(self.browser.curl_code, 0)
        self.assertEqual(self.world.books("500000009")["reissues"], 1)
        self.assertEqual(self.browser.page("/guest/order").by_id["order-status"], "reissue_pending")

    def test_each_page_fault_is_seen(self):
        contact = self.order("500000010", "faults.example.com")
        self.browser.sign_in(contact, "faults.example.com")

        def hit(what, **more):
            self.world.fault("portal.order.page", what, **more)
            return self.browser.run("/guest/order", extra=more.pop("extra", ()))

        self.assertEqual(hit("status_500").status, 500)
        self.assertEqual(hit("empty").body, b"")
        self.assertEqual(hit("truncate").curl_code, 18)
        self.assertNotIn(b"<html", hit("garbage").body)
        self.assertIn(b'id="page-news"', hit("wrong_page").body)
        self.assertIn(b'id="page-captcha"', hit("captcha").body)
        self.assertTrue(hit("redirect_http").header("Location").startswith("http://"))
        self.assertEqual(hit("redirect_host").header("Location"), "https://other.example/guest/login")
        self.assertIn("<h2>Order 500000010", hit("charset").body.decode("utf-16"))
        limited = hit("rate_limit", detail="7")
        self.assertEqual((limited.status, limited.header("Retry-After")), (429, "7"))
        self.assertEqual(hit("maintenance").status, 503)
        self.assertEqual(hit("close_without_answer").curl_code, 52)
        self.assertEqual(hit("deep_tables").body.count(b"<table><tr><td>"), 10000)
        self.world.fault("portal.order.page", "huge", bytes=3_000_000)
        self.assertGreater(len(self.browser.run("/guest/order").body), 2_900_000)
        self.world.fault("portal.connect", "expired_certificate")
        self.assertEqual(self.browser.run("/guest/order").curl_code, 60)
        self.world.fault("portal.order.page", "status_500", after=1, times=2)
        self.assertEqual([self.browser.run("/guest/order").status for _ in range(4)], [200, 500, 500, 200])
        self.assertIn(b'id="page-login"', hit("login_page").body)

    def test_http_that_is_no_http_is_refused(self):
        context = ssl.create_default_context(cafile=self.world.ready["ca_file"])
        port = int(self.world.ready["portal"].rsplit(":", 1)[1])

        def ask(octets):
            with socket.create_connection(("127.0.0.1", port), LIMIT) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as tls:
                    tls.sendall(octets)
                    return tls.recv(4096).split(b"\r\n")[0]

        self.assertIn(b"400", ask(b"NONSENSE\r\n\r\n"))
        self.assertIn(b"413", ask(b"POST /guest/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"))
        self.assertIn(b"431", ask(b"GET / HTTP/1.1\r\nX: " + b"a" * 70000 + b"\r\n\r\n"))
        self.assertEqual(self.browser.run("/guest/nowhere").status, 404)
        self.assertEqual(self.browser.run("/guest/order/revoke/confirm", extra=["-X", "GET"]).status, 405)

    def test_code_mail_lands_in_the_maildir(self):
        contact = self.order("500000011", "mail.example.com")
        self.world.fault("mail.code", "twice")
        self.browser.ask_code(contact, "mail.example.com")
        found = []
        for name in os.listdir(self.world.maildir + "/new"):
            with open(f"{self.world.maildir}/new/{name}") as file:
                text = file.read()
            if "Order ID: 500000011" in text:
                found.append(text)
        code = self.world.control("GET", "/mailbox?to=" + contact)["code"]
        self.assertEqual(len(found), 2)
        self.assertIn(f"Access code: {code}\n", found[0])
        self.assertIn("Authentication-Results: mx.example.com;", found[0])
        self.assertIn(f"To: <{contact}>", found[0])
        reference = self.browser.page("/guest/code").by_id["login-reference"]
        self.assertIn(f"Login reference: {reference}\n", found[0])
        self.assertEqual(os.listdir(self.world.maildir + "/tmp"), [])

    def test_lost_and_late_code_mails(self):
        contact = self.order("500000012", "late.example.com")
        self.world.fault("mail.code", "lost")
        self.browser.ask_code(contact, "late.example.com")
        self.world.fault("mail.code", "delay", delay="30m")
        self.browser.ask_code(contact, "late.example.com")
        self.assertIsNone(self.world.control("GET", "/mailbox?to=" + contact)["code"])
        self.world.control("POST", "/clock", {"advance": "31m"})
        self.assertIsNotNone(self.world.control("GET", "/mailbox?to=" + contact)["code"])

    def test_statuses_stand_in_raw_words(self):
        for number, email, status in (("902817533", "admin@example.net", "pending"),
                                      ("902817639", "admin@example.org", "needs_csr"),
                                      ("902817588", "hostmaster@example.com", "expired"),
                                      ("902817709", "hostmaster@example.com", "waiting_pickup")):
            browser = Browser(self.world).sign_in(email, number)
            self.assertEqual(browser.page("/guest/order").by_id["order-status"], status)
            refused = browser.page("/guest/order/reissue")
            self.assertEqual(refused.by_id["error-message"],
                             f"This order cannot be reissued while its status is {status}.")


class DeskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World("--smtp-max-size", "200000")
        cls.context = ssl.create_default_context(cafile=cls.world.ready["ca_file"])

    @classmethod
    def tearDownClass(cls):
        code = cls.world.stop()
        assert code == 0, f"not a clean exit: {code}"

    def setUp(self):
        self.world.control("DELETE", "/faults")
        self.world.control("DELETE", "/desk/mails")

    def connect(self):
        host, port = self.world.ready["smtp"].split(":")
        client = smtplib.SMTP(host, int(port), timeout=LIMIT)
        client.starttls(context=self.context)
        client.login("broker", "pass-word")
        return client

    def mails(self):
        return self.world.control("GET", "/desk/mails")["items"]

    def send(self, client, text="Message-ID: <a@b>\r\nSubject: hi\r\n there\r\n\r\n.dot\r\n..two\r\nend\r\n"):
        return client.sendmail("ssl@example.com", ["support@example.net"], text)

    def test_mail_is_kept_octet_for_octet_with_its_envelope(self):
        with self.connect() as client:
            self.send(client)
        (mail,) = self.mails()
        self.assertEqual(base64.b64decode(mail["raw_base64"]),
                         b"Message-ID: <a@b>\r\nSubject: hi\r\n there\r\n\r\n.dot\r\n..two\r\nend\r\n")
        self.assertEqual(mail["envelope"], {"from": "ssl@example.com", "to": ["support@example.net"],
                                            "ehlo": mail["envelope"]["ehlo"], "tls": True, "user": "broker"})
        self.assertEqual((mail["message_id"], mail["subject"]), ("<a@b>", "hi there"))

    def test_strangers_with_curl_and_implicit_tls(self):
        mail = os.path.join(self.world.dir.name, "mail.txt")
        with open(mail, "w") as file:
            file.write("Subject: from curl\r\nMessage-ID: <c@d>\r\n\r\nhello\r\n")
        subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", self.world.ready["ca_file"],
                        "smtps://localhost:" + self.world.ready["smtps"].split(":")[1] + "/me", "-u",
                        "broker:pass-word", "--mail-from", "a@example.com", "--mail-rcpt", "b@example.com",
                        "-T", mail], check=True)
        self.assertEqual(self.mails()[0]["message_id"], "<c@d>")

    def test_nothing_without_tls_and_credentials(self):
        host, port = self.world.ready["smtp"].split(":")
        with smtplib.SMTP(host, int(port), timeout=LIMIT) as client:
            client.ehlo()
            self.assertFalse(client.has_extn("auth"))
            self.assertEqual(client.docmd("AUTH", "PLAIN AGIAYw==")[0], 538)
            self.assertEqual(client.mail("a@example.com")[0], 530)
            client.starttls(context=self.context)
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login("broker", "wrong")

    def test_commands_behind_starttls_are_not_taken(self):
        host, port = self.world.ready["smtp"].split(":")
        with socket.create_connection((host, int(port)), LIMIT) as plain:
            plain.recv(1024)
            plain.sendall(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b.example>\r\n")
            seen = b""
            while True:
                piece = plain.recv(4096)
                if not piece:
                    break
                seen += piece
        self.assertIn(b"220 2.0.0", seen)
        self.assertNotIn(b"sender ok", seen)

    def test_refusals_and_sizes(self):
        self.world.fault("smtp.mail", "refuse", detail="421 4.7.0 not today")
        with self.connect() as client:
            self.assertEqual(client.mail("a@example.com")[0], 421)
        with self.connect() as client:
            self.world.fault("smtp.rcpt", "refuse", detail="550 5.1.1 no such user")
            with self.assertRaises(smtplib.SMTPRecipientsRefused):
                self.send(client)
            self.world.fault("smtp.end", "refuse", detail="451 4.3.0 later")
            with self.assertRaises(smtplib.SMTPDataError):
                self.send(client)
        self.assertEqual(self.mails(), [])
        with self.connect() as client:
            self.assertEqual(client.mail("a@example.com", ["size=200001"])[0], 552)

    def test_drop_after_storing_keeps_the_mail(self):
        client = self.connect()
        self.world.fault("smtp.end", "drop_before")
        with self.assertRaises((smtplib.SMTPServerDisconnected, ConnectionError)):
            self.send(client)
        self.assertEqual(self.mails(), [])
        client = self.connect()
        self.world.fault("smtp.end", "drop_after_commit")
        with self.assertRaises((smtplib.SMTPServerDisconnected, ConnectionError)):
            self.send(client)
        self.assertEqual(len(self.mails()), 1)
        self.world.fault("smtp.connect", "down")
        with self.assertRaises((smtplib.SMTPServerDisconnected, ConnectionError)):
            self.connect()

    def test_support_reissue_gives_a_certificate_for_the_csr(self):
        csr = make_csr("mail.example.net")
        done = self.world.control("POST", "/orders/448120931/reissue", {"csr": csr})
        self.assertEqual(public_key("x509", done["pem"]), public_key("req", csr))
        self.assertEqual(self.world.books("448120931")["reissues"], 1)


class StartUpTest(unittest.TestCase):
    def test_keys_survive_a_restart_and_relay_gets_the_code(self):
        import threading
        seen = []
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(LIMIT)

        def relay():
            connection, _ = listener.accept()
            connection.settimeout(LIMIT)
            with connection, connection.makefile("rwb") as file:
                file.write(b"220 hi\r\n")
                file.flush()
                data = False
                for line in file:
                    seen.append(line)
                    if data and line != b".\r\n":
                        continue
                    data = line.startswith(b"DATA")
                    file.write(b"354 go\r\n" if data else b"250 ok\r\n")
                    file.flush()
                    if line.startswith(b"QUIT"):
                        return

        thread = threading.Thread(target=relay)
        thread.start()
        world = World("--relay", "127.0.0.1:%d" % listener.getsockname()[1])
        with open(world.ready["issuing_root"]) as file:
            root = file.read()
        with open(os.path.join(world.dir.name, "state/ready.json")) as file:
            self.assertEqual(json.load(file), world.ready)
        browser = Browser(world).ask_code("hostmaster@example.com", "902817364")
        self.assertEqual(browser.status, 303)
        thread.join(LIMIT)
        listener.close()
        self.assertIn(b"RCPT TO:<hostmaster@example.com>\r\n", seen)
        self.assertTrue(any(line.startswith(b"Access code: ") for line in seen))
        world.process.send_signal(signal.SIGTERM)
        self.assertEqual(world.process.wait(LIMIT), 0)
        world.process.stdout.close()
        again = subprocess.Popen([PROGRAM, "--state", os.path.join(world.dir.name, "state"), "--exit-with-parent"],
                                 stdout=subprocess.PIPE, text=True)
        with again.stdout:
            ready = json.loads(again.stdout.readline())
            with open(ready["issuing_root"]) as file:
                self.assertEqual(file.read(), root)
            again.send_signal(signal.SIGINT)
            self.assertEqual(again.wait(LIMIT), 0)
        world.dir.cleanup()


if __name__ == "__main__":
    unittest.main(verbosity=2)
