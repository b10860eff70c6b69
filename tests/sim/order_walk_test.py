#!/usr/bin/python3
"""What a guest can do to an order, with real curl and openssl.

Usage: order_walk_test.py CABROKER_SIM
"""
import base64
import os
import subprocess
import unittest
import zipfile

from sim_world import Browser, Page, PortalWalk, make_csr, public_key


class OrderWalkTest(PortalWalk):
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
