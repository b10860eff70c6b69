#!/usr/bin/env python3
"""Measures the daemon beside the limits of this machine, which are measured in turn with it, and judges by marks."""

import argparse
import json
import os
import shutil
import statistics
import sys
import time

from daemon import Daemon, Process, load, resident_mb, run_tool
import portal
import prepare

# Name, requests of one round. The largest comes first, on the fewest rows.
CLIENTS = {128: 20_000, 16: 8_000, 1: 1_500}
ORDERS = sum(CLIENTS.values()) + 1
REISSUES = 8_000
CSRS = 2_000
STORED = 100_000


def median(rounds, *path):
    values = []
    for value in rounds:
        for name in path:
            value = value[name]
        values.append(value)
    return statistics.median(values)


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = os.path.abspath(options.build)
        self.work = os.path.join(os.path.abspath(options.out), "work")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work, mode=0o700)
        self.template = os.path.join(self.work, "template.db")
        self.results = {"machine": {"cpus": os.cpu_count(), "load_before": os.getloadavg()[0]}}

    def file(self, name):
        return os.path.join(self.work, name)

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    # -- preparation ----------------------------------------------------------------------------------------------

    def prepare(self):
        self.say("preparing orders, CSRs and requests")
        with Daemon(self.build, self.file("t")) as daemon:
            fill = prepare.fill_orders(daemon, ORDERS)
        os.rename(prepare.edit_database(self.file("t/state"), fill), self.template)
        posts = ({"kind": "status", "order": prepare.described(i), "labels": {"team": "web"},
                  "external_ref": {"system": "rt", "id": str(i)}} for i in range(ORDERS))
        prepare.write_requests(self.file("posts"), map(prepare.post, posts))
        csrs = prepare.make_csrs(CSRS)
        with open(self.file("csrs.pem"), "w", encoding="ascii") as out:
            out.writelines(csrs)
        reissues = (prepare.reissue(i % CSRS, csrs[i % CSRS]) for i in range(REISSUES))
        prepare.write_requests(self.file("reissues"), reissues)

    def fresh(self, name):
        """A daemon over the prepared orders."""
        directory = self.file(name)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(os.path.join(directory, "state"), mode=0o700)
        shutil.copy(self.template, os.path.join(directory, "state/cabroker.db"))
        return Daemon(self.build, directory)

    def replay(self, name, first, count, group):
        """SQLite alone with the rows that the daemon `name` wrote."""
        target = self.file("replay.db")
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(target + suffix):
                os.unlink(target + suffix)
        shutil.copy(self.template, target)
        return run_tool(self.build, "bench-replay", "--source", self.file(name + "/state/cabroker.db"), "--target",
                        target, "--first", first, "--count", count, "--group", group)

    # -- measurements ---------------------------------------------------------------------------------------------

    def posts_round(self):
        """Each number of clients with a daemon of its own, so that it starts where the limit starts: at the template."""
        result, first = {}, 0
        for clients, count in CLIENTS.items():
            with self.fresh("p") as daemon:
                writes, commits = daemon.commits()
                ours = load(self.build, daemon, self.file("posts"), clients, 201, first=first, count=count)
                writes, commits = [a - b for a, b in zip(daemon.commits(), (writes, commits))]
                ours["changes_per_commit"] = round(writes / max(commits, 1), 1)
            raw = self.replay("p", 0, count, clients)
            reached = max(1, round(ours["changes_per_commit"]))
            result[clients] = {"ours": ours, "raw": raw, "raw_reached": self.replay("p", 0, count, reached)}
            first += count
        return result

    def posts(self):
        rounds = []
        for number in range(self.options.rounds):
            self.say(f"POST status, round {number + 1}")
            rounds.append(self.posts_round())
        table = {}
        for clients in CLIENTS:
            table[clients] = {
                "ours": median(rounds, clients, "ours", "per_second"),
                "raw": median(rounds, clients, "raw", "per_second"),
                "raw_at_reached_group": median(rounds, clients, "raw_reached", "per_second"),
                "ratio": statistics.median(r[clients]["ours"]["per_second"] / r[clients]["raw"]["per_second"]
                                           for r in rounds),
                "ratio_at_reached_group": statistics.median(
                    r[clients]["ours"]["per_second"] / r[clients]["raw_reached"]["per_second"] for r in rounds),
                "changes_per_commit": median(rounds, clients, "ours", "changes_per_commit"),
                "cpu_us": median(rounds, clients, "ours", "server_cpu_us"),
                "p50_us": median(rounds, clients, "ours", "p50_us"),
                "p99_us": median(rounds, clients, "ours", "p99_us")}
        self.results["post_status"] = table

    def reissues(self):
        rounds = []
        for number in range(self.options.rounds):
            self.say(f"POST reissue, round {number + 1}")
            with self.fresh("r") as daemon:
                ours = load(self.build, daemon, self.file("reissues"), 128, 201, first=0, count=REISSUES)
            raw = self.replay("r", 0, REISSUES, 128)
            csr = run_tool(self.build, "bench-csr-rate", self.file("csrs.pem"), 0.5)
            limit = min(raw["per_second"], csr["openssl"])
            own_limit = min(raw["per_second"], csr["pki"])
            rounds.append({"ours": ours, "raw": raw, "csr": csr, "limit": limit,
                           "ratio": ours["per_second"] / limit, "own_ratio": ours["per_second"] / own_limit})
        self.results["post_reissue"] = {
            "ours": median(rounds, "ours", "per_second"), "raw": median(rounds, "raw", "per_second"),
            "csr_openssl": median(rounds, "csr", "openssl"), "csr_pki": median(rounds, "csr", "pki"),
            "limit": median(rounds, "limit"), "ratio": median(rounds, "ratio"),
            "ratio_with_own_csr_check": median(rounds, "own_ratio"),
            "cpu_us": median(rounds, "ours", "server_cpu_us"), "p99_us": median(rounds, "ours", "p99_us")}

    def gets(self):
        rounds = []
        with self.fresh("g") as daemon:
            load(self.build, daemon, self.file("posts"), 128, 201, first=0, count=20_000,
                 locations=self.file("locations"))
            with open(self.file("locations"), encoding="ascii") as found:
                targets = found.read().split()
            prepare.write_requests(self.file("gets"), (("GET " + target, "") for target in targets))
            size = len(daemon.call("GET", targets[0])[1])
            for number in range(self.options.rounds):
                self.say(f"GET, round {number + 1}")
                ours = load(self.build, daemon, self.file("gets"), 32, 200, seconds=1.5)
                with self.bare_beast(size) as bare:
                    theirs = load(self.build, bare, self.file("gets"), 32, 200, seconds=1.5)
                rounds.append({"ours": ours, "bare": theirs,
                               "ratio": ours["per_second"] / theirs["per_second"]})
        self.results["get_request"] = {
            "ours": median(rounds, "ours", "per_second"), "bare_beast": median(rounds, "bare", "per_second"),
            "ratio": median(rounds, "ratio"), "body_octets": size,
            "cpu_us": median(rounds, "ours", "server_cpu_us"),
            "bare_beast_cpu_us": median(rounds, "bare", "server_cpu_us"),
            "p99_us": median(rounds, "ours", "p99_us")}

    def bare_beast(self, size):
        path = self.file("b")
        bare = Process([os.path.join(self.build, "bench/bench-bare-beast"), path, str(size)], self.file("bare.log"))
        bare.socket = path
        until = time.monotonic() + 10
        while not os.path.exists(path) and time.monotonic() < until:
            time.sleep(0.01)
        return bare

    def memory(self):
        self.say("resident memory")
        with Daemon(self.build, self.file("m"), spawn=True) as daemon:
            time.sleep(3)
            ours, ours_private = resident_mb(daemon.process.pid)
            outside, outside_private = resident_mb(daemon.outside_pid())
        self.results["memory"] = {"cabrokerd_mb": ours, "cabrokerd_private_mb": ours_private,
                                  "cabroker_adapters_mb": outside, "cabroker_adapters_private_mb": outside_private}

    def start_up(self):
        self.say(f"start-up with {STORED} stored requests")
        with self.fresh("u") as daemon:
            daemon.call("POST", "/v1/requests", {"kind": "status", "order": prepare.described(0)})
        path = prepare.edit_database(self.file("u/state"), lambda db: prepare.fill_requests(db, STORED))
        os.rename(path, self.file("large.db"))
        times = []
        for _ in range(self.options.rounds + 2):
            shutil.copy(self.file("large.db"), path)
            with Daemon(self.build, self.file("u")) as daemon:
                times.append(daemon.ready_after * 1000)
        self.results["start_up"] = {"stored_requests": STORED, "database_mb": os.path.getsize(path) / 1e6,
                                    "median_ms": statistics.median(times), "longest_ms": max(times)}

    def portal(self):
        rounds = min(3, self.options.rounds)
        self.results["portal"] = portal.PortalBench(self.build, self.work, rounds, self.say).run()

    def run(self):
        begin = time.monotonic()
        self.prepare()
        for name in self.options.only.split(","):
            getattr(self, name)()
        self.results["machine"]["load_after"] = os.getloadavg()[0]
        self.results["took_seconds"] = round(time.monotonic() - begin, 1)
        return self.results


def marks(results):
    """(what, ours, limit, ratio or None, mark, met) of each line."""
    for clients, line in results.get("post_status", {}).items():
        mark = 0.5 if clients == 128 else None
        yield (f"POST status, {clients} clients", f"{line['ours']:,.0f}/s", f"raw SQLite {line['raw']:,.0f}/s",
               line["ratio"], mark)
        yield (f"  the same, groups of {line['changes_per_commit']:.0f} as reached", f"{line['ours']:,.0f}/s",
               f"raw SQLite {line['raw_at_reached_group']:,.0f}/s", line["ratio_at_reached_group"], None)
    if line := results.get("post_reissue"):
        yield ("POST reissue RSA-2048, 128 clients", f"{line['ours']:,.0f}/s",
               f"raw {line['raw']:,.0f}/s, OpenSSL {line['csr_openssl']:,.0f}/s", line["ratio"], 0.6)
        yield ("  the same, own CSR check as limit", f"{line['ours']:,.0f}/s",
               f"raw {line['raw']:,.0f}/s, own {line['csr_pki']:,.0f}/s", line["ratio_with_own_csr_check"], None)
    if line := results.get("get_request"):
        yield ("GET request, 32 clients", f"{line['ours']:,.0f}/s", f"bare Beast {line['bare_beast']:,.0f}/s",
               line["ratio"], 0.35)
    if line := results.get("portal"):
        yield from portal.marks(line)


def limits(results):
    """(what, value, mark) of what must stay small."""
    if line := results.get("memory"):
        yield "cabrokerd idle, MB resident", line["cabrokerd_mb"], 20
        yield "cabroker-adapters idle, MB resident", line["cabroker_adapters_mb"], 40
    if line := results.get("start_up"):
        yield f"start-up, {line['stored_requests']:,} requests, ms", line["median_ms"], 200
    if line := results.get("portal"):
        yield from portal.limits(line)


def report(results):
    met_all = True
    print(f"{'':36} {'ours':>12}   {'limit in the same run':34} {'ratio':>6} {'mark':>6}")
    for what, ours, limit, ratio, mark in marks(results):
        met = mark is None or ratio >= mark
        met_all &= met
        wanted = f"{mark:6.0%} {'met' if met else 'MISSED'}" if mark else ""
        print(f"{what:36} {ours:>12}   {limit:34} {ratio:6.0%} {wanted}")
    for what, value, mark in limits(results):
        met = value < mark
        met_all &= met
        print(f"{what:36} {value:12.1f}   {'':34} {'':6} {'<' + str(mark):>6} {'met' if met else 'MISSED'}")
    machine = results["machine"]
    print(f"\n{machine['cpus']} CPUs, load {machine['load_before']:.1f} before and {machine['load_after']:.1f} after, "
          f"{results['took_seconds']:.0f} s")
    return met_all


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build folder with bin/ and bench/")
    parser.add_argument("--out", required=True, help="folder for results.json and the working files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="memory,posts,reissues,gets,start_up,portal")
    parser.add_argument("--keep", action="store_true", help="keep the working files")
    options = parser.parse_args()
    bench = Bench(options)
    try:
        results = bench.run()
        met = report(results)
        path = os.path.join(os.path.abspath(options.out), "results.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(dict(results, marks_met=met), out, indent=2)
        print("written to", os.path.relpath(path))
    finally:
        if not options.keep:
            shutil.rmtree(bench.work, ignore_errors=True)


if __name__ == "__main__":
    main()
