"""Somebody sets the date of the broker's host by three hours while requests wait. The portal's clock is right all the time."""
import os

from broker import IntegrationTest, main
from support import make_csr, until

HOURS = 3600


class ClockJumpTest(IntegrationTest):
    world_flags = ("--dcv", "manual")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker.stop()
        cls.clock = os.path.join(cls.folder.name, "clock")
        cls.set_date(0)
        cls.start()

    @classmethod
    def start(cls):
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        cls.broker.start(environment={"LD_PRELOAD": os.environ["CABROKER_CLOCK_JUMP"], "CABROKER_CLOCK_FILE": cls.clock,
                                      "ASAN_OPTIONS": options})

    @classmethod
    def set_date(cls, seconds):
        with open(cls.clock + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds}\n")
        os.rename(cls.clock + ".new", cls.clock)
        cls.date = seconds

    def tearDown(self):
        if self.date != 0:
            self.jump(0)

    def jump(self, seconds):
        """Sets the date, and waits until the daemon has seen it."""
        seen = "the date was set"
        before = self.broker.log().count(seen)
        self.set_date(seconds)
        # New work wakes the engine, which else looks every half minute.
        self.broker.ask("status", self.new_order())
        until(lambda: self.broker.log().count(seen) > before, why="the daemon did not see the date")

    def test_code_that_is_waited_for_keeps_its_time(self):
        for seconds in (3 * HOURS, -3 * HOURS):
            with self.subTest(seconds=seconds):
                order = self.new_order()
                request = self.broker.ask("status", order)
                self.broker.wait(request, "needs_input")

                self.jump(seconds)
                waiting = self.broker.get(f"/v1/requests/{request['id']}")
                self.assertEqual(waiting["state"], "needs_input", self.broker.story(request["id"]))
                self.broker.give(request, self.world.code(order["admin_email"]))
                done = self.broker.wait(request)

                self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "status_read"), self.broker.story(done["id"]))
                self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 1)
                self.jump(0)

    def published(self, order):
        """A reissue that is polled: the token is to be published."""
        name = order["common_name"]
        request = self.broker.ask("reissue", order, params={"csr": make_csr(name), "validation_method": "dns-txt-token", "reason": "moved"})
        self.broker.sign_in(self.world, request, order["admin_email"])

        def asked():
            needs = self.broker.get(f"/v1/requests/{request['id']}")["needs"]
            return any(need["name"] == "dcv_publication" for need in needs)
        until(asked, why="the token was never shown")
        return request

    def publish(self, order):
        self.world.control("POST", f"/orders/{order['supplier_order_id']}/dcv")

    def assert_issued_once(self, request, order):
        done = self.broker.wait(request)
        self.assertEqual((done["state"], done["outcome"]["code"]), ("succeeded", "issued"), self.broker.story(done["id"]))
        self.assertEqual(self.world.books(order["supplier_order_id"])["reissues"], 1)

    def test_date_set_back_while_a_reissue_is_polled_delays_nothing(self):
        order = self.new_order()
        request = self.published(order)

        self.jump(-3 * HOURS)
        self.publish(order)

        self.assert_issued_once(request, order)
        self.assertEqual(self.world.books(order["supplier_order_id"])["codes_mailed"], 1)

    def test_date_set_back_while_the_daemon_is_down_delays_nothing(self):
        order = self.new_order()
        request = self.published(order)
        self.broker.kill()
        self.set_date(-3 * HOURS)
        self.publish(order)

        self.start()

        self.assert_issued_once(request, order)

    def test_date_set_forward_ends_the_session_and_asks_for_a_new_code(self):
        order = self.new_order()
        request = self.published(order)

        self.jump(3 * HOURS)
        asked = self.broker.wait_state(request, "needs_input", "running")
        until(lambda: self.world.books(order["supplier_order_id"])["codes_mailed"] == 2, why="no new code was asked for")
        self.publish(order)
        self.broker.sign_in(self.world, asked, order["admin_email"])

        self.assert_issued_once(request, order)


if __name__ == "__main__":
    main()
