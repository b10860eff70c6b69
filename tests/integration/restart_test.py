"""The daemon ends and comes back in the middle of everything, by order and by crash; nothing is lost."""
import json
import signal
import socket

from broker import IntegrationTest, main
from support import UnixConnection, make_csr, parse_reply, until


class RestartTest(IntegrationTest):
    def restart(self, how):
        if how == signal.SIGTERM:
            self.broker.stop()
        else:
            self.broker.kill()
        self.broker.start()

    def test_restart_in_the_middle_goes_on(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=how):
                order = self.new_order(dcv="manual")
                body = {"kind": "reissue", "order": order, "params": {"csr": make_csr(order["common_name"]), "reason": "restart"}}
                key = {"Idempotency-Key": f"restart-{how}"}
                request = self.broker.call("POST", "/v1/requests", body, key).json
                cursor = self.broker.get("/v1/requests?limit=1")["event_cursor"]
                self.restart(how)
                self.assertEqual(self.broker.call("POST", "/v1/requests", body, key).headers["Idempotent-Replayed"], "true")
                self.broker.wait(request, "needs_input")
                self.restart(how)
                self.broker.post("/v1/adapters/portal/pause")
                code = self.world.code(order["admin_email"])
                self.broker.give(request, code)
                self.restart(how)
                self.assertTrue(self.broker.get("/v1/adapters/portal")["paused"], "a pause outlives the daemon")
                self.broker.post("/v1/adapters/portal/resume")
                until(lambda: self.world.books(order["supplier_order_id"])["reissues"] == 1, why=self.broker.story(request["id"]))
                self.restart(how)
                self.world.control("POST", f"/orders/{order['supplier_order_id']}/dcv")
                done = self.broker.wait(request)
                self.assertEqual(done["state"], "succeeded", self.broker.story(done["id"]))
                books = self.world.books(order["supplier_order_id"])
                self.assertEqual((books["reissues"], books["reissues_issued"]), (1, 1))
                events = self.broker.get(f"/v1/events?after={cursor}&limit=500")["items"]
                self.assertEqual([each["seq"] for each in events], list(range(cursor + 1, cursor + 1 + len(events))))

    def test_events_beyond_retention_are_gone_with_a_word(self):
        self.broker.post("/v1/orders", self.new_order(), 201)
        last = self.broker.get("/v1/requests?limit=1")["event_cursor"]
        self.broker.stop()
        self.broker.settings["api"] = {"event_retention": "1ms"}
        self.broker.write_config()
        self.broker.start()
        problem = until(lambda: self.expired(), why="nothing was pruned")
        self.assertEqual((problem["code"], problem["first_seq"]), ("cursor_expired", last + 1))
        self.assertEqual(self.broker.get(f"/v1/events?after={last}")["items"], [])
        self.broker.stop()
        del self.broker.settings["api"]
        self.broker.write_config()
        self.broker.start()
        self.broker.post("/v1/orders", self.new_order(), 201)
        self.assertEqual(self.broker.get(f"/v1/events?after={last}")["items"][0]["seq"], last + 1, "numbers are never used again")

    def expired(self):
        reply = self.broker.call("GET", "/v1/events?after=0")
        return reply.json if reply.status == 410 else None

    def test_draining_answers_those_who_wait_and_refuses_new_work(self):
        request = self.broker.ask("status", self.new_order())
        self.broker.wait(request, "needs_input")
        waiter = UnixConnection(self.broker.socket)
        waiter.request("GET", f"/v1/requests/{request['id']}?wait=60s")
        stream = UnixConnection(self.broker.socket)
        stream.request("GET", "/v1/events?after=0", headers={"Accept": "text/event-stream"})
        reply = stream.getresponse()
        half = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        half.connect(self.broker.socket)
        half.settimeout(20)
        half.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: x\r\n")
        until(lambda: self.broker.get("/v1/stats")["waiting"] >= 1)

        self.broker.signal(signal.SIGTERM)
        answer = waiter.getresponse()
        self.assertEqual((answer.status, answer.headers["Cabroker-Wait"], answer.headers["Connection"]), (200, "timeout", "close"))
        self.assertEqual(json.loads(answer.read())["id"], request["id"])
        half.sendall(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        octets = b""
        while part := half.recv(65536):
            octets += part
        refused = parse_reply(octets)
        self.broker.checked("POST", "/v1/orders", refused)
        self.assertEqual((refused.status, refused.json["code"], refused.json["retryable"]), (503, "draining", True))
        reply.read()
        self.assertEqual(self.broker.wait_end(), 0)
        for client in (waiter, stream, half):
            client.close()
        self.broker.start()
        self.assertEqual(self.broker.get("/v1/requests/" + request["id"])["state"], "needs_input")


if __name__ == "__main__":
    main()
