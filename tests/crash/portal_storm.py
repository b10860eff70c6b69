#!/usr/bin/env python3
"""A storm of SIGKILLs (the daemon, its outside, both; at random and at each named point of the engine) while mixed portal
requests run: status, reissue, revoke, cancel of a pending reissue, download; at all three shipped profiles, with codes that
people type and codes that come by mail to a Maildir.

Holds: every request succeeds, the simulated portals count exactly one reissue, revoke or cancel for each request of that
kind, by the right portal and with the request's own reason, and none for the others; nothing was even asked for twice. The
kills are spread over all requests: the next one comes in only when enough has been killed for those before. Where all are in
and the daemon died too seldom at a point, further requests come in, one after another and a fifth more at the most.
The control: with --no-intents (effects not recorded before they are done) `--expect doubles` must be met. It runs with the
portals that have accounts: a guest's session is kept with the intent, so without intents a guest gets nowhere.
"""
import collections
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
import accounts  # noqa: E402
import campaign  # noqa: E402

KINDS = ["reissue", "revoke", "cancel", "status", "download"]
EFFECTS = {"reissue": "reissue", "revoke": "revoke", "cancel": "cancel_reissue"}
CODES = {"status": "status_read", "reissue": "issued", "revoke": "revoked", "cancel": "canceled", "download": "downloaded"}
# Adapter: the brand that is routed there, and the world's word for the portal.
WAYS = {"typed": ("rapidssl", "guest"), "mailed": ("geotrust", "guest"), "desk": ("thawte", "desk_portal"), "services": ("digicert", "api")}
HEAD_START = 8
# One spare order for so many: for requests that come in only when a point was met too seldom.
SPARE = 5


class Storm(campaign.Campaign):
    name = "portal storm"
    world_flags = ("--maildir", "{directory}/inbox")
    aimed_share = 0.5

    def __init__(self, options):
        self.look_again = 0.0
        self.decided = set()
        super().__init__(options)
        self.by_number = {order["id"]: order for order in self.orders}

    # Four ways and five kinds have no common factor: twenty orders hold each pair once.
    def make_orders(self):
        orders = []
        for number in range(self.options.requests + self.options.requests // SPARE):
            kind, way = KINDS[number % len(KINDS)], self.options.ways[number % len(self.options.ways)]
            orders.append({"id": str(800000000 + number), "cn": f"storm{number}.example.com", "brand": WAYS[way][0],
                           "email": f"storm{number}@example.com", "kind": kind, "way": way,
                           "account": "second" if way in accounts.PORTALS and number % 3 == 0 else "main",
                           "status": "reissue_pending" if kind == "cancel" else "issued"})
        return orders

    def settings(self):
        ready, adapters = self.world.ready, {}
        for way in self.options.ways:
            if way in accounts.PORTALS:
                adapters[way] = accounts.adapter(way, self.directory, ready, settle="1s")
                continue
            adapters[way] = {"type": "guest_portal", "profile": "digicert-guest", "base_url": ready["portal"],
                             "ca_file": ready["ca_file"], "settle": "1s"}
            if way == "mailed":
                adapters[way]["mailbox"] = "inbox"
        inbox = {"maildir": os.path.join(self.directory, "inbox"), "authserv_id": "mx.example.com", "poll": "500ms"}
        return {"adapters": adapters, "routes": [accounts.route(way, WAYS[way][0]) for way in adapters],
                "mailboxes": {"inbox": inbox}}

    def body_of(self, order):
        kind, params = order["kind"], {}
        reason = "storm " + order["id"]
        if kind == "reissue":
            csr = campaign.make_csr(self.directory, order["cn"])
            params = {"csr": csr, "validation_method": "dns-txt-token", "reason": reason}
        elif kind == "revoke":
            params = {"reason": reason, "reason_code": "superseded", "scope": "order"}
        elif kind == "cancel":
            params = {"reason": reason}
        elif kind == "download":
            params = {"formats": ["pem_all"]}
        return {"kind": kind, "params": params, "order": {"supplier_order_id": order["id"], "brand": order["brand"]}}

    def fill_inventory(self):
        """The orders, as the broker would know them from a list of the platform; before anything is killed."""
        for order in self.orders:
            facts = {"common_name": order["cn"], "supplier_order_id": order["id"], "brand": order["brand"],
                     "admin_email": order["email"], "status": order["status"]}
            if order["way"] in accounts.PORTALS:
                facts["account"] = order["account"]
            status, reply = self.broker.call("POST", "/v1/orders", facts, timeout=20.0)
            if status != 201:
                raise SystemExit(f"portal storm: an order was answered {status}: {reply}")

    def types_code(self, request):
        return self.by_number[request["order"]["supplier_order_id"]]["way"] == "typed"

    def decide(self, request):
        """Of a revoke whose answer was lost the Services API shows only that the order is revoked, not by whom: an operator
        says so. Nothing else is left to one."""
        order = self.by_number[request["order"]["supplier_order_id"]]
        if (order["way"], order["kind"]) != ("services", "revoke"):
            return
        if not self.world.get(f"/effects?order={order['id']}&kind=revoke&reason=storm%20{order['id']}")["items"]:
            self.complaints.append(f"{request['id']}: an operator is asked about a revoke that was not done")
        status, _ = self.broker.call("POST", f"/v1/requests/{request['id']}/resolve",
                                     {"state": "succeeded", "code": "revoked", "note": "the world's books hold our reason"})
        if status == 200:
            self.decided.add(request["id"])

    def open_requests(self):
        # The reading of all requests is heavy: not at each turn.
        if not self.broker.dead() and time.monotonic() < self.look_again:
            return None
        self.look_again = time.monotonic() + 0.5
        return super().open_requests()

    def room(self):
        """So many that the last ones come in when there were kills enough, at each point too."""
        if self.enough():
            return self.options.requests
        paced = self.total() * (self.options.requests - self.options.requests // 10) // self.options.kills
        return max(min(HEAD_START, self.options.requests // 4), paced) - len(self.accepted)

    def more(self):
        return dict([self.spare.pop()]) if self.spare else {}

    def go(self):
        self.broker.start()
        if not self.broker.wait_ready():
            raise SystemExit("portal storm: the daemon did not come up, see " + self.broker.log.name)
        self.fill_inventory()
        bodies = [(f"key-{order['id']}", self.body_of(order)) for order in self.orders]
        bodies, self.spare = bodies[:self.options.requests], bodies[self.options.requests:]
        random.shuffle(bodies)
        random.shuffle(self.spare)
        self.storm(dict(bodies), self.options.limit)

    def judge(self):
        self.look_again = 0.0
        self.open_requests()
        books = self.world.get("/books")["orders"]
        for accepted in self.accepted.values():
            order, request = self.by_number[accepted["order"]["supplier_order_id"]], accepted.get("seen")
            name = f"{accepted['id']} ({order['kind']}, {order['way']})"
            if accepted["id"] in self.lost or request is None:
                self.lost.add(accepted["id"])
                self.complaints.append(f"{name}: accepted and then lost")
                continue
            outcome = request["outcome"] or {}
            if request["state"] != "succeeded" or outcome.get("code") != CODES[order["kind"]]:
                self.complaints.append(f"{name}: {request['state']}: {outcome or request['last_problem']}")
            elif self.told(order, request["result"]) != self.told(order, None, books[order["id"]]):
                self.complaints.append(f"{name}: told {request['result']}")
            self.judge_effects(accepted["id"], name, order, books[order["id"]])
        print(f"portal storm: {len(self.decided)} revokes at the Services API were left to an operator")

    @staticmethod
    def told(order, result, book=None):
        """What a success must tell of the order: from the broker's result, or as the world's book has it."""
        if order["kind"] == "status":
            return book["status"] if book else result["order_status"]
        if order["kind"] in ("reissue", "download"):
            # The first is the one before the reissue.
            return book["certificates"][-1]["sha256"].lower() if book else result["certificate"]["sha256"].lower()
        return None

    def judge_effects(self, ident, name, order, book):
        done = [(effect["kind"], effect["via"], effect["reason"]) for effect in book["effects"]]
        wanted = []
        if order["kind"] in EFFECTS:
            via = WAYS[order["way"]][1]
            # The guest portal has no word for a reason code.
            code = " (superseded)" if (order["kind"], via) == ("revoke", "guest") else ""
            wanted = [(EFFECTS[order["kind"]], via, "storm " + order["id"] + code)]
        if len(done) > len(wanted):
            self.doubles.add(ident)
        if done != wanted:
            told = [f"{count} {kind} via {via} ({reason})" for (kind, via, reason), count in collections.Counter(done).items()]
            self.complaints.append(f"{name}: the portal counts {told}, not {wanted}")
        # What the portal refused because it was done already was asked for twice all the same.
        if book["refusals"]:
            self.complaints.append(f"{name}: the portal refused {book['refusals']} changes")


def main():
    parser = campaign.arguments(__doc__, kills=500, requests=200, limit=360.0, pause=0.25, nth=2)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS), help="which portals and ways of the code")
    return campaign.execute(Storm, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
