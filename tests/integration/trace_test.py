"""`cabrokerd --trace-portal`: what whoever repairs a profile finds in the trace when the portal has changed a page."""
import json
import os
import stat
import subprocess
from unittest import mock

from broker import Broker, IntegrationTest, main
from support import program, until

import canary
from accounts import adapter, route

TRACE = "portal-trace.jsonl"


class TraceTest(IntegrationTest):
    @classmethod
    def configure(cls, settings):
        settings["adapters"]["desk"] = adapter("desk", cls.folder.name, cls.world.ready)
        settings["routes"] = [route("desk", "thawte"), route("portal", "rapidssl")]

    @classmethod
    def setUpClass(cls):
        with mock.patch.object(Broker, "flags", ("--trace-portal", TRACE)):
            super().setUpClass()

    def path(self):
        return os.path.join(self.broker.state, TRACE)

    def traced(self, request):
        with open(self.path(), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file.read().split("\n")[:-1]]
        return [line for line in lines if line.get("request") == request["id"]]

    def test_a_changed_page_is_shown_with_what_was_looked_for(self):
        self.world.fault("portal.login.page", "changed_page", times=0)
        order = self.new_order()
        request = self.broker.ask("status", order)
        done = self.broker.wait(request)
        self.assertEqual(done["outcome"]["code"], "unknown_page", self.broker.story(request["id"]))

        exchange = until(lambda: self.traced(request), why="nothing was traced")[-1]

        self.assertEqual((exchange["adapter"], exchange["operation"], exchange["step"]), ("portal", "sign_in", "open_login"))
        self.assertEqual((exchange["sent"]["method"], exchange["status"], exchange["page"]), ("GET", 200, None))
        self.assertTrue(exchange["sent"]["url"].startswith(self.world.ready["portal"]))
        self.assertIn({"page": "login", "why_not": "its xpath does not hold"}, exchange["tried"])
        self.assertEqual(exchange["ended"], "unknown_page")
        self.assertIn("<form", exchange["body"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path()).st_mode), 0o600)

    def test_a_session_is_told_step_by_step_and_without_its_secrets(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.assertEqual(self.broker.wait(request)["state"], "succeeded")
        code = self.world.code(order["admin_email"])

        def whole():
            told = self.traced(request)
            return told if told and told[-1]["operation"] == "read_order" else None
        told = until(whole, why="the order's page was not traced")

        self.assertEqual([each["step"] for each in told],
                         ["open_login", "submit_contact", "open_code", "submit_code", "open_order"])
        self.assertEqual(told[1]["sent"]["fields"]["email"], "{{email}}")
        self.assertEqual(told[3]["sent"]["fields"]["auth_code"], "{{access_code}}")
        self.assertIn("status", told[4]["extracted"])
        self.assertEqual(told[4]["page"], "order")
        self.assertIn('id="order-status"', told[4]["body"])
        with open(self.path(), "rb") as file:
            octets = file.read()
        self.assertEqual(canary.search(octets, {"code": code, "address": order["admin_email"]}, "trace"), [])

    def test_an_account_is_traced_without_its_password(self):
        order = {**self.new_order(), "brand": "thawte", "account": "main"}
        self.world.fault("desk_portal.order.page", "wrong_page", times=0)
        request = self.broker.ask("status", order)
        self.broker.wait(request)

        told = until(lambda: self.traced(request), why="nothing was traced")

        self.assertIn("submit_login", [each["step"] for each in told])
        login = next(each for each in told if each["step"] == "submit_login")
        self.assertEqual(login["sent"]["fields"]["kennwort"], "{{password}}")
        with open(self.path(), "rb") as file:
            octets = file.read()
        self.assertEqual(canary.search(octets, {"password": "Haupt-Kennwort-1"}, "trace"), [])

    def test_a_trace_outside_of_the_state_directory_is_refused(self):
        folder = os.path.join(self.folder.name, "another")
        os.mkdir(folder)
        outside = os.path.join(folder, "outside.jsonl")
        done = subprocess.run([program("cabrokerd"), "--config", Broker(folder).config, "--trace-portal", outside],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in state_dir", done.stderr)
        self.assertFalse(os.path.exists(outside))


if __name__ == "__main__":
    main()
