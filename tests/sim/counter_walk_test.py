#!/usr/bin/python3
"""The Counter with real curl: coming in with a mailed word, paper, rekey, take back, revoke, files.

Usage: counter_walk_test.py CABROKER_SIM
"""
import json
import re
import unittest

from sim_world import Browser, PortalWalk, make_csr, public_key


class Counter(Browser):
    def __init__(self, world):
        super().__init__(world, "extra_portal")

    def ask(self, query, fields=None, method=None):
        self.run("/counter?" + query, fields, ("-X", method) if method else ())
        self.text = self.body.decode()
        return self

    def seen(self, name):
        found = re.search(rf'<span class="{name}">(.*?)</span>', self.text)
        return found.group(1) if found else None

    def trouble(self):
        found = re.search(r'<p class="trouble">(.*?)</p>', self.text)
        return found.group(1) if found else None

    def stamp(self):
        return re.search(r"<code>(.*?)</code>", self.text).group(1)

    def come_in(self, contact, order):
        self.ask("do=knock", {"contact": contact, "order": order})
        word = self.world.control("GET", "/mailbox?to=" + contact)["code"]
        assert re.fullmatch("[a-z]{8}", word), word
        return self.ask("do=word", {"slip": self.seen("slip"), "word": word})

    def deed(self, method, query, **fields):
        return json.loads(self.ask(query, fields, method).text)


class CounterWalkTest(PortalWalk):
    def setUp(self):
        super().setUp()
        self.counter = Counter(self.world)

    def test_rekey_take_back_rekey_again_and_fetch(self):
        contact = self.order("530000001", "count.example.net", dcv="manual")
        self.counter.come_in(contact, "count.example.net")
        self.assertEqual((self.counter.seen("stands"), self.counter.seen("order")), ("LIVE", "530000001"))
        stamp = self.counter.stamp()
        csr = make_csr("count.example.net")

        made = self.counter.deed("PUT", "do=rekey", csr=csr, proof="cname", why="request 4711", stamp=stamp)

        self.assertEqual((made["done"], made["stands"], made["proofs"][0]["put_at"]),
                         (True, "REKEYING", "_dnsauth.count.example.net"))
        stale = self.counter.deed("DELETE", "do=rekey", why="no", stamp=stamp)
        self.assertEqual(stale["trouble"]["word"], "stale-stamp")
        self.assertIn("request 4711", self.counter.ask("show=paper").text)
        back = self.counter.deed("DELETE", "do=rekey", why="no", stamp=self.counter.stamp())
        self.assertEqual(back["stands"], "LIVE")
        self.counter.deed("PUT", "do=rekey", csr=csr, proof="txt", why="again", stamp=back["stamp"])
        self.world.control("POST", "/orders/530000001/dcv")
        self.world.control("POST", "/clock", {"advance": "61m"})
        self.assertEqual(self.counter.ask("show=paper").seen("stands"), "LIVE")
        pem = self.counter.ask("show=file&as=chain%2Broot").text
        self.assertEqual((pem.count("BEGIN CERTIFICATE"), public_key("x509", pem)), (3, public_key("req", csr)))
        books = self.world.books("530000001")
        self.assertEqual(books["reasons"], {"reissue": {"request 4711": 1, "again": 1}, "cancel_reissue": {"no": 1}})
        people = self.world.control("GET", "/books")["recipients"][contact]
        self.assertEqual((people["codes"], people["sign_ins"]), (1, 1))

    def test_revoke_wants_a_reason_and_a_yes(self):
        contact = self.order("530000002", "dead.example.net")
        self.counter.come_in(contact, "530000002")
        stamp = self.counter.stamp()
        self.assertEqual(self.counter.deed("DELETE", "do=order", stamp=stamp)["trouble"]["word"], "say-why")
        self.assertEqual(self.counter.deed("DELETE", "do=order", stamp=stamp, why="x")["trouble"]["word"], "not-sure")
        self.assertEqual(self.counter.deed("DELETE", "do=order", stamp=stamp, why="x", sure="yes")["stands"], "DEAD")
        self.assertEqual(self.counter.ask("show=paper").seen("dead-because"), "x")

    def test_the_word_has_three_tries_and_visits_end(self):
        contact = self.order("530000003", "tries.example.net")
        self.assertIn("does not belong", self.counter.ask("do=knock", {"contact": "no@example.net", "order": "530000003"}).trouble())
        self.counter.ask("do=knock", {"contact": contact, "order": "530000003"})
        for _ in range(2):
            self.counter.ask("do=word", {"slip": self.counter.seen("slip"), "word": "wrongone"})
            self.assertEqual(self.counter.trouble(), "That is not the word.")
        self.counter.ask("do=word", {"slip": self.counter.seen("slip"), "word": "wrongone"})
        self.assertIn("Knock again", self.counter.trouble())
        self.counter.come_in(contact, "530000003")
        stamp = self.counter.stamp()
        self.world.control("POST", "/clock", {"advance": "3h"})
        self.assertEqual(self.counter.ask("show=paper").status, 401)
        self.assertEqual(self.counter.deed("PUT", "do=rekey", stamp=stamp)["trouble"]["word"], "visit-over")
        self.assertEqual(self.counter.status, 401)

    def test_code_mails_go_wrong_on_demand(self):
        contact = self.order("530000004", "mails.example.net")

        def mails(what, **more):
            self.world.control("DELETE", "/mailbox?to=" + contact)
            self.world.fault("mail.code", what, **more)
            self.counter.ask("do=knock", {"contact": contact, "order": "530000004"})
            return self.world.control("GET", "/mailbox")["items"]

        first = [mail for mail in mails("wrong_sender") if mail["to"] == contact]
        self.assertIn("attacker.example", first[0]["raw"])
        two = [mail for mail in mails("two_codes") if mail["to"] == contact]
        self.assertEqual(two[0]["raw"].count("Say this word: "), 2)
        old = [mail for mail in mails("old_code") if mail["to"] == contact]
        self.assertEqual([mail["code"] for mail in old][0], two[0]["code"])
        self.assertEqual(len({mail["code"] for mail in old}), 2)
        wrong = [mail for mail in mails("wrong_order") if mail["to"] == contact]
        self.assertEqual(wrong[0]["order_id"], "900000000")
        self.assertNotIn("mails.example.net", wrong[0]["raw"].split("\n\n", 1)[1])
        self.assertEqual([mail for mail in mails("lost") if mail["to"] == contact], [])
        self.assertEqual([mail for mail in mails("delay", delay="10m") if mail["to"] == contact], [])
        self.world.control("POST", "/clock", {"advance": "11m"})
        self.assertEqual(len([mail for mail in self.world.control("GET", "/mailbox")["items"] if mail["to"] == contact]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
