"""Each fault of the portals with accounts (the Certificate Desk, the Services API), from the simulated world's switchboard,
with its stated outcome."""
from broker import main
from fault_frame import FaultTest, doubtful
from support import until

from accounts import adapter, route

ELSEWHERE = {"redirect_host": {"detail": "https://portal.invalid/elsewhere"}, "redirect_http": {"detail": "http://127.0.0.1:9/elsewhere"}}
PASSING = (("slow", {"delay": "1s"}), ("hang", {"delay": "60s"}), ("truncate", {}), ("close_without_answer", {}), ("drop_before", {}),
           ("rate_limit", {"detail": "1"}), ("maintenance", {"detail": "1"}))
LASTING = (("changed_page", {}), ("deep_tables", {}), ("wrong_page", {}), ("empty", {}), ("garbage", {}), ("half", {}), ("charset", {}),
           ("huge", {"bytes": 500_000_000}), ("gzip_bomb", {"bytes": 500_000_000}), *ELSEWHERE.items())
NOTHING_TO_KEEP = ("empty", *ELSEWHERE)
CERTIFICATES = ("expired_certificate", "wrong_host_certificate")


class AccountFaultsTest(FaultTest):
    """The frame for both; the subclasses have the tests."""
    portal = None
    order_facts = {"account": "main"}

    @classmethod
    def configure(cls, settings):
        settings["adapters"] = {cls.portal: adapter(cls.portal, cls.folder.name, cls.world.ready)}
        settings["routes"] = [route(cls.portal, "rapidssl")]

    def clock_jumps(self):
        """An order before and one after each jump: what was open with the portal ends there, and nothing here."""
        self.issued_once(*self.ask())
        for jump in ("3h", "-3h", "-3h", "3h"):
            with self.subTest(jump=jump):
                order, request = self.ask()
                self.world.control("POST", "/clock", {"advance": jump})
                self.issued_once(order, request)

    def never_done(self, order, request):
        """It stops, and the CA was asked for nothing."""
        now = self.stopped(request)
        self.assertNotEqual(now["state"], "succeeded", self.broker.story(request["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0, self.broker.story(request["id"]))
        if not now["settled"]:
            self.broker.post(f"/v1/requests/{request['id']}/cancel", {})
        return now

    def a_certificate_at_the_connection(self, place):
        """A certificate that is not to be trusted: nothing is sent, and it goes on once the right one is back."""
        for what in CERTIFICATES:
            with self.subTest(what=what):
                self.world.no_faults()
                self.broker.kill()
                self.world.fault(place, what, times=0)
                self.broker.start()
                order, request = self.ask()
                until(lambda: (self.now(request)["last_problem"] or {}).get("code") == "upstream_unreachable",
                      why="it did not say that the portal is not to be reached")
                self.assertFalse(self.now(request)["settled"])
                self.hit()
                self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0)
                self.world.no_faults()
                self.issued_once(order, request)


class DeskFaultsTest(AccountFaultsTest):
    portal = "desk"
    LOGIN, SEARCH, ORDER, FORM, STEP, SUBMIT = (
        "desk_portal." + each for each in ("login.page", "search.page", "order.page", "reissue.page", "reissue.submit", "reissue.confirm"))
    # A session is open from the test before: this ends it.
    SESSION_ENDS = (SEARCH, "login_page")

    def test_passing_faults_are_waited_out(self):
        self.each_fault_is_passed([(self.SEARCH, what, more) for what, more in PASSING])
        self.each_fault_is_passed([(self.FORM, "charset", {"detail": "iso-8859-1"}), (self.FORM, "foreign_cookies", {}),
                                   (self.STEP, "drop_after_commit", {}), (self.STEP, "hang", {"delay": "60s"})])

    def test_passing_faults_of_the_sign_in_are_waited_out(self):
        some = ("slow", "truncate", "drop_before", "maintenance")
        self.each_fault_is_passed([(self.LOGIN, what, more) for what, more in PASSING if what in some], self.SESSION_ENDS)

    def test_the_login_page_in_place_of_any_page_is_a_new_sign_in(self):
        self.issued_once(*self.ask())
        for where in (self.SEARCH, self.ORDER, self.FORM, self.STEP):
            with self.subTest(where=where):
                before = self.sign_ins()
                self.each_fault_is_passed([(where, "login_page", {})])
                self.assertEqual(self.sign_ins() - before, 1)

    def sign_ins(self):
        return self.world.control("GET", "/books")["accounts"]["hauptkonto"]["sign_ins"]

    def test_a_doubtful_submit_is_done_once(self):
        self.each_fault_is_passed(doubtful(self.SUBMIT, ELSEWHERE["redirect_host"]["detail"], ELSEWHERE["redirect_http"]["detail"]))

    def test_a_portal_that_stays_strange_stops_the_request_before_anything_is_done(self):
        self.each_fault_stops_it([(self.SEARCH, what, more) for what, more in LASTING], nothing_to_keep=NOTHING_TO_KEEP)

    def test_a_sign_in_that_stays_strange_stops_the_request_before_anything_is_done(self):
        some = ("changed_page", "garbage", "redirect_host")
        self.each_fault_stops_it([(self.LOGIN, what, more) for what, more in LASTING if what in some], self.SESSION_ENDS,
                                 nothing_to_keep=NOTHING_TO_KEEP)

    def test_a_login_page_that_comes_again_and_again_is_no_endless_loop(self):
        self.world.fault(self.SEARCH, "login_page", times=0)
        order, request = self.ask()
        before = self.sign_ins()
        self.never_done(order, request)
        self.assertLess(self.sign_ins() - before, 5)

    def test_two_forms_of_one_name_are_not_guessed_at(self):
        self.world.fault(self.FORM, "duplicate_form", times=0)
        done = self.never_done(*self.ask())
        self.assertEqual((done["state"], done["outcome"]["code"]), ("failed", "unknown_page"))
        self.hit()

    def test_the_page_of_another_order_is_never_taken_for_ours(self):
        self.issued_once(*self.ask())
        self.world.fault(self.ORDER, "other_order", times=0)
        self.never_done(*self.ask())
        self.hit()

    def test_a_certificate_not_to_be_trusted_is_waited_out(self):
        self.a_certificate_at_the_connection("desk_portal.connect")

    def test_jumps_of_the_portals_clock_lose_nothing(self):
        self.clock_jumps()


class ServicesFaultsTest(AccountFaultsTest):
    portal = "services"
    INFO, SUBMIT, DOWNLOAD = "api.order.info", "api.reissue", "api.download"

    def test_passing_faults_are_waited_out(self):
        self.each_fault_is_passed([(self.INFO, what, more) for what, more in PASSING])
        self.each_fault_is_passed([(self.INFO, "foreign_cookies", {}), (self.DOWNLOAD, "drop_before", {}), (self.DOWNLOAD, "truncate", {})])

    def test_a_doubtful_submit_is_done_once(self):
        self.each_fault_is_passed(doubtful(self.SUBMIT, ELSEWHERE["redirect_host"]["detail"], ELSEWHERE["redirect_http"]["detail"]))

    def test_an_api_that_stays_strange_stops_the_request_before_anything_is_done(self):
        self.each_fault_stops_it([(self.INFO, what, more) for what, more in (*LASTING, ("login_page", {}))],
                                 nothing_to_keep=NOTHING_TO_KEEP)

    def test_another_orders_answer_is_never_taken_for_ours(self):
        self.issued_once(*self.ask())
        self.world.fault(self.INFO, "other_order", times=0)
        self.never_done(*self.ask())
        self.hit()

    def test_a_key_that_is_refused_waits_for_its_correction(self):
        self.world.control("POST", "/accounts", {"name": "nebenkonto", "api_key": "SIMKEY-SECOND-OTHER-1AA1"})
        order = {**self.new_order(account="second"), "account": "second"}
        request = self.broker.ask("revoke", order, params={"reason": "fault test", "scope": "order"})
        now = self.stopped(request)
        self.assertEqual((now["state"], now["last_problem"]["code"]), ("backoff", "adapter_misconfigured"))
        self.assertEqual(self.world.books(order["supplier_order_id"])["revokes"], 0)
        # The other account goes on.
        self.issued_once(*self.ask())
        self.broker.post(f"/v1/requests/{request['id']}/cancel", {})

    def test_a_certificate_not_to_be_trusted_is_waited_out(self):
        self.a_certificate_at_the_connection("api.connect")

    def test_jumps_of_the_portals_clock_lose_nothing(self):
        self.clock_jumps()


if __name__ == "__main__":
    main()
