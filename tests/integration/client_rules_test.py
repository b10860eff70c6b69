"""What every client relies on: idempotency keys, the duplicate guard, waiting, pages and events."""
import json
import socket
import threading
import time
import urllib.parse

from broker import IntegrationTest, main
from support import UnixConnection, make_csr, until


class ClientRulesTest(IntegrationTest):
    def key(self):
        return {"Idempotency-Key": "k-" + self.id() + str(time.monotonic_ns())}

    # Idempotency

    def test_same_key_and_body_get_the_first_answer_again(self):
        key, body = self.key(), {"kind": "status", "order": self.new_order()}

        first = self.broker.call("POST", "/v1/requests", body, key)
        again = self.broker.call("POST", "/v1/requests", body, key)

        self.assertEqual((first.status, again.status), (201, 201))
        self.assertEqual(first.json, again.json)
        self.assertEqual((first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]), (None, "true"))
        self.assertEqual((again.headers["Location"], again.headers["ETag"]), (first.headers["Location"], first.headers["ETag"]))
        listed = self.broker.get("/v1/requests?order=" + first.json["order"]["id"])["items"]
        self.assertEqual([each["id"] for each in listed], [first.json["id"]])
        self.broker.problem("POST", "/v1/requests", {**body, "note": "other"}, 422, "idempotency_key_reused", headers=key)
        other_path = self.broker.call("POST", f"/v1/requests/{first.json['id']}/cancel", {}, key)
        self.assertEqual(other_path.status, 200, "a key belongs to a path")
        replayed = self.broker.call("POST", f"/v1/requests/{first.json['id']}/cancel", {}, key)
        self.assertEqual((replayed.status, replayed.headers["Idempotent-Replayed"], replayed.json), (200, "true", other_path.json))

    def test_refusals_are_not_remembered(self):
        key, order = self.key(), self.new_order()
        self.broker.problem("POST", "/v1/requests", {"kind": "status", "order": order, "nonsense": 1}, headers=key)
        self.assertEqual(self.broker.call("POST", "/v1/requests", {"kind": "status", "order": order}, key).status, 201)

    def test_parallel_calls_with_one_key_make_one_request(self):
        key, body = self.key(), {"kind": "status", "order": self.new_order()}
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(self.broker.call("POST", "/v1/requests", body, key))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len({each.json["id"] for each in replies if each.status == 201}), 1)
        others = {(each.status, each.json["code"]) for each in replies if each.status != 201}
        self.assertLessEqual(others, {(409, "idempotency_in_progress")})

    def test_input_is_replayed_without_being_given_twice(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.wait(request, "needs_input")
        key, body = self.key(), {"name": "access_code", "value": self.world.code(order["admin_email"])}
        path = f"/v1/requests/{request['id']}/inputs"
        first = self.broker.call("POST", path, body, key)
        self.broker.wait(request)
        again = self.broker.call("POST", path, body, key)
        self.assertEqual((first.status, again.status, again.headers["Idempotent-Replayed"]), (204, 204, "true"))

    def test_second_active_request_of_a_kind_needs_a_word(self):
        order = self.new_order()
        first = self.broker.ask("status", order)
        problem = self.broker.problem("POST", "/v1/requests", {"kind": "status", "order": order}, 409, "duplicate_active_request")
        self.assertEqual(problem["existing_request_id"], first["id"])
        second = self.broker.ask("status", order, allow_duplicate=True)
        self.assertNotEqual(second["id"], first["id"])
        self.broker.ask("download", order)

    # Which order is meant

    def test_common_name_of_several_orders_is_ambiguous(self):
        orders = [self.new_order("twice.example.com", admin_email="t@example.com") for _ in range(2)]
        ids = [self.broker.post("/v1/orders", order, 201)["id"] for order in orders]
        problem = self.broker.problem("POST", "/v1/requests", {"kind": "status", "order": {"common_name": "TWICE.example.com"}}, 409,
                                      "ambiguous_order")
        self.assertEqual({each["id"] for each in problem["candidates"]}, set(ids))

    def test_inline_order_is_the_known_one_or_conflicts(self):
        order = self.new_order()
        known = self.broker.post("/v1/orders", order, 201)
        self.assertEqual(self.broker.ask("status", {**order, "brand": "RapidSSL"})["order"]["id"], known["id"])
        problem = self.broker.problem("POST", "/v1/requests", {"kind": "download", "order": {**order, "admin_email": "other@example.com"}}, 409,
                                      "order_mismatch")
        self.assertEqual(problem["order_id"], known["id"])
        self.assertEqual(self.broker.problem("POST", "/v1/orders", order, 409, "order_exists")["order_id"], known["id"])
        self.broker.problem("POST", "/v1/requests", {"kind": "status", "order": {"supplier_order_id": "0000"}}, 404, "not_found")

    # Waiting

    def test_wait_ends_as_asked(self):
        request = self.broker.ask("status", self.new_order())
        path = "/v1/requests/" + request["id"]
        self.broker.wait(request, "needs_input")
        start = time.monotonic()
        timed_out = self.broker.call("GET", path + "?wait=300ms")
        self.assertEqual((timed_out.status, timed_out.headers["Cabroker-Wait"]), (200, "timeout"))
        self.assertGreaterEqual(time.monotonic() - start, 0.28)
        tag = timed_out.headers["ETag"]

        self.assertEqual(self.broker.call("GET", path, headers={"If-None-Match": tag}).status, 304)
        still = self.broker.call("GET", path + "?wait=50ms&for=change", headers={"If-None-Match": tag})
        self.assertEqual((still.status, still.headers["Cabroker-Wait"]), (304, "timeout"))
        changed = self.broker.call("GET", path + "?wait=20s&for=change", headers={"If-None-Match": '"0"'})
        self.assertEqual((changed.status, changed.headers["Cabroker-Wait"], changed.headers["ETag"]), (200, "satisfied", tag))

        later = []
        thread = threading.Thread(target=lambda: later.append(self.broker.call("GET", path + "?wait=20s&for=change")))
        thread.start()
        until(lambda: self.broker.get("/v1/stats")["waiting"] >= 1)
        self.broker.post(path + "/cancel")
        thread.join()
        self.assertEqual((later[0].status, later[0].headers["Cabroker-Wait"], later[0].json["state"]), (200, "satisfied", "canceled"))
        for goal in ("settled", "needs_input"):
            done = self.broker.call("GET", f"{path}?wait=1m&for={goal}")
            self.assertEqual(done.headers["Cabroker-Wait"], "satisfied")

    def test_wrong_waits_are_refused(self):
        request = self.broker.ask("status", self.new_order())
        for query in ("wait=121s", "wait=3m", "wait=5", "wait=1h", "wait=-1s", "wait=", "wait=1.5s", "for=settled", "wait=1s&for=never",
                      "wait=1s&wait=2s"):
            self.broker.problem("GET", f"/v1/requests/{request['id']}?{query}", None, 400, "bad_parameter")

    # Pages

    def test_pages_are_whole_while_rows_arrive(self):
        label = "page=" + str(time.monotonic_ns())
        body = {"kind": "status", "labels": dict([label.split("=")])}
        made = [self.broker.post("/v1/requests", {**body, "order": self.new_order()}, 201)["id"] for _ in range(7)]
        path = "/v1/requests?limit=3&label=" + label
        seen, token = [], None
        while True:
            page = self.broker.get(path + (f"&page_token={urllib.parse.quote(token)}" if token else ""))
            seen += [each["id"] for each in page["items"]]
            token = page["next_page_token"]
            if not token:
                break
            self.broker.post("/v1/requests", {**body, "order": self.new_order()}, 201)
        self.assertEqual(seen, made[::-1])
        oldest = self.broker.get(f"/v1/requests?sort=created_at&limit=500&label={label}")["items"]
        self.assertEqual([each["id"] for each in oldest][:7], made)
        self.broker.problem("GET", "/v1/requests?page_token=nonsense", None, 400, "bad_page_token")
        first = self.broker.get(path)["next_page_token"]
        self.broker.problem("GET", f"/v1/orders?page_token={first}", None, 400, "bad_page_token")

    def test_filters_join_with_and_and_commas_with_or(self):
        mark = str(time.monotonic_ns())
        one = self.broker.ask("status", self.new_order(), external_ref={"system": "rt", "id": mark}, labels={"mark": mark})
        two = self.broker.ask("download", self.new_order(), labels={"mark": mark})
        self.broker.post(f"/v1/requests/{two['id']}/cancel")

        def ids(query):
            return [each["id"] for each in self.broker.get(f"/v1/requests?label=mark={mark}&{query}")["items"]]
        self.assertEqual(ids("kind=status,download"), [two["id"], one["id"]])
        self.assertEqual(ids("kind=status"), [one["id"]])
        self.assertEqual(ids("state=canceled"), [two["id"]])
        self.assertEqual(ids("state=canceled&kind=status"), [])
        self.assertEqual(ids(f"external_ref=rt:{mark}"), [one["id"]])
        self.assertEqual(ids(f"order={one['order']['id']}&brand=RAPIDSSL&supplier=digicert&adapter=portal"), [one["id"]])
        self.assertEqual(ids("q=" + two["order"]["common_name"]), [two["id"]])
        self.assertEqual(ids("created_after=2100-01-01T00:00:00Z"), [])
        for query, code in (("state=asleep", "bad_parameter"), ("colour=red", "unknown_parameter"), ("limit=501", "bad_parameter"),
                            ("sort=name", "bad_parameter"), ("external_ref=rt", "bad_parameter"), ("created_after=soon", "bad_parameter")):
            self.broker.problem("GET", "/v1/requests?" + query, None, 400, code)
        self.assertIn("queued", self.broker.problem("GET", "/v1/requests?state=asleep", None, 400, "bad_parameter")["detail"])
        self.assertIn("kind", self.broker.problem("GET", "/v1/requests?colour=red", None, 400, "unknown_parameter")["detail"])

    # Events

    def stream(self, accept, after, headers=None):
        """An open stream: the connection and its reply."""
        connection = UnixConnection(self.broker.socket)
        connection.request("GET", f"/v1/events?after={after}", headers={"Accept": accept, **(headers or {})})
        return connection, connection.getresponse()

    def read_stream(self, accept, after, last, headers=None):
        """All events of a stream up to number `last`."""
        connection, reply = self.stream(accept, after, headers)
        self.assertEqual((reply.status, reply.headers["Content-Type"].split(";")[0]), (200, accept))
        events, block = [], {}
        try:
            while not events or events[-1]["seq"] < last:
                line = reply.readline().decode().rstrip("\n")
                if accept == "application/x-ndjson":
                    event = json.loads(line)
                    if event != {"type": "ping"}:
                        events.append(event)
                elif line.startswith(":"):
                    continue
                elif line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                elif block:
                    event = json.loads(block["data"])
                    self.assertEqual((block["id"], block["event"]), (str(event["seq"]), event["type"]))
                    events.append(event)
                    block = {}
        finally:
            connection.close()
        return events

    def test_page_and_both_streams_tell_the_same_without_a_gap(self):
        start = self.broker.get("/v1/requests?limit=1")["event_cursor"]
        results = {}

        def follow(accept):
            results[accept] = self.read_stream(accept, start, self.last)
        order = self.new_order()
        self.last = start + 10
        threads = [threading.Thread(target=follow, args=(accept,)) for accept in ("text/event-stream", "application/x-ndjson")]
        for thread in threads:
            thread.start()
        request = self.broker.ask("reissue", order, params={"csr": make_csr(order["common_name"])})
        self.broker.post(f"/v1/requests/{request['id']}/comments", {"text": "hello"})
        self.broker.sign_in(self.world, request, order["admin_email"])
        self.broker.wait(request)
        for thread in threads:
            thread.join()

        page, after = [], start
        while True:
            part = self.broker.get(f"/v1/events?after={after}&limit=3")
            if not part["items"]:
                break
            page += part["items"]
            after = part["last_seq"]
        self.assertEqual([each["seq"] for each in page], list(range(start + 1, start + 1 + len(page))))
        for accept, events in results.items():
            self.assertEqual(events, page[:len(events)], accept)
            self.assertGreaterEqual(len(events), 10)
        mine = [each for each in page if each["request_id"] == request["id"]]
        types = [each["type"] for each in mine]
        self.assertEqual((types[0], types[-1]), ("request.created", "request.settled"))
        for wanted in ("request.state_changed", "request.needs_input", "request.comment_added", "request.artifact_ready"):
            self.assertIn(wanted, types)
        self.assertNotIn(self.world.code(order["admin_email"]), json.dumps(page))
        only = self.broker.get(f"/v1/events?after={start}&request={request['id']}&type=request.created,request.settled")["items"]
        self.assertEqual([each["type"] for each in only], ["request.created", "request.settled"])
        resumed = self.read_stream("text/event-stream", 0, page[-1]["seq"], {"Last-Event-ID": str(page[3]["seq"])})
        self.assertEqual(resumed[0]["seq"], page[4]["seq"])

    def test_wrong_event_questions_are_refused(self):
        for query, code in (("after=-1", "bad_parameter"), ("after=x", "bad_parameter"), ("type=no.such", "bad_parameter"),
                            ("request=req_1", "bad_parameter"), ("since=1", "unknown_parameter")):
            self.broker.problem("GET", "/v1/events?" + query, None, 400, code)
        self.assertEqual(self.broker.get("/v1/events?after=999999999")["items"], [])

    def test_reader_that_does_not_read_hurts_nobody(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
            deaf.connect(self.broker.socket)
            deaf.sendall(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\n\r\n")
            for _ in range(20):
                self.broker.post("/v1/orders", self.new_order(), 201)
            self.assertEqual(self.broker.get("/v1/health")["status"], "ok")


if __name__ == "__main__":
    main()
