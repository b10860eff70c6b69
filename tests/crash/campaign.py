"""What the crash test and the portal storm share: requests go in and are helped along while the daemon, its outside or both
are killed, at random moments and at named points of the engine; and how a run is called, judged and told."""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import crash_world

POINTS = ["request_created", "request_claimed", "step_answered", "intent_committed", "effect_answered",
          "result_committed", "proof_committed", "input_committed"]
# Reached once for each request, or seldomer; the others at every step.
RARE = {"request_created", "intent_committed", "effect_answered", "proof_committed", "input_committed"}
SETTLED = {"succeeded", "failed", "rejected", "canceled", "expired"}
VICTIMS = ["daemon", "daemon", "outside", "both"]


def make_csr(directory, name):
    path = os.path.join(directory, "csr.pem")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", os.path.join(directory, "key.pem"), "-subj", "/CN=" + name, "-out", path],
                   check=True, capture_output=True)
    with open(path, encoding="ascii") as text:
        return text.read()


class Campaign:
    """One run. A subclass says which orders and requests there are, and judges what became of them: `complaints` are what
    must not be, `doubles` the requests whose effect was asked for more than once, `lost` those accepted and gone."""
    name = "campaign"
    world_flags = ()
    # How often a life of the daemon is to end at a point that was not met often enough.
    aimed_share = 0.7

    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="cabroker-crash-")
        self.orders = self.make_orders()
        self.world = crash_world.World(options.build, self.directory, self.orders, self.world_flags)
        environment = {}
        if options.no_intents:
            environment["CABROKER_NO_INTENTS"] = "1"
        if options.power_cut:
            environment["CABROKER_POWER_CUT"] = options.power_cut
        self.broker = crash_world.Broker(options.build, self.directory, self.world, environment, self.settings())
        self.accepted = {}
        self.fed = set()
        self.kills = {"daemon": 0, "outside": 0, "both": 0}
        self.at_point = dict.fromkeys(POINTS, 0)
        self.points = []
        self.died_at = None
        self.lost, self.doubles = set(), set()
        self.complaints = []

    # -- what a subclass says -------------------------------------------------------------------------------------

    def make_orders(self):
        raise NotImplementedError

    def settings(self):
        """The broker's configuration, beyond what crash_world.Broker gives it."""
        raise NotImplementedError

    def room(self):
        """How many more requests may come in now."""
        return 5

    def more(self):
        """Further requests, when all are in and a point was not met often enough."""
        return {}

    def at_rest(self, request, accepted):
        return request["state"] in SETTLED

    def types_code(self, request):
        """Does a person give this request its access code?"""
        return True

    def judge(self):
        raise NotImplementedError

    def go(self):
        """Carries the requests through the kills."""
        raise NotImplementedError

    # -- requests -------------------------------------------------------------------------------------------------

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
        raise SystemExit(f"{self.name}: POST answered {status}: {reply}")

    def tend(self):
        """Plays the helpdesk: looks at the requests that may wait for a person."""
        try:
            status, page = self.broker.call("GET", "/v1/requests?state=needs_input,outcome_unknown&limit=500")
            if status != 200:
                return
            for request in page["items"]:
                if any(need["name"] == "access_code" for need in request["needs"]):
                    if self.types_code(request):
                        self.give_code(request)
                elif request["next_actor"] == "operator":
                    self.decide(request)
        except crash_world.NOBODY:
            return

    def give_code(self, request):
        """Gives the request the code that its contact was mailed."""
        code = self.world.get("/mailbox?order=" + request["order"]["supplier_order_id"])["code"]
        if code is None or (request["id"], code) in self.fed:
            return
        status, _ = self.broker.call("POST", f"/v1/requests/{request['id']}/inputs", {"name": "access_code", "value": code})
        if status == 204:
            self.fed.add((request["id"], code))

    def decide(self, request):
        """A request that only an operator can end."""

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
            count += not self.at_rest(request, accepted)
        return count

    # -- kills ----------------------------------------------------------------------------------------------------

    def missing(self):
        """The points that were not met often enough."""
        return [point for point in POINTS if self.at_point[point] < self.options.per_point]

    def next_points(self):
        """At which points the next daemon is to die: the first of them that it reaches."""
        if self.enough():
            return []
        if self.options.aim:
            return [self.options.aim]
        share = self.aimed_share if self.total() < self.options.kills else 1.0
        if random.random() >= share:
            return []
        wanted = set(self.missing())
        # Only an effect whose answer was lost is proven, and who dies at effect_answered loses one. Not twice in a row: nothing
        # would ever go on.
        if "proof_committed" in wanted and self.died_at != "effect_answered":
            wanted.add("effect_answered")
        return sorted(wanted)

    def restart(self):
        self.points = self.next_points()
        self.died_at = None
        nth = {point: 1 if point in RARE else random.randint(1, self.options.nth) for point in self.points}
        self.broker.start(",".join(f"{point}:{nth[point]}" for point in self.points))
        if not self.broker.wait_ready():
            if self.points and self.broker.dead():
                return
            raise SystemExit(f"{self.name}: the daemon did not come up, see {self.broker.log.name}")
        self.patience_ends = time.monotonic() + self.options.patience

    def note_death(self):
        """The daemon died: at a named point, or it is a fault of ours."""
        code = self.broker.process.wait(20)
        self.died_at = self.broker.died_at()
        if self.died_at not in self.points or code != -signal.SIGKILL:
            raise SystemExit(f"{self.name}: the daemon ended by itself with {code}, see {self.broker.log.name}")
        self.at_point[self.died_at] += 1
        self.kills["daemon"] += 1

    def revive(self):
        """Starts a daemon that died at a point; True when it had."""
        if not self.broker.dead():
            return False
        self.note_death()
        self.restart()
        return True

    def total(self):
        return sum(self.kills.values())

    def enough(self):
        return self.total() >= self.options.kills and not self.missing()

    def strike(self):
        """One kill; a daemon that is to die at a point is left to reach it for a while."""
        what = random.choice(VICTIMS)
        if self.points and what != "outside" and time.monotonic() < self.patience_ends:
            return
        self.broker.kill(what)
        self.kills[what] += 1
        if what != "outside":
            self.restart()

    def storm(self, waiting, limit):
        """Requests come in, people help, things die; until all of `waiting` rests."""
        def roll():
            return time.monotonic() + random.uniform(0.02, self.options.pause)
        end, next_kill = time.monotonic() + limit, roll()
        while time.monotonic() < end:
            if self.revive():
                next_kill = roll()
            for key in list(waiting)[:max(0, min(5, self.room()))]:
                if self.submit(key, waiting[key]):
                    del waiting[key]
            self.tend()
            if not self.enough() and time.monotonic() > next_kill and not self.broker.dead():
                self.strike()
                next_kill = roll()
            if not waiting and self.missing():
                waiting.update(self.more())
            if not waiting and self.open_requests() == 0:
                return
        self.complaints.append("requests did not come to rest in time")

    # -- a whole run ----------------------------------------------------------------------------------------------

    def run(self):
        self.go()
        self.revive()
        self.judge()
        if self.options.expect == "success" and not self.enough():
            self.complaints.append(f"too few kills: {self.total()}, at points {self.at_point}")

    def as_expected(self):
        return {"success": not self.complaints, "doubles": bool(self.doubles), "losses": bool(self.lost)}[self.options.expect]

    def close(self, keep):
        for part in (self.broker, self.world):
            part.stop()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


def arguments(text, **defaults):
    """The options of both programs, with these defaults."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--per-point", type=int, default=3, help="deaths at each named point at the least")
    parser.add_argument("--nth", type=int, default=4, help="which time the point is reached, at the most")
    parser.add_argument("--requests", type=int)
    parser.add_argument("--limit", type=float, help="seconds until the requests must rest")
    parser.add_argument("--pause", type=float, help="seconds between kills at the most")
    parser.add_argument("--patience", type=float, default=1.5, help="seconds a daemon has to reach its point")
    parser.add_argument("--aim", choices=POINTS, help="always die at this point")
    parser.add_argument("--no-intents", action="store_true", help="effects are not recorded before they are done")
    parser.add_argument("--power-cut", choices=["full", "off"])
    parser.add_argument("--expect", choices=["success", "doubles", "losses"], default="success",
                        help="what must be found: nothing wrong, or as a control double effects or lost requests")
    parser.add_argument("--seed", type=int)
    parser.set_defaults(**defaults)
    return parser


def execute(kind, options):
    """Runs a campaign of this kind and tells how it went; gives the exit code."""
    options.build = os.path.abspath(options.build)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    random.seed(seed)
    began = time.monotonic()
    campaign = kind(options)
    name = campaign.name
    try:
        campaign.run()
    except BaseException:
        campaign.close(keep=True)
        print(f"{name}: seed {seed}, kept {campaign.directory}", file=sys.stderr)
        raise
    good, expected = not campaign.complaints, campaign.as_expected()
    print(f"{name}: seed {seed}, {len(campaign.accepted)} requests, {campaign.total()} kills {campaign.kills}, "
          f"at points {campaign.at_point}, {time.monotonic() - began:.0f} s")
    for complaint in campaign.complaints[:40]:
        print("  " + complaint)
    found = f"{len(campaign.complaints)} complaints, {len(campaign.doubles)} done twice, {len(campaign.lost)} lost"
    print(f"{name}: {'nothing lost, nothing twice' if good else found} ({'as' if expected else 'NOT as'} expected)")
    campaign.close(keep=not expected)
    if not expected:
        print(f"{name}: kept {campaign.directory}")
    return 0 if expected else 1
