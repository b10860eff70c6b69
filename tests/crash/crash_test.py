#!/usr/bin/env python3
"""Kills the daemon, the outside, or both, at random moments and at every named point of the engine, while requests
run against the simulated world; then holds the broker's word against the world's own books.

Holds: every accepted request exists and ends rightly; no order was reissued twice; no ticket was mailed under two
Message-IDs. Controls: with --no-intents (effects not recorded before they are done) `--expect doubles` must be met, and
with --power-cut off `--expect losses`.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import campaign  # noqa: E402


class CrashTest(campaign.Campaign):
    name = "crash test"

    def make_orders(self):
        orders = []
        for number in range(self.options.requests * (1 + self.options.batches)):
            mail = number % 5 == 4
            orders.append({"id": str(700000000 + number), "cn": f"host{number}.example.com",
                           "brand": "sectigo" if mail else "rapidssl", "email": f"admin{number}@example.com"})
        return orders

    def settings(self):
        ready = self.world.ready
        return {
            "mailers": {"default": {"url": "smtp://" + ready["smtp"], "tls": "starttls", "ca_file": ready["ca_file"],
                                    "from": "ssl@example.com", "reply_to": "ssl+{token}@example.com"}},
            "adapters": {
                "portal": {"type": "guest_portal", "profile": "digicert-guest", "base_url": ready["portal"],
                           "ca_file": ready["ca_file"], "settle": "1s"},
                "tickets": {"type": "email_ticket", "template": "sectigo", "to": "support@example.net", "mailer": "default",
                            "allowed_senders": ["@example.net"], "settle": "1s"}}}

    def body_of(self, order, number):
        kind = "reissue" if order["brand"] == "sectigo" or number % 10 != 0 else "status"
        params = {}
        if kind == "reissue":
            params = {"csr": campaign.make_csr(self.directory, order["cn"]), "reason": "crash test " + order["id"]}
            if order["brand"] != "sectigo":
                params["validation_method"] = "dns-txt-token"
        return {"kind": kind, "params": params,
                "order": {"common_name": order["cn"], "supplier_order_id": order["id"], "brand": order["brand"],
                          "admin_email": order["email"]}}

    def at_rest(self, request, accepted):
        ticket = accepted["order"]["brand"] == "sectigo"
        return super().at_rest(request, accepted) or (ticket and request["state"] == "waiting_ca")

    def go(self):
        self.restart()
        batch = 0
        while batch == 0 or (not self.enough() and batch <= self.options.batches):
            first = batch * self.options.requests
            waiting = {}
            for number in range(first, first + self.options.requests):
                waiting[f"key-{number}"] = self.body_of(self.orders[number], number)
            self.storm(waiting, self.options.limit)
            batch += 1

    def mails_by_order(self):
        mails = {}
        for mail in self.world.get("/desk/mails")["items"]:
            for order in self.orders:
                if f" {order['cn']}" in " " + mail["subject"] or order["id"] in mail["subject"]:
                    mails.setdefault(order["id"], set()).add(mail["message_id"])
        return mails

    def judge(self):
        self.open_requests()
        books = self.world.get("/books")["orders"]
        mails = self.mails_by_order()
        for accepted in self.accepted.values():
            request = accepted.get("seen")
            if accepted["id"] in self.lost or request is None:
                self.lost.add(accepted["id"])
                self.complaints.append(f"{accepted['id']}: accepted and then lost")
                continue
            number = accepted["order"]["supplier_order_id"]
            ticket = accepted["order"]["brand"] == "sectigo"
            wanted = "waiting_ca" if ticket else "succeeded"
            if request["state"] != wanted:
                why = request["outcome"] or request["last_problem"]
                self.complaints.append(f"{accepted['id']} ({accepted['kind']}): {request['state']}, not {wanted}: {why}")
            done = len(mails.get(number, ())) if ticket else books[number]["reissues"]
            expected = 1 if accepted["kind"] == "reissue" else 0
            if done > expected:
                self.doubles.add(accepted["id"])
            if done != expected:
                what = "Message-IDs of tickets" if ticket else "reissues"
                self.complaints.append(f"{accepted['id']}: the world counts {done} {what}, not {expected}")


def main():
    parser = campaign.arguments(__doc__, kills=200, requests=50, limit=90.0, pause=0.3)
    parser.add_argument("--batches", type=int, default=80, help="more batches at the most, each of so many requests")
    return campaign.execute(CrashTest, parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
