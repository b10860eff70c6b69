"""The simulated outside world as a process, and its control socket."""
import json
import os
import subprocess

from support import LIMIT, UnixConnection, die_with_parent, program


class World:
    """cabroker-sim: portal, mailbox, support desk."""

    def __init__(self, directory, *flags):
        self.log_path = os.path.join(directory, "sim.log")
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [program("cabroker-sim"), "--state", os.path.join(directory, "sim"), "--exit-with-parent", "--smtp-user", "broker",
             "--smtp-password", "pass-word", "--smtps", "127.0.0.1:0", "--issue-delay", "50ms", *flags],
            stdout=subprocess.PIPE, stderr=self.log, preexec_fn=die_with_parent)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("cabroker-sim did not start, see " + self.log_path)
        self.ready = json.loads(line)

    def control(self, method, path, body=None):
        connection = UnixConnection(self.ready["control"])
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise AssertionError(f"simulated world: {method} {path}: {reply.status} {text}")
        return json.loads(text)

    def order(self, number, name, **more):
        """A new order of this world; gives what the broker is told of it."""
        email = more.pop("admin_email", f"o{number}@example.com".lower())
        self.control("POST", "/orders", {"supplier_order_id": number, "common_name": name, "brand": "rapidssl",
                                         "admin_email": email, **more})
        return {"brand": more.get("brand", "rapidssl"), "common_name": name, "supplier_order_id": number, "admin_email": email}

    def books(self, number):
        return self.control("GET", "/books")["orders"][number]

    def code(self, email):
        return self.control("GET", "/mailbox?to=" + email)["code"]

    def mails(self):
        return self.control("GET", "/desk/mails")["items"]

    def mails_with(self, text):
        return [mail for mail in self.mails() if text in mail["raw"]]

    def fault(self, where, what, **more):
        self.control("POST", "/faults", {"where": where, "what": what, **more})

    def no_faults(self):
        self.control("DELETE", "/faults")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(LIMIT)
        self.process.stdout.close()
        self.log.close()
        return code
