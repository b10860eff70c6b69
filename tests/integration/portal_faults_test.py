"""Each fault of a guest portal and of its mailbox, from the simulated world's switchboard, with its stated outcome."""
from broker import main
from fault_frame import FaultTest, doubtful
from support import until

LOGIN, CODE, ORDER, FORM, SUBMIT = ("portal.login.page", "portal.code.page", "portal.order.page", "portal.reissue.page",
                                    "portal.reissue.submit")
# Passing faults: the request goes on by itself and is issued.
PASSING = [
    (LOGIN, "slow", {"delay": "1s"}),
    (LOGIN, "hang", {"delay": "60s"}),
    (LOGIN, "truncate", {}),
    (LOGIN, "rate_limit", {"detail": "1"}),
    (LOGIN, "maintenance", {"detail": "1"}),
    ("portal.connect", "expired_certificate", {}),
    ("portal.connect", "wrong_host_certificate", {}),
    (FORM, "slow", {"delay": "1s"}),
    (FORM, "close_without_answer", {}),
    (FORM, "charset", {"detail": "iso-8859-1"}),
    (FORM, "foreign_cookies", {}),
    (FORM, "drop_before", {}),
]
DOUBTFUL = doubtful(SUBMIT, "https://portal.invalid/guest/order", "http://127.0.0.1:9/guest/order")
# A portal that stays like this before anything was asked of the CA: the request stops and says why; nothing was done.
LASTING = [
    (LOGIN, "changed_page", {}),
    (LOGIN, "deep_tables", {}),
    (LOGIN, "wrong_page", {}),
    (LOGIN, "empty", {}),
    (LOGIN, "garbage", {}),
    (LOGIN, "huge", {"bytes": 500_000_000}),
    (LOGIN, "gzip_bomb", {"bytes": 500_000_000}),
    (LOGIN, "half", {}),
    (LOGIN, "charset", {}),
    (LOGIN, "redirect_host", {"detail": "https://portal.invalid/guest/login"}),
    (LOGIN, "redirect_http", {"detail": "http://127.0.0.1:9/guest/login"}),
]
NOTHING_TO_KEEP = ("empty", "redirect_host", "redirect_http")


class PortalFaultsTest(FaultTest):
    def test_passing_faults_are_waited_out(self):
        self.each_fault_is_passed(PASSING)

    def test_a_doubtful_submit_is_done_once(self):
        self.each_fault_is_passed(DOUBTFUL)

    def test_a_portal_that_stays_strange_stops_the_request_before_anything_is_done(self):
        self.each_fault_stops_it(LASTING, nothing_to_keep=NOTHING_TO_KEEP)

    def test_two_forms_of_one_name_are_not_guessed_at(self):
        self.world.fault(FORM, "duplicate_form", times=0)
        order, request = self.ask()
        done = self.carry(order, request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("failed", "unknown_page"), self.broker.story(request["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0)

    def test_the_page_of_another_order_is_never_taken_for_ours(self):
        order, request = self.ask()
        self.world.fault(ORDER, "other_order", times=0)
        self.broker.sign_in(self.world, request, order["admin_email"])
        now = self.stopped(request)
        self.assertNotEqual(now["state"], "succeeded")
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 0)

    def test_the_login_page_in_place_of_any_page_is_a_new_sign_in(self):
        for where in (ORDER, FORM):
            with self.subTest(where=where):
                self.world.no_faults()
                self.world.fault(where, "login_page", times=1)
                self.issued_once(*self.ask())
                self.hit()

    def test_a_captcha_asks_for_a_person(self):
        self.world.fault(LOGIN, "captcha", times=1)
        order, request = self.ask()
        asked = self.broker.wait(request, "needs_input")
        self.assertEqual(asked["needs"][0]["name"], "human_login", self.broker.story(request["id"]))
        self.broker.give(request, "done", "human_login")
        self.issued_once(order, request)

    def test_a_code_mailed_twice_counts_once(self):
        self.world.fault("mail.code", "twice", times=1)
        self.issued_once(*self.ask())

    def test_a_code_that_never_comes_is_mailed_anew_for_a_new_request(self):
        self.world.fault("mail.code", "lost", times=1)
        order, request = self.ask()
        asked = self.broker.wait(request, "needs_input")
        self.assertEqual(asked["needs"][0]["name"], "access_code")
        self.assertTrue(asked["needs"][0]["expires_at"])
        self.broker.post(f"/v1/requests/{request['id']}/cancel", {})
        again = self.broker.post(f"/v1/requests/{request['id']}/retry", None, 201)
        self.issued_once(order, again)

    def test_the_code_of_another_order_is_a_wrong_code(self):
        first, request = self.ask()
        second, other = self.ask()
        self.broker.wait(request, "needs_input")
        self.broker.wait(other, "needs_input")
        self.broker.give(request, self.world.code(second["admin_email"]))
        wrong = until(lambda: self.told_wrong(request), why=self.broker.story(request["id"]))
        self.assertEqual(wrong["needs"][0]["last_error"]["code"], "access_code_wrong")
        self.issued_once(first, request)
        self.issued_once(second, other)

    def told_wrong(self, request):
        now = self.now(request)
        return now if now["needs"] and now["needs"][0]["last_error"] else None


class ClockTest(FaultTest):
    """The portal's clock jumps; its own and ours need not agree."""

    def test_jumps_of_the_portals_clock_lose_nothing(self):
        for jump in ("3h", "-3h"):
            with self.subTest(jump=jump):
                order, request = self.ask()
                self.broker.wait(request, "needs_input")
                self.world.control("POST", "/clock", {"advance": jump})
                self.issued_once(order, request)


if __name__ == "__main__":
    main()
