#!/usr/bin/env python3
"""An adapter program for cabroker: certificates at a registry with a small JSON API.

The example of docs/adapter-protocol.md. Standard library only. cabroker-adapters starts it like this:

    adapters:
      registry:
        type: program
        command: [/usr/local/lib/registry_adapter.py, https://registry.example, /etc/registry/ca.pem, /etc/registry/token]

The registry: GET /orders/ID tells an order, POST /orders/ID/rekey asks for a new certificate. It keeps the `reference`
that came with each rekey, and that is how this program can prove later whether a rekey arrived.
"""
import base64
import hashlib
import http.client
import json
import queue
import socket
import ssl
import sys
import threading
import time
import urllib.parse

CAPABILITIES = {
    "type": "program", "channel": "program", "kinds": ["status", "reissue", "download"],
    "brands": ["sectigo", "positivessl"], "statuses": {"reissue": ["issued"]}, "sessions": "none",
    "step_deadline_ms": None, "settle_ms": 120000,
}
STATUSES = {"ACTIVE": "issued", "REKEYING": "reissue_pending", "ENDED": "expired", "WITHDRAWN": "revoked"}
INLINE = 16 * 1024
CHUNK = 256 * 1024


class NotSent(Exception):
    """Certainly nothing reached the registry."""


class NoAnswer(Exception):
    """Something may have reached it."""


class Link:
    """Frames to and from cabroker-adapters. Reading is the main thread's, so that pings are answered while a step runs."""

    def __init__(self):
        self.writing = threading.Lock()
        self.may_send_blob = threading.Semaphore(8)

    def send(self, frame):
        line = json.dumps(frame, separators=(",", ":")) + "\n"
        with self.writing:
            sys.stdout.write(line)
            sys.stdout.flush()

    def frames(self):
        for line in sys.stdin:
            frame = json.loads(line)
            if frame["op"] == "blob_ack":
                self.may_send_blob.release()
            elif frame["op"] == "blob":
                self.send({"op": "blob_ack", "blob": frame["blob"], "seq": frame["seq"]})
            else:
                yield frame

    def octets(self, name, data):
        """Small octets go into the frame; larger ones cross before it, as a blob."""
        if len(data) <= INLINE:
            return {"base64": base64.b64encode(data).decode()}
        for seq, at in enumerate(range(0, len(data), CHUNK)):
            self.may_send_blob.acquire()
            self.send({"op": "blob", "blob": name, "seq": seq, "data": base64.b64encode(data[at:at + CHUNK]).decode(),
                       "last": at + CHUNK >= len(data)})
        return {"blob": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


class Registry:
    """The supplier's API. One call, one connection, no redirects, nothing tried again."""

    def __init__(self, url, ca_file, token_file):
        self.url = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca_file)
        with open(token_file, encoding="ascii") as file:
            self.token = file.read().strip()

    def call(self, method, path, body, until):
        """(status, parsed body, octets), or NotSent or NoAnswer. No octet of the request leaves after `until`."""
        connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, context=self.context,
                                                 timeout=max(0.05, until - time.monotonic()))
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotSent(str(error)) from error
            left = until - time.monotonic()
            if left <= 0:
                raise NotSent("the time was over before anything was sent")
            # Whatever the registry does: when the time is over nothing more is sent or waited for.
            cut = threading.Timer(left, connection.sock.shutdown, [socket.SHUT_RDWR])
            cut.daemon = True
            cut.start()
            headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
            try:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                reply = connection.getresponse()
                octets = reply.read(1024 * 1024)
                return reply.status, json.loads(octets), octets
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise NoAnswer(str(error)) from error
            finally:
                cut.cancel()
        finally:
            connection.close()

    def order(self, number, until):
        try:
            status, told, octets = self.call("GET", "/orders/" + urllib.parse.quote(number, safe=""), None, until)
        except NoAnswer as error:  # reading twice harms nobody
            raise NotSent(str(error)) from error
        if status == 404:
            return None, octets
        if status != 200:
            raise NotSent(f"the registry answered {status}")
        return told, octets


class Adapter:
    """What a step and a proof do. It keeps nothing between them: all it must remember is in the cookie."""

    def __init__(self, link, registry):
        self.link, self.registry = link, registry

    def advance(self, frame, until):
        context = frame["context"]
        if context["kind"] not in CAPABILITIES["kinds"] or context["order"]["brand"] not in CAPABILITIES["brands"]:
            return {"answer": {"type": "unsupported", "hint": "the registry has no call for this"}, "step": "unsupported"}
        number = context["order"].get("supplier_order_id")
        if not number:
            return self.rejected("unknown_order", "the order has no supplier order ID", "add it to the order")
        if context.get("leave"):
            return self.submit(context, number, until)
        order, page = self.registry.order(number, until)
        if order is None:
            return self.rejected("unknown_order", "the registry does not know this order", "check the supplier order ID")
        result = {"status": self.status_of(order), "step": "reading",
                  "evidence": [{"type": "page", "name": "order.json", "content_type": "application/json",
                                "octets": self.link.octets(f"{frame['id']}.1", page)}]}
        if context["kind"] == "status":
            result["answer"] = {"type": "done", "code": "status_read", "detail": "the registry told the order's status"}
        elif context["kind"] == "download":
            self.download(order, result)
        else:
            self.reissue(context, order, result)
        return result

    def download(self, order, result):
        if not order["chain"]:
            result.update(self.rejected("no_certificate", "there is no certificate yet", "download it once it is issued"))
            return
        result["certificates"] = [{"base64": der} for der in order["chain"]]
        result["answer"] = {"type": "done", "code": "downloaded", "detail": "fetched from the registry"}

    def reissue(self, context, order, result):
        reference = (context.get("cookie") or {}).get("secret", "")
        mine = self.find(order, reference)
        if mine is None and order["status"] != "ACTIVE":
            result.update(self.rejected("wrong_status", "only an active order can be rekeyed", "look at the order's status"))
        elif mine is None:
            result["step"] = "submit"
            result["answer"] = {"type": "intend", "effect": {
                "class": "once", "summary": "rekey " + order["id"], "seen_before": result["status"]["status"]}}
        elif mine["state"] != "done":
            result["step"] = "issuing"
            result["answer"] = {"type": "wait", "poll_after_ms": None, "reason": "the registry is issuing", "poll": True}
        else:
            result["step"] = "issued"
            result["certificates"] = [{"base64": der} for der in order["chain"]]
            result["answer"] = {"type": "done", "code": "issued", "detail": "the registry issued the certificate"}

    def submit(self, context, number, until):
        """The only place that changes anything: the core has the intent on disk, and gave leave."""
        leave = context["leave"]["effect"]
        body = {"csr": context["params"]["csr"], "note": context["params"].get("reason") or "", "reference": leave}
        path = "/orders/" + urllib.parse.quote(number, safe="") + "/rekey"
        try:
            status, _, _ = self.registry.call("POST", path, body, until)
        except NoAnswer as error:
            return {"answer": {"type": "unknown_outcome", "detail": str(error)}, "step": "submit"}
        if status >= 500:
            return {"answer": {"type": "unknown_outcome", "detail": f"the registry answered {status}"}, "step": "submit"}
        if status != 202:
            return self.rejected("refused_by_supplier", f"the registry answered {status}", "look at the order")
        return {"answer": {"type": "wait", "poll_after_ms": None, "reason": "the registry took the rekey", "poll": True},
                "step": "issuing", "cookie": {"secret": leave}, "notes": [{"text": "the registry took the rekey", "details": {}}]}

    def prove(self, frame, until):
        """Only reads: is there a rekey with the reference of this effect?"""
        effect = frame["context"]["effect"]["id"]
        order, _ = self.registry.order(frame["context"]["order"]["supplier_order_id"], until)
        if order is None:
            return {"verdict": "cannot_tell", "detail": "the registry does not know the order any more"}
        if self.find(order, effect) is None:
            return {"verdict": "not_done", "detail": "the registry has no rekey of ours", "status": self.status_of(order)}
        return {"verdict": "done", "detail": "the registry has our rekey", "status": self.status_of(order),
                "cookie": {"secret": effect}}

    @staticmethod
    def find(order, reference):
        return next((rekey for rekey in order["rekeys"] if reference and rekey["reference"] == reference), None)

    @staticmethod
    def status_of(order):
        return {"status": STATUSES.get(order["status"], "unknown"), "raw": order["status"]}

    @staticmethod
    def rejected(code, detail, hint):
        return {"answer": {"type": "rejected", "code": code, "detail": detail, "hint": hint}, "step": "rejected"}


def time_left(frame):
    """Until when this step may act, on our monotonic clock: the deadline, or the leave if that ends before."""
    context, now = frame["context"], time.monotonic()
    until = now + context["deadline_ms"] / 1000
    if context.get("leave"):
        told = frame.get("told_at_ms", now * 1000) / 1000
        until = min(until, told + context["leave"]["act_for_ms"] / 1000)
    return until


def work(link, adapter, steps):
    while True:
        frame = steps.get()
        try:
            if frame["op"] == "advance":
                link.send({"op": "result", "id": frame["id"], "result": adapter.advance(frame, time_left(frame))})
            else:
                link.send({"op": "proof", "id": frame["id"], "proof": adapter.prove(frame, time_left(frame))})
        except NotSent as error:
            link.send({"op": "error", "id": frame["id"], "code": "unreachable", "detail": str(error)})
        except Exception as error:  # a bug of ours is no answer; the next step is served all the same
            print(f"step failed: {type(error).__name__}", file=sys.stderr)
            link.send({"op": "error", "id": frame["id"], "code": "no_answer", "detail": "the program failed"})


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: registry_adapter.py URL CA_FILE TOKEN_FILE")
    link, steps = Link(), queue.Queue()
    threading.Thread(target=work, args=(link, Adapter(link, Registry(*sys.argv[1:])), steps), daemon=True).start()
    for frame in link.frames():  # ends when stdin ends, and the program with it
        if frame["op"] == "hello":
            spoken = 1 if 1 in frame["protocols"] else None
            link.send({"op": "hello", "id": frame["id"], "protocol": spoken, "build": "registry-adapter 1",
                       "capabilities": CAPABILITIES})
        elif frame["op"] == "ping":
            link.send({"op": "pong", "id": frame["id"]})
        elif frame["op"] in ("advance", "prove"):
            steps.put(frame)
        else:
            link.send({"op": "unsupported", "id": frame["id"]})


if __name__ == "__main__":
    main()
