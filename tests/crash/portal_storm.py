#!/usr/bin/env python3
"""A storm of SIGKILLs (the daemon, its outside, both; at random and at each named point of the engine) while mixed portal
requests run: status, reissue, revoke, cancel of a pending reissue, download.

Holds: every request succeeds, the simulated portal counts exactly one reissue, revoke or cancel for each request of that
kind and none for the others, and the daemon reads back what the portal shows. The kills are spread over all requests: the
next one comes in only when enough has been killed for those before. With --no-intents the same test must fail.
"""

import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_test  # noqa: E402
import crash_world  # noqa: E402

KINDS = ["reissue", "revoke", "cancel", "status", "download"]
BOOKS = {"reissue": "reissues", "revoke": "revokes", "cancel": "cancels"}
CODES = {"status": "status_read", "reissue": "issued", "revoke": "revoked", "cancel": "canceled", "download": "downloaded"}
HEAD_START = 8


class Storm(crash_test.Campaign):
    def make_orders(self):
        return [{"id": str(800000000 + number), "cn": f"storm{number}.example.com", "brand": "rapidssl",
                 "email": f"storm{number}@example.com", "kind": self.kind_of(number),
                 "status": "reissue_pending" if self.kind_of(number) == "cancel" else "issued"}
                for number in range(self.options.requests)]

    @staticmethod
    def kind_of(number):
        return KINDS[number % len(KINDS)]

    def body_of(self, order, number):
        kind = order["kind"]
        params = {}
        if kind == "reissue":
            params = {"csr": crash_test.make_csr(self.directory, order["cn"]), "validation_method": "dns-txt-token",
                      "reason": "storm " + order["id"]}
        elif kind == "revoke":
            params = {"reason": "storm " + order["id"], "reason_code": "superseded", "scope": "order"}
        elif kind == "cancel":
            params = {"reason": "storm " + order["id"]}
        elif kind == "download":
            params = {"formats": ["pem_all"]}
        return {"kind": kind, "params": params, "order": {"supplier_order_id": order["id"], "brand": order["brand"]}}

    def fill_inventory(self):
        """The orders, as the broker would know them from a list of the platform; before anything is killed."""
        for order in self.orders:
            status, reply = self.broker.call("POST", "/v1/orders", {
                "common_name": order["cn"], "supplier_order_id": order["id"], "brand": order["brand"],
                "admin_email": order["email"], "status": order["status"]}, timeout=20.0)
            if status != 201:
                raise SystemExit(f"portal storm: an order was answered {status}: {reply}")

    def open_requests(self):
        # The reading of all requests is heavy: not at each turn.
        if not self.broker.dead() and time.monotonic() < self.look_again:
            return None
        self.look_again = time.monotonic() + 0.5
        return super().open_requests()

    def may_come_in(self):
        """So many that the last one comes in when there were kills enough."""
        return max(min(HEAD_START, self.options.requests // 4), self.total() * self.options.requests // self.options.kills)

    def storm(self, waiting):
        limit = time.monotonic() + self.options.limit
        next_kill = time.monotonic()
        while time.monotonic() < limit:
            if self.broker.dead():
                self.note_death()
                self.restart()
                next_kill = time.monotonic() + random.uniform(0.02, self.options.pause)
            room = self.may_come_in() - len(self.accepted)
            for key in list(waiting)[:max(0, min(5, room))]:
                if self.submit(key, waiting[key]):
                    del waiting[key]
            self.feed_codes()
            if not self.enough() and time.monotonic() > next_kill and not self.broker.dead():
                what = random.choice(["daemon", "daemon", "outside", "both"])
                if self.point is None or what == "outside" or time.monotonic() > next_kill + 0.5:
                    self.broker.kill(what)
                    self.kills[what] += 1
                    if what != "outside":
                        self.restart()
                next_kill = time.monotonic() + random.uniform(0.02, self.options.pause)
            if not waiting and self.open_requests() == 0:
                return
        self.complaints.append("requests did not come to rest in time")

    def judge(self):
        self.look_again = 0
        self.open_requests()
        books = self.world.get("/books")["orders"]
        for accepted in self.accepted.values():
            request, number = accepted.get("seen"), accepted["order"]["supplier_order_id"]
            name = f"{accepted['id']} ({accepted['kind']})"
            if accepted["id"] in self.lost or request is None:
                self.complaints.append(f"{name}: accepted and then lost")
                continue
            outcome = request["outcome"] or {}
            if request["state"] != "succeeded" or outcome.get("code") != CODES[accepted["kind"]]:
                self.complaints.append(f"{name}: {request['state']}: {outcome or request['last_problem']}")
            # What the portal refused because it was done already was asked for twice all the same.
            self.twice += any(books[number][word] > 1 for word in BOOKS.values()) or books[number]["refusals"] > 0
            for kind, word in BOOKS.items():
                wanted = 1 if kind == accepted["kind"] else 0
                if books[number][word] != wanted:
                    self.complaints.append(f"{name}: the portal counts {books[number][word]} {word}, not {wanted}")

    def run(self):
        self.look_again, self.twice = 0, 0
        self.point = None
        self.broker.start()
        if not self.broker.wait_ready():
            raise SystemExit("portal storm: the daemon did not come up, see " + self.broker.log.name)
        self.fill_inventory()
        self.storm({f"key-{number}": self.body_of(order, number) for number, order in enumerate(self.orders)})
        if self.broker.dead():
            self.note_death()
            self.restart()
        self.judge()
        if self.twice:
            self.complaints.append(f"{self.twice} orders were asked to change twice")
        if self.options.expect == "success" and not self.enough():
            self.complaints.append(f"too few kills: {self.total()}, at points {self.at_point}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--per-point", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds until all must rest")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between kills at the most")
    parser.add_argument("--aim", choices=crash_test.POINTS, help="always die at this point")
    parser.add_argument("--no-intents", action="store_true")
    parser.add_argument("--expect", choices=["success", "failure"], default="success")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.power_cut = None
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    random.seed(seed)
    began = time.monotonic()
    storm = Storm(options)
    try:
        storm.run()
    except BaseException:
        storm.close(keep=True)
        print("portal storm: kept " + storm.directory, file=sys.stderr)
        raise
    good = not storm.complaints
    expected = good == (options.expect == "success")
    print(f"portal storm: seed {seed}, {len(storm.accepted)} requests, {storm.total()} kills {storm.kills}, "
          f"at points {storm.at_point}, {time.monotonic() - began:.0f} s")
    for complaint in storm.complaints[:40]:
        print("  " + complaint)
    print(f"portal storm: {'nothing lost, nothing twice' if good else str(len(storm.complaints)) + ' complaints'}"
          f" ({'as' if expected else 'NOT as'} expected)")
    storm.close(keep=not expected)
    if not expected:
        print("portal storm: kept " + storm.directory)
    return 0 if expected else 1


if __name__ == "__main__":
    sys.exit(main())
