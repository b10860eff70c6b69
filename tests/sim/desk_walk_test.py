#!/usr/bin/python3
"""The support desk, with smtplib and curl; start-up, restart and relay.

Usage: desk_walk_test.py CABROKER_SIM
"""
import base64
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import threading
import unittest

from sim_world import LIMIT, PROGRAM, Browser, World, make_csr, public_key


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
