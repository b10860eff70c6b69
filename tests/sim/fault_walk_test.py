#!/usr/bin/python3
"""The fault switchboard and bad HTTP, seen from outside.

Usage: fault_walk_test.py CABROKER_SIM
"""
import socket
import ssl
import subprocess
import unittest
import zlib

from sim_world import LIMIT, PROGRAM, PortalWalk, make_csr


class UsageTest(unittest.TestCase):
    def test_wrong_usage_exits_with_2_and_says_why(self):
        for words, why in (([], "--state"), (["--state", "/nowhere", "--bogus"], "--bogus"), (["--state", "/nowhere", "--code-ttl", "soon"], "--code-ttl")):
            run = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=LIMIT, check=False)
            self.assertEqual((run.returncode, run.stdout), (2, ""), words)
            self.assertIn(why, run.stderr)

    def test_help_and_version_are_no_wrong_usage(self):
        for word in ("--help", "--version"):
            run = subprocess.run([PROGRAM, word], capture_output=True, text=True, timeout=LIMIT, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))


class FaultWalkTest(PortalWalk):
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

    def test_hostile_answers_are_what_they_say(self):
        contact = self.order("500000011", "hostile.example.com")
        self.browser.sign_in(contact, "hostile.example.com")
        whole = len(self.browser.run("/guest/order").body)

        def hit(what, **more):
            self.world.fault("portal.order.page", what, **more)
            return self.browser.run("/guest/order")

        half = hit("half")
        self.assertEqual((half.curl_code, len(half.body)), (0, whole // 2))
        changed = hit("changed_page").body
        self.assertIn(b'id="new-order-status"', changed)
        self.assertNotIn(b"<td", changed)
        self.assertIn(b"<h2>Order 902817364", hit("other_order").body)
        self.assertIn("Domain=other.example", hit("foreign_cookies").head)
        bomb = hit("gzip_bomb", bytes=300_000_000)
        self.assertEqual(bomb.header("Content-Encoding"), "gzip")
        self.assertLess(len(bomb.body), 1_000_000)
        size, tail = 0, bomb.body
        unpacker = zlib.decompressobj(31)
        while tail:
            size += len(unpacker.decompress(tail, 1 << 24))
            tail = unpacker.unconsumed_tail
        self.assertTrue(unpacker.eof, "the sum at the end is wrong")
        self.assertGreaterEqual(size, 300_000_000)

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
