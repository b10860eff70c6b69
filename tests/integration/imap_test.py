"""Access codes picked up over IMAP: the real daemon and its outside, a real Dovecot, the simulated portal; nobody types a code."""
import os
import shutil
import subprocess
import sys
import threading
import unittest

from broker import IntegrationTest, main
from support import die_with_parent, make_csr, until

MAIL_SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "mail_server.py")


class Delivery(threading.Thread):
    """Brings what the world's portal mails into the folder that Dovecot serves, as a mail server would. Only while it is
    not held."""

    def __init__(self, outbox, inbox):
        super().__init__(daemon=True)
        for part in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(outbox, part), exist_ok=True)
        self.outbox, self.inbox = outbox, inbox
        self.ends, self.held = threading.Event(), threading.Event()
        self.delivered = 0

    def run(self):
        owner = os.stat(self.inbox)
        while not self.ends.wait(0.05):
            for name in [] if self.held.is_set() else os.listdir(self.outbox + "/new"):
                on_its_way = os.path.join(self.inbox, "tmp", name)
                shutil.copyfile(os.path.join(self.outbox, "new", name), on_its_way)
                os.chown(on_its_way, owner.st_uid, owner.st_gid)
                os.rename(on_its_way, os.path.join(self.inbox, "new", name))
                os.unlink(os.path.join(self.outbox, "new", name))
                self.delivered += 1

    def stop(self):
        self.ends.set()
        self.join()


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("dovecot") and shutil.which("postfix"), "needs root, postfix and dovecot-imapd")
class ImapTest(IntegrationTest):
    world_flags = ("--maildir", "{folder}/outbox")

    @classmethod
    def configure(cls, settings):
        folder = os.path.join(cls.folder.name, "mail-server")
        cls.server = subprocess.Popen([sys.executable, "-B", MAIL_SERVER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, preexec_fn=die_with_parent)
        cls.mail = {}
        for line in cls.server.stdout:
            if line == "ready\n":
                break
            name, _, value = line.strip().partition("=")
            cls.mail[name] = value
        assert "imaps" in cls.mail, "the mail server did not start"
        password = os.path.join(cls.folder.name, "imap.password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(cls.mail["password"] + "\n")
        settings["mailboxes"] = {"inbox": {
            "imap": f"imaps://localhost:{cls.mail['imaps']}/INBOX", "ca_file": cls.mail["ca_file"], "user": cls.mail["user"],
            "password": {"file": password}, "authserv_id": "mx.example.com", "poll": "1s"}}
        settings["adapters"]["portal"]["mailbox"] = "inbox"
        cls.delivery = Delivery(os.path.join(cls.folder.name, "outbox"), cls.mail["maildir"])
        cls.delivery.start()

    @classmethod
    def tearDownClass(cls):
        cls.delivery.stop()
        super().tearDownClass()
        cls.server.stdin.close()
        cls.server.wait(30)
        cls.server.stdout.close()

    def files(self, part):
        path = os.path.join(self.mail["maildir"], part)
        return os.listdir(path) if os.path.isdir(path) else []

    def test_reissue_is_issued_and_nobody_types_a_code(self):
        order = self.new_order()
        name = order["common_name"]
        request = self.broker.ask("reissue", order, params={"csr": make_csr(name), "validation_method": "dns-txt-token", "reason": "moved"})

        done = self.broker.wait(request)

        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), self.broker.story(done["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 0)
        message = [each for each in self.broker.get(f"/v1/requests/{done['id']}/messages")["items"] if each["direction"] == "in"][0]
        self.assertEqual((message["status"], message["class"]), ("redacted", "code"))
        until(lambda: not self.files("new") and not self.files("cur"), why="the code mail was not deleted")
        code, password = self.world.code(order["admin_email"]).encode(), self.mail["password"].encode()
        for folder, _, names in os.walk(self.broker.state):
            for each in names:
                with open(os.path.join(folder, each), "rb") as file:
                    octets = file.read()
                self.assertNotIn(code, octets, each)
                self.assertNotIn(password, octets, each)
        self.assertNotIn(code.decode(), self.broker.log())
        self.assertNotIn(password.decode(), self.broker.log())

    def test_code_that_came_while_the_daemon_was_dead_is_used(self):
        order = self.new_order()
        self.delivery.held.set()
        request = self.broker.ask("status", order)
        self.broker.wait(request, "needs_input")
        self.broker.kill()
        before = self.delivery.delivered
        self.delivery.held.clear()
        until(lambda: self.delivery.delivered > before, why="no code was mailed")

        self.broker.start()
        done = self.broker.wait(request)

        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "status_read"), self.broker.story(done["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 1)


if __name__ == "__main__":
    main()
