"""The mail server is down, slow, refuses or drops the connection: the same mail goes out again, or nothing does."""
import os
import signal
import time

from broker import IntegrationTest, main
from support import make_csr, until


class MailFaultsTest(IntegrationTest):
    counter = 0

    def ticket(self):
        MailFaultsTest.counter += 1
        number = f"MAIL-{self.counter}-{time.monotonic_ns()}"
        name = f"m{self.counter}.example.net"
        order = self.broker.post("/v1/orders", {"brand": "sectigo", "common_name": name, "supplier_order_id": number, "status": "issued"}, 201)
        return number, self.broker.ask("reissue", {"id": order["id"]}, params={"csr": make_csr(name)})

    def sent_once(self, number, request, mails=1):
        self.broker.wait_state(request, "waiting_ca")
        found = self.world.mails_with(number)
        self.assertEqual(len(found), mails, self.broker.story(request["id"]))
        self.assertEqual(len({mail["message_id"] for mail in found}), 1)
        self.assertEqual(len({mail["raw_base64"] for mail in found}), 1, "the same octets")
        listed = self.broker.get(f"/v1/requests/{request['id']}/messages")["items"]
        self.assertEqual([each["status"] for each in listed], ["sent"])

    def test_server_that_is_down_or_says_later_is_tried_again(self):
        for where, what in (("smtp.connect", "down"), ("smtp.mail", "refuse"), ("smtp.data", "refuse"),
                            ("smtp.starttls", "drop_before")):
            with self.subTest(where=where, what=what):
                self.world.fault(where, what, times=2)
                number, request = self.ticket()
                waiting = self.broker.wait_state(request, "backoff", "waiting_ca")
                if waiting["state"] == "backoff":
                    self.assertTrue(waiting["last_problem"]["detail"])
                self.sent_once(number, request)
                self.world.no_faults()

    def test_server_that_refuses_for_good_ends_it(self):
        self.world.fault("smtp.rcpt", "refuse", times=0, detail="550 5.1.1 no such user")
        number, request = self.ticket()
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("failed", "mail_refused"), self.broker.story(done["id"]))
        self.assertIn("no such user", done["outcome"]["detail"])
        self.assertEqual(self.world.mails_with(number), [])

    def test_slow_server_gets_it_once(self):
        self.world.fault("smtp.end", "delay", times=1, delay="1500ms")
        self.sent_once(*self.ticket())

    def test_dropped_before_the_reply_is_sent_again_octet_by_octet(self):
        self.world.fault("smtp.end", "drop_after_commit", times=1)
        self.sent_once(*self.ticket(), mails=2)

    def test_outside_killed_while_sending_sends_the_same_octets_again(self):
        self.world.fault("smtp.end", "delay", times=1, delay="2s")
        number, request = self.ticket()
        until(lambda: self.world.mails_with(number), why=self.broker.story(request["id"]))
        os.kill(self.broker.outside(), signal.SIGKILL)
        self.sent_once(number, request, mails=2)

    def test_certificate_of_another_host_sends_nothing(self):
        self.world.fault("smtp.tls", "wrong_host_certificate", times=0)
        number, request = self.ticket()
        waiting = self.broker.wait_state(request, "backoff")
        self.assertTrue(waiting["last_problem"]["code"])
        self.assertEqual(self.world.mails_with(number), [])
        self.world.no_faults()
        self.sent_once(number, request)


if __name__ == "__main__":
    main()
