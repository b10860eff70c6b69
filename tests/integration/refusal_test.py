"""What goes otherwise than wished: refusals by policy and by the portal, wrong and expired codes, cancel, retry,
approval. Each ends in a documented state and stays on record."""
import os

import yaml

from broker import IntegrationTest, main
from support import make_csr, until

PROFILE = os.path.join(os.path.dirname(__file__), "..", "..", "config", "profiles", "digicert-guest.yaml")


class RefusalTest(IntegrationTest):
    def settled(self, request, state, code):
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), (state, code), self.broker.story(done["id"]))
        self.assertTrue(done["outcome"]["detail"])
        entries = [item for item in self.broker.timeline(done) if item["state"] == state]
        self.assertEqual(len(entries), 1, "the end stands in the timeline once")
        return done

    def refused(self, kind, order, code, **more):
        """Refused on the spot: 201, rejected, settled."""
        request = self.broker.ask(kind, order, **more)
        self.assertEqual((request["state"], request["settled"], request["outcome"]["code"]), ("rejected", True, code))
        self.assertTrue(request["outcome"]["detail"])
        self.assertEqual(self.settled(request, "rejected", code)["id"], request["id"])
        preview = self.broker.post("/v1/route-preview", {"kind": kind, "order": {"id": request["order"]["id"]}, **more})
        self.assertEqual((preview["decision"], preview["outcome"]["code"]), ("reject", code))
        return request

    def known(self, number, name, status, brand="rapidssl", **more):
        return self.broker.post("/v1/orders", {"supplier_order_id": number, "common_name": name, "status": status, "brand": brand,
                                               "admin_email": "ops@example.com", **more}, 201)

    def test_order_status_decides_before_anything_is_sent(self):
        table = [("pending", "reissue", "order_pending"), ("processing", "revoke", "order_pending"),
                 ("needs_csr", "reissue", "order_needs_csr"), ("needs_approval", "download", "order_needs_approval"),
                 ("reissue_pending", "reissue", "reissue_already_pending"), ("rejected", "reissue", "order_rejected"),
                 ("canceled", "reissue", "order_canceled"), ("revoked", "reissue", "order_revoked"),
                 ("expired", "revoke", "order_expired"), ("issued", "cancel", "order_issued")]
        for index, (status, kind, code) in enumerate(table):
            with self.subTest(status=status, kind=kind):
                name = f"status{index}.example.com"
                order = self.known(f"77000{index}", name, status)
                params = {"csr": make_csr(name)} if kind == "reissue" else {}
                self.refused(kind, {"id": order["id"]}, code, params=params)

    def test_cancel_of_a_pending_order_points_to_the_control_panel(self):
        order = self.known("771001", "pending.example.com", "pending")
        request = self.refused("cancel", {"id": order["id"]}, "not_supported_by_channel")
        self.assertIn("Control Panel", request["outcome"]["hint"])

    def test_csr_for_another_name_is_refused_on_record(self):
        order = self.known("771002", "mine.example.com", "issued")
        self.refused("reissue", {"id": order["id"]}, "csr_name_mismatch", params={"csr": make_csr("other.example.com")})

    def test_ticket_without_its_facts_is_refused_before_anything_is_sent(self):
        order = self.known("771003", "shop.example.com", "issued", brand="trustwave")
        bare = self.broker.post("/v1/orders", {"brand": "sectigo", "common_name": "bare.example.com", "status": "issued"}, 201)
        request = self.refused("reissue", {"id": bare["id"]}, "missing_facts", params={"csr": make_csr("bare.example.com")})
        self.assertIn("supplier_order_id", request["outcome"]["detail"])
        self.refused("status", {"id": order["id"]}, "not_supported_by_channel")
        self.assertEqual(self.world.mails(), [])

    def test_wrong_contact_ends_the_request(self):
        order = self.new_order()
        order["admin_email"] = "stranger@example.com"
        done = self.settled(self.broker.ask("status", order), "rejected", "wrong_contact")
        self.assertTrue(done["outcome"]["hint"])
        self.assertIsNone(self.world.code("stranger@example.com"))

    def test_unknown_order_and_closed_guest_access_end_the_request(self):
        self.settled(self.broker.ask("status", {"brand": "thawte", "common_name": "no.example.com", "supplier_order_id": "123123123",
                                                "admin_email": "no@example.com"}), "rejected", "unknown_order")
        for access, code in (("disabled", "guest_access_disabled"), ("unapproved", "awaiting_approval")):
            order = self.new_order(guest_access=access)
            self.settled(self.broker.ask("status", order), "rejected", code)

    def test_portal_shows_another_status_than_the_inventory(self):
        order = self.new_order(status="revoked")
        request = self.broker.ask("reissue", {**order, "status": "issued"}, params={"csr": make_csr(order["common_name"])})
        self.broker.sign_in(self.world, request, order["admin_email"])
        done = self.broker.wait(request)
        self.assertEqual(done["state"], "rejected", self.broker.story(done["id"]))
        self.assertIn("revoked", done["outcome"]["code"] + done["outcome"]["detail"].lower())
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0)

    def test_wrong_codes_cost_attempts_until_none_is_left(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        asked = self.broker.wait(request, "needs_input")
        expires = asked["needs"][0]["expires_at"]
        path = f"/v1/requests/{request['id']}/inputs"

        # What cannot be a code costs nothing.
        for value in ("", "AB", "has blank", "x" * 1100):
            problem = self.broker.problem("POST", path, {"name": "access_code", "value": value})
            self.assertEqual(problem["errors"][0]["pointer"], "/value")
            self.assertNotIn("x" * 50, str(problem))
        self.broker.problem("POST", path, {"name": "csr", "value": "x"}, 409, "input_not_needed")

        for left in (2, 1):
            self.broker.give(request, "WRONGC22")
            again = until(lambda: self.asked_again(request, left), why=self.broker.story(request["id"]))
            self.assertEqual(again["needs"][0]["last_error"]["code"], "access_code_wrong")
            self.assertEqual(again["needs"][0]["expires_at"], expires)
        self.broker.give(request, "WRONGC22")
        self.settled(request, "failed", "access_code_attempts_exhausted")
        self.assertEqual(self.world.books(order["supplier_order_id"])["wrong_codes"], 3)
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 1, "no silent retry")
        self.broker.problem("POST", path, {"name": "access_code", "value": "WRONGC22"}, 409, "input_not_needed")

    def asked_again(self, request, left):
        now = self.broker.get("/v1/requests/" + request["id"])
        return now if now["state"] == "needs_input" and now["needs"][0]["attempts_left"] == left else None

    def test_right_code_after_a_wrong_one_goes_on(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.wait(request, "needs_input")
        self.broker.give(request, "WRONGC22")
        until(lambda: self.asked_again(request, 2), why=self.broker.story(request["id"]))
        self.broker.give(request, self.world.code(order["admin_email"]).lower())
        self.settled(request, "succeeded", "status_read")

    def test_cancel_before_the_portal_was_asked(self):
        order = self.new_order()
        request = self.broker.ask("reissue", order, params={"csr": make_csr(order["common_name"])})
        self.broker.wait(request, "needs_input")
        done = self.broker.post(f"/v1/requests/{request['id']}/cancel", {"reason": "not needed"})
        self.assertEqual((done["state"], done["outcome"]["code"], done["outcome"]["detail"]), ("canceled", "canceled", "not needed"))
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0)
        self.broker.problem("POST", f"/v1/requests/{request['id']}/cancel", None, 409, "state_conflict")
        self.broker.problem("POST", f"/v1/requests/{request['id']}/inputs", {"name": "access_code", "value": "ABCD2345"}, 409,
                            "input_not_needed")

    def test_cancel_after_the_portal_was_asked_needs_abandon(self):
        order = self.new_order(dcv="manual")
        request = self.broker.ask("reissue", order, params={"csr": make_csr(order["common_name"]), "validation_method": "dns-txt-token",
                                                            "reason": "moved"})
        self.broker.sign_in(self.world, request, order["admin_email"])
        until(lambda: self.world.books(order["supplier_order_id"])["reissues"] == 1, why=self.broker.story(request["id"]))
        asked = until(lambda: self.publication(request), why=self.broker.story(request["id"]))
        self.assertEqual(asked["needs"][0]["details"]["domain"], order["common_name"])
        self.assertTrue({"method", "where", "value", "expires_at"} <= set(asked["needs"][0]["details"]))
        self.broker.problem("POST", f"/v1/requests/{request['id']}/cancel", {}, 409, "state_conflict")
        done = self.broker.post(f"/v1/requests/{request['id']}/cancel", {"abandon": True})
        self.assertEqual((done["state"], done["outcome"]["code"]), ("canceled", "abandoned"))
        self.assertEqual(self.world.books(order["supplier_order_id"])["cancels"], 0)

    def publication(self, request):
        now = self.broker.get("/v1/requests/" + request["id"])
        return now if now["needs"] and now["needs"][0]["name"] == "dcv_publication" else None

    def test_polling_goes_on_while_the_token_is_published(self):
        order = self.new_order(dcv="manual")
        request = self.broker.ask("reissue", order, params={"csr": make_csr(order["common_name"]), "validation_method": "dns-txt-token"})
        self.broker.sign_in(self.world, request, order["admin_email"])
        until(lambda: self.publication(request), why=self.broker.story(request["id"]))
        self.broker.give(request, "done", "dcv_publication")
        self.world.control("POST", f"/orders/{order['supplier_order_id']}/dcv")
        self.settled(request, "succeeded", "issued")

    def test_retry_of_a_settled_request_is_a_new_one(self):
        order = self.new_order()
        request = self.broker.ask("status", order, labels={"team": "web"}, external_ref={"system": "rt", "id": "9"})
        path = f"/v1/requests/{request['id']}/retry"
        self.broker.wait(request, "needs_input")
        self.broker.problem("POST", path, None, 409, "state_conflict")
        self.broker.post(f"/v1/requests/{request['id']}/cancel")

        reply = self.broker.call("POST", path)
        new = reply.json

        self.assertEqual((reply.status, reply.headers["Location"]), (201, "/v1/requests/" + new["id"]))
        self.assertEqual((new["retry_of"], new["labels"], new["external_ref"]), (request["id"], {"team": "web"}, {"system": "rt", "id": "9"}))
        self.broker.problem("POST", path, None, 409, "duplicate_active_request")
        self.broker.sign_in(self.world, new, order["admin_email"])
        self.settled(new, "succeeded", "status_read")
        self.broker.problem("POST", f"/v1/requests/{new['id']}/retry", None, 409, "state_conflict")

    def test_nothing_is_sent_before_the_time_that_the_portal_named(self):
        self.world.fault("portal.login.page", "maintenance", times=0, detail="3600")
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.wait_state(request, "backoff")
        self.world.no_faults()
        self.broker.post(f"/v1/requests/{request['id']}/retry")
        now = until(lambda: self.held_back(request), why=self.broker.story(request["id"]))
        self.assertIn("the portal named", now["last_problem"]["detail"])
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 0)

    def held_back(self, request):
        now = self.broker.get("/v1/requests/" + request["id"])
        return now if now["state"] == "backoff" and "maintenance" not in now["last_problem"]["detail"] else None


class RetryTest(IntegrationTest):
    """Here the broker itself would wait for long before it tries again."""
    broker_changes = {"engine": {"step_deadline": "20s", "retry": {"first": "10m", "max": "10m"}}}

    def test_retry_of_a_waiting_request_makes_it_due_now(self):
        self.world.fault("portal.connect", "down", times=0)
        order = self.new_order()
        request = self.broker.ask("status", order)
        waiting = self.broker.wait_state(request, "backoff")
        self.assertIsNotNone(waiting["next_attempt_at"])
        self.assertTrue(waiting["last_problem"]["code"])
        self.world.no_faults()
        self.broker.post(f"/v1/requests/{request['id']}/retry")
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.assertEqual(self.broker.wait(request)["state"], "succeeded", self.broker.story(request["id"]))


class ExpiryTest(IntegrationTest):
    """The portal's clock runs ahead, so these have a world of their own; certificates are not looked at."""

    def test_code_the_portal_calls_expired_brings_one_new_sign_in(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        asked = self.broker.wait(request, "needs_input")
        self.assertIsNone(asked["needs"][0]["last_error"])
        old = self.world.code(order["admin_email"])

        self.world.control("POST", "/clock", {"advance": "3h"})
        self.broker.give(request, old)
        again = until(lambda: self.with_error(request), why=self.broker.story(request["id"]))
        self.assertEqual(again["needs"][0]["last_error"]["code"], "access_code_expired")
        new = self.world.code(order["admin_email"])
        self.assertNotEqual(new, old)

        self.world.control("POST", "/clock", {"advance": "3h"})
        self.broker.give(request, new)
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("expired", "access_code_expired"), self.broker.story(done["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 2)

    def with_error(self, request):
        now = self.broker.get("/v1/requests/" + request["id"])
        return now if now["state"] == "needs_input" and now["needs"][0]["last_error"] else None


class ShortCodeTest(IntegrationTest):
    """A profile whose codes live a second."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker.stop()
        with open(PROFILE, encoding="utf-8") as file:
            profile = yaml.safe_load(file)
        profile["access_code"]["ttl"] = "1s"
        path = os.path.join(cls.folder.name, "short.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(profile, file)
        cls.broker.settings["adapters"]["portal"]["profile"] = path
        cls.broker.write_config()
        cls.broker.start()

    def test_no_input_in_time_ends_expired(self):
        order = self.new_order()
        done = self.broker.wait(self.broker.ask("status", order))
        self.assertEqual((done["state"], done["outcome"]["code"]), ("expired", "access_code_expired"), self.broker.story(done["id"]))


class HumanTest(IntegrationTest):
    """With an adapter for what people do by hand, and approval of reissues of old brands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker.stop()
        cls.broker.settings["adapters"]["control-panel"] = {"type": "human"}
        cls.broker.settings["policy"] = {"legacy_reissue": "block"}
        cls.broker.write_config()
        cls.broker.start()

    def test_cancel_of_a_pending_order_is_done_by_a_person(self):
        order = self.broker.post("/v1/orders", {"brand": "rapidssl", "common_name": "p.example.com", "supplier_order_id": "990001",
                                                "status": "pending", "admin_email": "a@example.com"}, 201)
        request = self.broker.ask("cancel", {"id": order["id"]}, params={"reason": "customer left"})
        asked = self.broker.wait(request, "needs_input")
        self.assertEqual((asked["state"], asked["needs"][0]["name"], asked["next_actor"]),
                         ("needs_input", "channel_confirmation", "operator"))
        self.broker.give(request, "done", "channel_confirmation")
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "canceled"), self.broker.story(done["id"]))

    def test_blocked_brand_is_rejected(self):
        order = self.broker.post("/v1/orders", {"brand": "geotrust", "common_name": "old.example.com", "supplier_order_id": "990002",
                                                "admin_email": "a@example.com", "status": "issued"}, 201)
        request = self.broker.ask("reissue", {"id": order["id"]}, params={"csr": make_csr("old.example.com")})
        self.assertEqual((request["state"], request["outcome"]["code"]), ("rejected", "brand_discontinued"))


if __name__ == "__main__":
    main()
