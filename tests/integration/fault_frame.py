"""What the fault tests of all portals share: one reissue under one fault, and what may become of it."""
import time

from broker import IntegrationTest
from support import make_csr, until


class FaultTest(IntegrationTest):
    """Two rules hold for every fault: the CA is asked for at most one reissue, and what is not proven is not called done."""
    broker_changes = {"engine": {"step_deadline": "3s", "settle": "300ms", "retry": {"first": "50ms", "max": "300ms"},
                                 "poll": {"first": "50ms", "max": "200ms"}}}
    # Of the order, for the broker.
    order_facts = {}

    def ask(self, **more):
        order = {**self.new_order(**more), **self.order_facts}
        return order, self.broker.ask("reissue", order, params={
            "csr": make_csr(order["common_name"]), "reason": "fault test", "validation_method": "email"})

    def now(self, request):
        return self.broker.get("/v1/requests/" + request["id"])

    def code_of(self, order):
        try:
            return self.world.code(order["admin_email"])
        except AssertionError:
            return None

    def carry(self, order, request, limit=40):
        """Gives each code that is asked for, until the request is settled."""
        given, end = set(), time.monotonic() + limit
        while time.monotonic() < end:
            now = self.now(request)
            if now["settled"]:
                return now
            asked = [need["name"] for need in now["needs"]]
            if now["next_actor"] == "requester" and asked == ["access_code"]:
                code = self.code_of(order)
                if code and code not in given:
                    given.add(code)
                    self.broker.call("POST", f"/v1/requests/{request['id']}/inputs", {"name": "access_code", "value": code})
            time.sleep(0.03)
        self.fail("not settled: " + self.broker.story(request["id"]))

    def issued_once(self, order, request):
        done = self.carry(order, request)
        story = self.broker.story(request["id"])
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), story)
        books = self.world.books(order["supplier_order_id"])
        self.assertEqual((books["reissues"], books["reissues_issued"]), (1, 1), story)
        return done

    def stopped(self, request):
        """The request once it is settled, or waits and says why."""
        def found():
            now = self.now(request)
            return now if now["settled"] or now["state"] == "backoff" else None
        return until(found, 25, why=f"it neither stopped nor waits: {self.now(request)}")

    def hit(self, place=None):
        """The faults that were set (at `place`) have struck; one that strikes once is then forgotten."""
        left = [fault for fault in self.world.control("GET", "/faults")["items"]
                if not fault["hits"] and place in (None, fault["where"])]
        self.assertEqual(left, [], "a fault was never met: the test showed nothing")

    def each_fault_is_passed(self, faults, *before):
        """One reissue under each of (place, what, more), which strikes once; `before` strikes first each time."""
        for where, what, more in faults:
            with self.subTest(where=where, what=what):
                self.world.no_faults()
                for first in before:
                    self.world.fault(*first, times=1)
                self.world.fault(where, what, times=1, **more)
                self.issued_once(*self.ask())
                self.hit()

    def each_fault_stops_it(self, faults, *before, nothing_to_keep=()):
        """One reissue under each of (place, what, more), which stays: it fails as an unknown page, or waits and says why."""
        for where, what, more in faults:
            with self.subTest(where=where, what=what):
                self.world.no_faults()
                for first in before:
                    self.world.fault(*first, times=1)
                self.world.fault(where, what, times=0, **more)
                order, request = self.ask()
                now = self.stopped(request)
                story = self.broker.story(request["id"])
                if now["settled"]:
                    self.assertEqual((now["state"], now["outcome"]["code"]), ("failed", "unknown_page"), story)
                    self.assertTrue(now["outcome"]["hint"], story)
                    self.assertTrue(now["outcome"]["evidence"] or what in nothing_to_keep, story)
                else:
                    self.assertTrue(now["last_problem"]["code"] and now["last_problem"]["detail"], story)
                    self.broker.post(f"/v1/requests/{request['id']}/cancel", {})
                books = self.world.books(order["supplier_order_id"])
                self.assertEqual((books["reissues"], books["codes_mailed"]), (0, 0), story)
                self.hit(where)
        self.assertTrue(self.broker.outside())


def doubtful(place, host_url, http_url):
    """What may happen to the answer of a submit at `place`: whatever becomes of it, the effect is done once and proven."""
    return [(place, what, more) for what, more in (
        ("drop_after_commit", {}), ("drop_before", {}), ("close_without_answer", {}), ("truncate", {}), ("half", {}), ("empty", {}),
        ("garbage", {}), ("huge", {"bytes": 20_000_000}), ("gzip_bomb", {"bytes": 200_000_000}), ("hang", {"delay": "60s"}),
        ("status_500", {"commit": True}), ("wrong_page", {"commit": True}), ("login_page", {"commit": True}),
        ("redirect_host", {"commit": True, "detail": host_url}), ("redirect_http", {"commit": True, "detail": http_url}))]
