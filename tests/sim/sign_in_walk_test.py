#!/usr/bin/python3
"""The way into the guest portal: contacts, codes, sessions, code mails.

Usage: sign_in_walk_test.py CABROKER_SIM
"""
import os
import unittest

from sim_world import Browser, Page, PortalWalk


class SignInWalkTest(PortalWalk):
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
