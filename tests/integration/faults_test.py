"""The portal and the outside process fail in every way while a reissue runs: it is done once, and proven."""
import os
import signal
import time

from broker import IntegrationTest, main
from support import make_csr, until


class PortalFaultsTest(IntegrationTest):
    broker_changes = {"engine": {"step_deadline": "3s", "settle": "300ms", "retry": {"first": "50ms", "max": "300ms"},
                                 "poll": {"first": "50ms", "max": "200ms"}}}

    def reissue(self, **more):
        order = self.new_order(**more)
        return order, self.broker.ask("reissue", order, params={"csr": make_csr(order["common_name"]), "reason": "fault test",
                                                                "validation_method": "email"})

    def issued_once(self, order, request):
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), self.broker.story(done["id"]))
        books = self.world.books(order["supplier_order_id"])
        self.assertEqual((books["reissues"], books["reissues_issued"]), (1, 1), self.broker.story(done["id"]))
        return done

    def test_check_looks_and_changes_nothing(self):
        def check(name):
            return self.broker.post(f"/v1/adapters/{name}/check")
        until(lambda: self.broker.get("/v1/adapters/portal")["state"] == "up", why="the adapters did not come up")
        good = check("portal")
        self.assertEqual((good["adapter"], good["ok"], good["facts"].get("step")), ("portal", True, "open_login"), good)
        self.assertTrue(check("sectigo")["ok"])
        for where, what, name in (("portal.login.page", "wrong_page", "portal"), ("portal.login.page", "status_500", "portal"),
                                  ("smtp.connect", "down", "sectigo"), ("smtp.starttls", "drop_before", "sectigo")):
            with self.subTest(where=where, what=what):
                self.world.fault(where, what, times=0)
                bad = check(name)
                self.assertFalse(bad["ok"], bad)
                self.assertTrue(bad["detail"])
                self.world.no_faults()
                self.assertTrue(check(name)["ok"])
        self.assertEqual(self.world.mails(), [])

    def test_passing_faults_of_pages_are_waited_out(self):
        for place, what in (("portal.login.page", "status_500"), ("portal.login.page", "down")):
            with self.subTest(place=place, what=what):
                self.world.fault("portal.connect" if what == "down" else place, what, times=1, detail="1")
                order, request = self.reissue()
                self.broker.sign_in(self.world, request, order["admin_email"])
                self.issued_once(order, request)
                self.world.no_faults()

    def test_unknown_pages_stop_the_request_and_are_kept_as_evidence(self):
        for what in ("empty", "garbage", "wrong_page", "huge"):
            with self.subTest(what=what):
                self.world.fault("portal.login.page", what, times=0, bytes=30_000_000)
                order = self.new_order()
                request = self.broker.ask("status", order)
                end = time.monotonic() + 25
                now = request
                while time.monotonic() < end and not now["settled"] and now["state"] != "backoff":
                    time.sleep(0.05)
                    now = self.broker.get("/v1/requests/" + request["id"])
                story = self.broker.story(request["id"])
                if now["state"] == "backoff":
                    self.assertTrue(now["last_problem"]["code"], story)
                else:
                    self.assertIn(now["outcome"]["code"], ("unknown_page", "certificate_rejected"), story)
                    self.assertTrue(now["outcome"]["evidence"] or what in ("empty", "huge"), story)
                self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 0)
                self.world.no_faults()
        self.assertTrue(self.broker.outside())

    def test_lost_answer_to_the_code_costs_one_more_code_at_most(self):
        for what in ("truncate", "maintenance", "drop_after_commit"):
            with self.subTest(what=what):
                self.world.fault("portal.order.page", what, times=1, detail="1")
                order, request = self.reissue()
                self.broker.sign_in(self.world, request, order["admin_email"])
                now = until(lambda: self.settled_or_second_code(order, request), why=self.broker.story(request["id"]))
                if not now["settled"]:
                    self.broker.give(request, self.world.code(order["admin_email"]))
                self.issued_once(order, request)
                self.assertLessEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 2)

    def settled_or_second_code(self, order, request):
        now = self.broker.get("/v1/requests/" + request["id"])
        return now if now["settled"] else self.second_code(order, request)

    def test_login_page_instead_of_the_order_is_a_new_sign_in(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.wait(request, "needs_input")
        self.world.fault("portal.order.page", "login_page", times=1)
        self.broker.give(request, self.world.code(order["admin_email"]))
        again = until(lambda: self.second_code(order, request), why=self.broker.story(request["id"]))
        self.broker.give(again, self.world.code(order["admin_email"]))
        self.assertEqual(self.broker.wait(request)["state"], "succeeded", self.broker.story(request["id"]))

    def second_code(self, order, request):
        now = self.broker.get("/v1/requests/" + request["id"])
        mailed = self.world.books(order["supplier_order_id"])["codes_mailed"]
        return now if mailed == 2 and now["state"] == "needs_input" else None

    def test_dropped_after_commit_is_proven_and_never_repeated(self):
        order, request = self.reissue(dcv="manual")
        self.world.fault("portal.reissue.submit", "drop_after_commit", times=1)
        self.broker.sign_in(self.world, request, order["admin_email"])
        until(lambda: self.was_in(request, "outcome_unknown"), why="the doubt is not on record: " + self.broker.story(request["id"]))
        self.world.control("POST", f"/orders/{order['supplier_order_id']}/dcv")
        self.issued_once(order, request)

    def was_in(self, request, state):
        return any(item["state"] == state for item in self.broker.timeline(request))

    def test_dropped_before_commit_is_repeated_after_proof_only(self):
        order, request = self.reissue()
        self.world.fault("portal.reissue.submit", "drop_before", times=1)
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.issued_once(order, request)
        self.assertTrue(self.was_in(request, "outcome_unknown"), self.broker.story(request["id"]))

    def test_server_error_after_commit_does_it_once(self):
        order, request = self.reissue()
        self.world.fault("portal.reissue.submit", "status_500", times=1, commit=True)
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.issued_once(order, request)

    def test_hanging_portal_is_proven_after_its_deadline(self):
        order, request = self.reissue()
        self.world.fault("portal.reissue.submit", "hang", times=1, delay="60s")
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.issued_once(order, request)

    def outside_lost(self, how):
        order, request = self.reissue()
        self.world.fault("portal.reissue.submit", "delay", times=1, delay="2s")
        self.broker.sign_in(self.world, request, order["admin_email"])
        until(lambda: self.world.books(order["supplier_order_id"])["reissues"] == 1, why=self.broker.story(request["id"]))
        outside = self.broker.outside()
        os.kill(outside, how)
        self.assertEqual(self.broker.answers("/v1/stats"), 200, "the core goes on serving")
        return order, request, outside

    def test_outside_killed_during_a_step_loses_nothing(self):
        order, request, outside = self.outside_lost(signal.SIGKILL)
        until(lambda: self.broker.outside() not in (None, outside), why="no new outside")
        self.issued_once(order, request)

    def test_outside_stopped_during_a_step_loses_nothing(self):
        order, request, outside = self.outside_lost(signal.SIGSTOP)
        try:
            until(lambda: self.was_in(request, "outcome_unknown") or self.broker.outside() != outside, 40,
                  why=self.broker.story(request["id"]))
        finally:
            try:
                os.kill(outside, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.issued_once(order, request)


if __name__ == "__main__":
    main()
