#!/usr/bin/env python3
"""Kills the daemon, the outside, or both, at random moments and at every named point of the engine, while requests
run against the simulated world; then holds the broker's word against the world's own books.

Holds: every accepted request exists and ends rightly; no order was reissued twice; no ticket was mailed under two
Message-IDs. With --no-intents (effects not recorded before they are done) the same test must find double effects,
and with --power-cut off acknowledged requests must be lost; `--expect failure` turns the exit code round.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_world  # noqa: E402

POINTS = ["request_created", "request_claimed", "step_answered", "intent_committed", "effect_answered",
          "result_committed", "proof_committed", "input_committed"]
SETTLED = {"succeeded", "failed", "rejected", "canceled", "expired"}


def make_csr(directory, name):
    path = os.path.join(directory, "csr.pem")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", os.path.join(directory, "key.pem"), "-subj", "/CN=" + name, "-out", path],
                   check=True, capture_output=True)
    with open(path, encoding="ascii") as text:
        return text.read()


class Campaign:
    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="cabroker-crash-")
        self.orders = self.make_orders()
        self.world = crash_world.World(options.build, self.directory, self.orders)
        environment = {}
        if options.no_intents:
            environment["CABROKER_NO_INTENTS"] = "1"
        if options.power_cut:
            environment["CABROKER_POWER_CUT"] = options.power_cut
        self.broker = crash_world.Broker(options.build, self.directory, self.world, environment)
        self.accepted = {}
        self.fed = set()
        self.kills = {"daemon": 0, "outside": 0, "both": 0}
        self.at_point = dict.fromkeys(POINTS, 0)
        self.lost = set()
        self.complaints = []

    def make_orders(self):
        orders = []
        for number in range(self.options.requests * (1 + self.options.batches)):
            mail = number % 5 == 4
            orders.append({"id": str(700000000 + number), "cn": f"host{number}.example.com",
                           "brand": "sectigo" if mail else "rapidssl", "email": f"admin{number}@example.com"})
        return orders

    # -- requests -------------------------------------------------------------------------------------------------

    def body_of(self, order, number):
        kind = "reissue" if order["brand"] == "sectigo" or number % 10 != 0 else "status"
        params = {}
        if kind == "reissue":
            params = {"csr": make_csr(self.directory, order["cn"]), "reason": "crash test " + order["id"]}
            if order["brand"] != "sectigo":
                params["validation_method"] = "dns-txt-token"
        return {"kind": kind, "params": params,
                "order": {"common_name": order["cn"], "supplier_order_id": order["id"], "brand": order["brand"],
                          "admin_email": order["email"]}}

    def submit(self, key, body):
        """Returns True once the request is accepted; the same key makes repeating safe."""
        try:
            status, reply = self.broker.call("POST", "/v1/requests", body, {"Idempotency-Key": key})
        except crash_world.NOBODY:
            return False
        if status == 201:
            self.accepted[key] = {"id": reply["id"], "kind": body["kind"], "order": body["order"]}
            return True
        if status in (409, 503) and reply["code"] in ("idempotency_in_progress", "draining", "not_ready"):
            return False
        raise SystemExit(f"crash test: POST answered {status}: {reply}")

    def feed_codes(self):
        """Plays the helpdesk: gives each request the code that its contact was mailed."""
        try:
            status, page = self.broker.call("GET", "/v1/requests?state=needs_input,outcome_unknown&limit=500")
            if status != 200:
                return
            for request in page["items"]:
                if not any(need["name"] == "access_code" for need in request["needs"]):
                    continue
                order = request["order"]["supplier_order_id"]
                code = self.world.get("/mailbox?order=" + order)["code"]
                if code is None or (request["id"], code) in self.fed:
                    continue
                status, _ = self.broker.call("POST", f"/v1/requests/{request['id']}/inputs",
                                             {"name": "access_code", "value": code})
                if status == 204:
                    self.fed.add((request["id"], code))
        except crash_world.NOBODY:
            return

    def open_requests(self):
        """How many accepted requests have not come to rest yet; None when nobody answers."""
        count = 0
        try:
            target = "/v1/requests?limit=500"
            seen = {}
            while target:
                status, page = self.broker.call("GET", target, timeout=10.0)
                if status != 200:
                    return None
                for request in page["items"]:
                    seen[request["id"]] = request
                token = page["next_page_token"]
                target = f"/v1/requests?limit=500&page_token={token}" if token else None
        except crash_world.NOBODY:
            return None
        for accepted in self.accepted.values():
            request = seen.get(accepted["id"])
            if request is None:
                self.lost.add(accepted["id"])
                continue
            accepted["seen"] = request
            ticket = accepted["order"]["brand"] == "sectigo"
            resting = request["state"] in SETTLED or (ticket and request["state"] == "waiting_ca")
            count += not resting
        return count

    # -- kills ----------------------------------------------------------------------------------------------------

    def next_point(self):
        if self.options.aim:
            return self.options.aim
        wanted = [point for point in POINTS if self.at_point[point] < self.options.per_point]
        return random.choice(wanted) if wanted and random.random() < 0.7 else None

    def restart(self):
        self.point = self.next_point()
        self.broker.start(f"{self.point}:{random.randint(1, 4)}" if self.point else None)
        if not self.broker.wait_ready():
            if self.point and self.broker.dead():
                return
            raise SystemExit("crash test: the daemon did not come up, see " + self.broker.log.name)

    def note_death(self):
        """The daemon died: at its named point, or it is a fault of ours."""
        code = self.broker.process.wait(20)
        if self.point is None or code != -signal.SIGKILL:
            raise SystemExit(f"crash test: the daemon ended by itself with {code}, see " + self.broker.log.name)
        self.at_point[self.point] += 1
        self.kills["daemon"] += 1

    def total(self):
        return sum(self.kills.values())

    def enough(self):
        return self.total() >= self.options.kills and all(
            count >= self.options.per_point for count in self.at_point.values())

    def storm(self, waiting):
        """Requests come in, codes are given, things die; until this batch rests."""
        limit = time.monotonic() + self.options.batch_limit
        next_kill = time.monotonic() + random.uniform(0.05, self.options.pause)
        while time.monotonic() < limit:
            if self.broker.dead():
                self.note_death()
                self.restart()
                next_kill = time.monotonic() + random.uniform(0.05, self.options.pause)
            for key in list(waiting)[:5]:
                if self.submit(key, waiting[key]):
                    del waiting[key]
            self.feed_codes()
            if not self.enough() and time.monotonic() > next_kill and not self.broker.dead():
                what = random.choice(["daemon", "daemon", "outside", "both"])
                if self.point is None or what == "outside" or time.monotonic() > next_kill + 1.0:
                    self.broker.kill(what)
                    self.kills[what] += 1
                    if what != "outside":
                        self.restart()
                next_kill = time.monotonic() + random.uniform(0.05, self.options.pause)
            if not waiting and self.open_requests() == 0:
                return
        self.complaints.append("requests did not come to rest in time")

    # -- the verdict ----------------------------------------------------------------------------------------------

    def judge(self):
        self.open_requests()
        books = self.world.get("/books")["orders"]
        mails = {}
        for mail in self.world.get("/desk/mails")["items"]:
            for order in self.orders:
                if order["cn"] in mail["subject"] or order["id"] in mail["subject"]:
                    if f" {order['cn']}" in " " + mail["subject"] or order["id"] in mail["subject"]:
                        mails.setdefault(order["id"], set()).add(mail["message_id"])
        for accepted in self.accepted.values():
            request = accepted.get("seen")
            if accepted["id"] in self.lost or request is None:
                self.complaints.append(f"{accepted['id']}: accepted and then lost")
                continue
            order = accepted["order"]
            ticket = order["brand"] == "sectigo"
            wanted = "waiting_ca" if ticket else "succeeded"
            if request["state"] != wanted:
                why = request["outcome"] or request["last_problem"]
                self.complaints.append(f"{accepted['id']} ({accepted['kind']}): {request['state']}, not {wanted}: {why}")
            if ticket:
                if len(mails.get(order["supplier_order_id"], set())) != 1:
                    self.complaints.append(f"{accepted['id']}: mails {mails.get(order['supplier_order_id'])}")
                continue
            done = books[order["supplier_order_id"]]["reissues"]
            expected = 1 if accepted["kind"] == "reissue" else 0
            if done != expected:
                self.complaints.append(f"{accepted['id']}: the world counts {done} reissues, not {expected}")

    def run(self):
        self.restart()
        batch = 0
        while batch == 0 or (not self.enough() and batch <= self.options.batches):
            first = batch * self.options.requests
            waiting = {}
            for number in range(first, first + self.options.requests):
                waiting[f"key-{number}"] = self.body_of(self.orders[number], number)
            self.storm(waiting)
            batch += 1
        if self.broker.dead():
            self.note_death()
            self.restart()
        self.judge()
        if self.options.expect == "success" and not self.enough():
            self.complaints.append(f"too few kills: {self.total()}, at points {self.at_point}")

    def close(self, keep):
        for part in (self.broker, self.world):
            part.stop()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--per-point", type=int, default=3)
    parser.add_argument("--requests", type=int, default=50, help="requests at a time")
    parser.add_argument("--batches", type=int, default=80, help="more batches at the most")
    parser.add_argument("--batch-limit", type=float, default=90.0, help="seconds until a batch must rest")
    parser.add_argument("--pause", type=float, default=0.3, help="seconds between kills at the most")
    parser.add_argument("--aim", choices=POINTS, help="always die at this point")
    parser.add_argument("--no-intents", action="store_true")
    parser.add_argument("--power-cut", choices=["full", "off"])
    parser.add_argument("--expect", choices=["success", "failure"], default="success")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    random.seed(seed)
    began = time.monotonic()
    campaign = Campaign(options)
    try:
        campaign.run()
    except BaseException:
        campaign.close(keep=True)
        print("crash test: kept " + campaign.directory, file=sys.stderr)
        raise
    good = not campaign.complaints
    expected = good == (options.expect == "success")
    print(f"crash test: seed {seed}, {len(campaign.accepted)} requests, "
          f"{campaign.total()} kills {campaign.kills}, "
          f"at points {campaign.at_point}, {time.monotonic() - began:.0f} s")
    for complaint in campaign.complaints[:40]:
        print("  " + complaint)
    print(f"crash test: {'nothing lost, nothing twice' if good else str(len(campaign.complaints)) + ' complaints'}"
          f" ({'as' if expected else 'NOT as'} expected)")
    campaign.close(keep=not expected)
    if not expected:
        print("crash test: kept " + campaign.directory)
    return 0 if expected else 1


if __name__ == "__main__":
    sys.exit(main())
