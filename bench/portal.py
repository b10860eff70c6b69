"""The broker's work at a guest portal: requests through one adapter, all waiting for their access codes at once, beside
libcurl alone on the same pages; and the memory that a waiting request takes."""

import json
import os
import resource
import shutil
import statistics
import subprocess
import time
import urllib.parse

from daemon import Daemon, Process, UnixHttp, load, resident_mb
import prepare

WAITING = 1_000
WARM_UP = 50
AT_ONCE = 16
CLIENTS = 16
LIMIT_SECONDS = 180

CONFIG = """
socket: {socket}
state_dir: {directory}/state
vault: {{key: {{file: {directory}/vault.key}}}}
outside: {outside}
certificate_roots: ["%(issuing_root)s"]
adapters:
  portal: {{type: guest_portal, profile: digicert-guest, base_url: "%(portal)s", ca_file: "%(ca_file)s", max_in_flight: %(at_once)d,
           rate: [], account_rate: []}}
engine: {{poll: {{first: 100ms, max: 1s}}}}
log: {{level: warning}}
"""


def kind_of(i):
    """Eight of ten requests read the status, one downloads, one reissues."""
    return {8: "download", 9: "reissue"}.get(i % 10, "status")


def email(i):
    return f"contact-{i}@example.com"


class World(Process):
    """cabroker-sim with orders of its own."""

    def __init__(self, build, directory, orders):
        os.makedirs(directory, mode=0o700)
        table = os.path.join(directory, "orders.csv")
        with open(table, "w", encoding="ascii") as out:
            out.write("supplier_order_id,common_name,brand,product,admin_email,status\n")
            for i in range(orders):
                out.write(f"{prepare.order_number(i)},{prepare.common_name(i)},DigiCert,Basic OV,{email(i)},issued\n")
        super().__init__([os.path.join(build, "bin/cabroker-sim"), "--state", directory, "--orders", table,
                          "--issue-delay", "1ms", "--exit-with-parent"], os.path.join(directory, "sim.log"))
        path = os.path.join(directory, "ready.json")
        until = time.monotonic() + 120
        while not os.path.exists(path) or not os.path.getsize(path):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise SystemExit("bench: cabroker-sim did not start, see " + self.log.name)
            time.sleep(0.05)
        with open(path, encoding="utf-8") as ready:
            self.ready = json.load(ready)

    def control(self, method, target, body=None):
        connection = UnixHttp(self.ready["control"])
        try:
            connection.request(method, target, None if body is None else json.dumps(body))
            reply = connection.getresponse()
            octets = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise SystemExit(f"bench: cabroker-sim: {method} {target}: {reply.status} {octets.decode()}")
        return json.loads(octets)

    def codes(self):
        """The newest code of each order; then the mails are forgotten."""
        items = self.control("GET", "/mailbox")["items"]
        self.control("DELETE", "/mailbox")
        return {mail["order_id"]: mail["code"] for mail in items if mail.get("code")}

    def calls(self):
        """How often each page was asked for and how many connections were made."""
        return self.control("GET", "/books?order=none")["calls"]


def calls_of(before, after, requests):
    """(pages, connections) for each request."""
    made = {name: count - before.get(name, 0) for name, count in after.items() if name.startswith("portal.")}
    connections = made.pop("portal.connect", 0)
    return round(sum(made.values()) / requests, 2), round(connections / requests, 2)


class Broker(Daemon):
    """cabrokerd and cabroker-adapters, told of the portal."""

    def __init__(self, build, directory, world):
        shutil.rmtree(directory, ignore_errors=True)
        super().__init__(build, directory, spawn=True, config=CONFIG % dict(world.ready, at_once=AT_ONCE))
        until = time.monotonic() + 30
        while json.loads(self.call("GET", "/v1/adapters/portal")[1])["state"] != "up":
            if time.monotonic() > until:
                raise SystemExit("bench: cabroker-adapters did not come up, see " + self.log.name)
            time.sleep(0.05)

    def memory_kb(self):
        """(resident, of which private) of both processes."""
        return {"cabrokerd": [mb * 1024 for mb in resident_mb(self.process.pid)],
                "cabroker_adapters": [mb * 1024 for mb in resident_mb(self.outside_pid())]}

    def wait_for(self, states, count):
        """Until so many requests are in one of these states; any other end is a failure of the measurement."""
        begin = time.monotonic()
        while True:
            found = json.loads(self.call("GET", "/v1/stats")[1])["requests"]["by_state"]
            bad = {state: found[state] for state in ("failed", "rejected", "expired", "outcome_unknown") if found[state]}
            passed = time.monotonic() - begin
            if bad or passed > LIMIT_SECONDS:
                raise SystemExit(f"bench: the portal requests went wrong: {found}")
            done = sum(found[state] for state in states)
            if done >= count:
                return
            # Half of what seems left: looking takes time of the machine that is measured, and only the end must be
            # seen exactly.
            left = passed * (count - done) / max(done, 1)
            time.sleep(min(max(left / 2, 0.01), 0.25))

    def waiting(self):
        """Request id by order number, of all that wait."""
        found, token = {}, ""
        while token is not None:
            page = json.loads(self.call("GET", "/v1/requests?state=needs_input&limit=500" + token)[1])
            found.update({item["order"]["supplier_order_id"]: item["id"] for item in page["items"]})
            token = "&page_token=" + page["next_page_token"] if page["next_page_token"] else None
        return found


class PortalBench:
    """The rounds. Each takes orders of its own, so that every order is as the one before."""

    def __init__(self, build, work, rounds, say):
        self.build, self.work, self.rounds, self.say = build, work, rounds, say
        self.per_round = 3 * WAITING + WARM_UP
        self.csrs = {}

    def file(self, name):
        return os.path.join(self.work, name)

    def csr(self, i):
        return self.csrs[i]

    def posts(self, orders):
        for i in orders:
            kind = kind_of(i)
            body = {"kind": kind, "order": dict(prepare.described(i), admin_email=email(i))}
            if kind == "reissue":
                body["params"] = {"csr": self.csr(i), "validation_method": "dns-txt-token", "reason": "bench"}
            yield prepare.post(body)

    def sign_in_all(self, broker, orders):
        """Seconds from the first POST until all wait for their codes."""
        prepare.write_requests(self.file("portal-posts"), self.posts(orders))
        begin = time.monotonic()
        load(self.build, broker, self.file("portal-posts"), CLIENTS, 201, first=0, count=len(orders))
        broker.wait_for(["needs_input"], len(orders))
        return time.monotonic() - begin

    def settle_all(self, broker, world, orders, settled):
        """Seconds from the first code until all are settled."""
        waiting, codes = broker.waiting(), world.codes()
        given = []
        for i in orders:
            number = prepare.order_number(i)
            body = json.dumps({"name": "access_code", "value": codes[number]})
            given.append((f"POST /v1/requests/{waiting[number]}/inputs", body))
        prepare.write_requests(self.file("portal-codes"), given)
        begin = time.monotonic()
        load(self.build, broker, self.file("portal-codes"), CLIENTS, 204, first=0, count=len(orders))
        broker.wait_for(["succeeded"], settled + len(orders))
        return time.monotonic() - begin

    def ours(self, world, first):
        warm, orders = range(first, first + WARM_UP), range(first + WARM_UP, first + WARM_UP + WAITING)
        with Broker(self.build, self.file("o"), world) as broker:
            self.sign_in_all(broker, warm)
            self.settle_all(broker, world, warm, 0)
            pages, before, writes = world.calls(), broker.memory_kb(), broker.commits()
            cpu = self.cpu(broker, world)
            sign_in = self.sign_in_all(broker, orders)
            after = broker.memory_kb()
            settle = self.settle_all(broker, world, orders, WARM_UP)
            cpu = {name: round((value - cpu[name]) / WAITING * 1e6) for name, value in self.cpu(broker, world).items()}
            writes = [round((b - a) / WAITING, 2) for a, b in zip(writes, broker.commits())]
        grown = {name: [round((b - a) / WAITING, 2) for a, b in zip(before[name], after[name])] for name in before}
        pages, connections = calls_of(pages, world.calls(), WAITING)
        return {"sign_in_seconds": sign_in, "settle_seconds": settle, "seconds": sign_in + settle, "kb_each": grown,
                "pages_each": pages, "connections_each": connections, "cpu_us_each": cpu,
                "changes_each": writes[0], "commits_each": writes[1]}

    @staticmethod
    def cpu(broker, world):
        outside = Process.cpu_seconds_of(broker.outside_pid())
        return {"cabrokerd": broker.cpu_seconds(), "cabroker_adapters": outside, "cabroker_sim": world.cpu_seconds()}

    def bare(self, world, first, connections):
        orders = range(first, first + WAITING)
        with open(self.file("portal-jobs"), "w", encoding="ascii") as out:
            for i in orders:
                csr = urllib.parse.quote(self.csr(i), safe="") if kind_of(i) == "reissue" else ""
                out.write("\t".join((kind_of(i), urllib.parse.quote(email(i)), prepare.order_number(i), csr)) + "\n")
        before, cpu = world.calls(), world.cpu_seconds()
        command = [os.path.join(self.build, "bench/bench-bare-portal"), "--base", world.ready["portal"], "--ca-file",
                   world.ready["ca_file"], "--jobs", self.file("portal-jobs"), "--at-once", str(AT_ONCE),
                   "--connections", connections]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tool:
            sign_in = self.answer_of(tool)
            codes = world.codes()
            with open(self.file("portal-answers"), "w", encoding="ascii") as out:
                out.writelines(codes[prepare.order_number(i)] + "\n" for i in orders)
            tool.stdin.write(self.file("portal-answers") + "\n")
            tool.stdin.flush()
            settle = self.answer_of(tool)
            tool.stdin.close()
            tool.wait(30)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = {"client": now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
                 "cabroker_sim": world.cpu_seconds() - cpu}
        pages, made = calls_of(before, world.calls(), WAITING)
        return {"sign_in_seconds": sign_in, "settle_seconds": settle, "seconds": sign_in + settle, "pages_each": pages,
                "connections_each": made, "cpu_us_each": {name: round(s / WAITING * 1e6) for name, s in spent.items()}}

    @staticmethod
    def answer_of(tool):
        line = tool.stdout.readline()
        if not line:
            tool.wait(30)
            raise SystemExit("bench: bench-bare-portal failed")
        return json.loads(line)["seconds"]

    def run(self):
        rounds = []
        for number in range(self.rounds):
            self.say(f"portal, round {number + 1}")
            with World(self.build, self.file(f"world{number}"), self.per_round) as world:
                first = WARM_UP + WAITING
                self.csrs = prepare.make_csrs_for(i for i in range(self.per_round) if kind_of(i) == "reissue")
                ours = self.ours(world, 0)
                bare = self.bare(world, first, "alike")
                kept = self.bare(world, first + WAITING, "kept")
            rounds.append({"ours": ours, "bare": bare, "bare_kept": kept})
        return summary(rounds)


def summary(rounds):
    """Medians over the rounds; a ratio is the median of the rounds' ratios."""
    def rate(who, what):
        return statistics.median(WAITING / each[who][what] for each in rounds)

    def ratio(what, limit):
        return statistics.median(each[limit][what] / each["ours"][what] for each in rounds)

    out = {"waiting": WAITING, "at_once": AT_ONCE, "rounds": rounds}
    for name, what in (("whole", "seconds"), ("sign_in", "sign_in_seconds"), ("settle", "settle_seconds")):
        out[name] = {"ours": rate("ours", what), "bare": rate("bare", what), "bare_kept": rate("bare_kept", what),
                     "ratio": ratio(what, "bare"), "ratio_kept": ratio(what, "bare_kept")}
    for what in ("pages_each", "connections_each"):
        out[what] = {who: statistics.median(each[who][what] for each in rounds) for who in ("ours", "bare", "bare_kept")}
    for process in ("cabrokerd", "cabroker_adapters"):
        out[process + "_kb_each"] = statistics.median(each["ours"]["kb_each"][process][0] for each in rounds)
    out["kb_each"] = statistics.median(sum(grown[0] for grown in each["ours"]["kb_each"].values()) for each in rounds)
    return out


def marks(line):
    """The lines of bench.py's table."""
    names = (("whole", "portal requests, 1,000 waiting at once", 0.5), ("sign_in", "  until the code is mailed", None),
             ("settle", "  from the code to the end", None))
    for name, what, mark in names:
        found = line[name]
        yield what, f"{found['ours']:,.0f}/s", f"bare libcurl {found['bare']:,.0f}/s", found["ratio"], mark
    whole = line["whole"]
    yield ("  the same, limit keeps all connections", f"{whole['ours']:,.0f}/s",
           f"bare libcurl {whole['bare_kept']:,.0f}/s", whole["ratio_kept"], None)
    for what in ("pages", "connections"):
        made = line[what + "_each"]
        yield (f"  {what} for each request", f"{made['ours']:.2f}", f"bare libcurl {made['bare']:.2f}",
               made["bare"] / made["ours"], None)


def limits(line):
    yield "waiting request, KB resident, both", line["kb_each"], 8
