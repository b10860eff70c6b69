#!/usr/bin/env python3
"""An adapter program that behaves as its first argument says. With `after`, once the first step arrived."""
import json
import os
import signal
import subprocess
import sys
import time

HOW = sys.argv[1]
MARK = sys.argv[2] if len(sys.argv) > 2 else None


def say(frame):
    sys.stdout.write(json.dumps(frame) + "\n")
    sys.stdout.flush()


def capabilities():
    told = {"type": "program", "channel": "program", "kinds": ["status", "reissue"], "brands": ["rapidssl"],
            "sessions": "none", "settle_ms": 1000}
    if HOW == "dresses_up":
        told.update(type="guest_portal", channel="portal", settle_ms=10 ** 12, step_deadline_ms=1)
    if HOW == "no_kinds":
        told["kinds"] = []
    if HOW == "unknown_kinds":
        told["kinds"] = ["fly"]
    return told


def done(frame):
    say({"op": "result", "id": frame["id"], "result": {
        "answer": {"type": "done", "code": "status_read", "detail": "read"}, "step": "read",
        "status": {"status": "issued", "raw": "Issued"}}})


def leave_a_child(detached):
    code = "import os,signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    if detached:
        code += "os.setsid()\nif os.fork(): os._exit(0)\n"
    code += f"open({MARK!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL)
    while not (os.path.exists(MARK) and open(MARK).read()):
        time.sleep(0.01)


def step(frame):
    if frame["op"] == "prove":
        say({"op": "proof", "id": frame["id"], "proof": {"verdict": "not_done"}})
    elif HOW == "hangs":
        signal.pause()
    elif HOW == "dies":
        os._exit(3)
    elif HOW == "dies_once":
        if not os.path.exists(MARK):
            open(MARK, "w").close()
            os._exit(3)
        done(frame)
    elif HOW == "too_long":
        sys.stdout.write("x" * (2 * 1024 * 1024))
        sys.stdout.flush()
        signal.pause()
    elif HOW == "no_json":
        sys.stdout.write("hello there\n")
        sys.stdout.flush()
        signal.pause()
    elif HOW == "unknown_id":
        say({"op": "result", "id": 999999, "result": {}})
        signal.pause()
    elif HOW == "unsupported":
        say({"op": "unsupported", "id": frame["id"]})
    elif HOW == "wrong_op":
        say({"op": "proof", "id": frame["id"], "proof": {"verdict": "done"}})
    elif HOW == "no_answer_type":
        say({"op": "result", "id": frame["id"], "result": {"answer": {"type": "perhaps"}}})
    elif HOW == "answers_twice":
        done(frame)
        done(frame)
    elif HOW == "big_cookie":
        say({"op": "result", "id": frame["id"], "result": {"answer": {"type": "wait"}, "cookie": {"secret": "x" * 20000}}})
    elif HOW == "endless_blobs":
        for seq in range(100000):
            say({"op": "blob", "blob": f"{frame['id']}.1", "seq": seq, "data": "QUJD" * 80000, "last": False})
    elif HOW == "tells_secrets":
        secret = frame["context"]["inputs"][0]["value"]["secret"]
        print(f"the code is {secret}\x1b[31m", file=sys.stderr, flush=True)
        say({"op": "result", "id": frame["id"], "result": {
            "answer": {"type": "rejected", "code": "wrong", "detail": "not " + secret, "hint": secret},
            "notes": [{"text": "used " + secret, "details": {"code": secret}}], "step": "code",
            "evidence": [{"type": "page", "name": "p", "content_type": "text/plain",
                          "octets": {"base64": __import__("base64").b64encode(secret.encode()).decode()}}]}})
    elif HOW == "floods_stderr":
        for number in range(3000):
            print(f"line {number} " + "y" * 2000, file=sys.stderr)
        sys.stderr.flush()
        done(frame)
    elif HOW in ("child", "detached_child"):
        leave_a_child(HOW == "detached_child")
        done(frame)
    elif HOW == "tells_environment":
        limits = open("/proc/self/limits").read()
        facts = {"environment": dict(os.environ), "fds": sorted(os.listdir("/proc/self/fd")), "cwd": os.getcwd(),
                 "core": [line.split()[4] for line in limits.splitlines() if line.startswith("Max core")][0],
                 "group": os.getpgrp() == os.getpid(), "arguments": sys.argv[1:]}
        say({"op": "result", "id": frame["id"], "result": {
            "answer": {"type": "rejected", "code": "facts", "detail": json.dumps(facts), "hint": ""}}})
    elif HOW == "slow":
        time.sleep(0.3)
        done(frame)
    else:
        done(frame)


def main():
    if HOW == "never_greets":
        signal.pause()
    if HOW == "ends_at_once":
        return
    if HOW == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        frame = json.loads(line)
        if frame["op"] == "hello":
            if MARK and HOW == "counts_starts":
                with open(MARK, "a") as file:
                    file.write(f"{time.monotonic()}\n")
            say({"op": "hello", "id": frame["id"], "protocol": 7 if HOW == "other_version" else 1, "build": "hostile",
                 "capabilities": capabilities()})
            if HOW == "counts_starts":
                return
        elif frame["op"] == "ping" and HOW != "no_pong":
            say({"op": "pong", "id": frame["id"]})
        elif frame["op"] in ("advance", "prove"):
            step(frame)
    if HOW == "deaf":
        while True:
            signal.pause()


main()
