"""Holds the daemon to docs/openapi.yaml: every operation, every status that can be provoked, every role; nothing that is
not documented. Each exchange of Broker.call is checked against the document; here the table is walked through."""
import json
import os
import pwd
import re
import socket
import unittest

from broker import DOCUMENT, IntegrationTest, main
from support import Reply, UnixConnection, make_csr, parse_reply

ROUTES = os.path.join(os.path.dirname(__file__), "..", "..", "daemon", "api", "routes.cpp")
NOBODY = 65534
PEERS = {"metrics": 65529, "viewer": 65530, "operator": 65531, "approver": 65532}
# Not to be had on demand: faults of the daemon, overload, two calls at the very same time, mails that later work brings.
UNPROVOKED = {500, 429, 503}
ONLY_IN_A_RACE = {"POST /v1/requests/{id}/comments", "POST /v1/orders/import", "POST /v1/adapters/{name}/pause",
                  "POST /v1/adapters/{name}/resume", "POST /v1/adapters/{name}/check"}
UNPROVOKED_PAIRS = {(name, 409) for name in ONLY_IN_A_RACE} | {("GET /v1/messages/{id}/raw", 410), ("GET /v1/events", 410)}


def as_peer(uid, work):
    """Runs `work` in a child with this uid and no groups; gives what it returned, through JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with os.fdopen(writer, "w") as out:
                json.dump(work(), out)
            os._exit(0)
        except BaseException as error:  # the child must never go on with the parent's tests
            os.write(2, f"peer {uid}: {error!r}\n".encode())
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as source:
        text = source.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise AssertionError(f"the client with uid {uid} failed")
    return json.loads(text)


class OpenapiTest(IntegrationTest):
    broker_changes = {
        "roles": {"proxy": {"uids": [os.getuid()]}, **{name: {"uids": [uid]} for name, uid in PEERS.items()}},
        "policy": {"legacy_reissue": "approve"},
        "api": {"read_deadline": "1s"},
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls.broker.post("/v1/orders", {"brand": "sectigo", "common_name": "open.example.com", "supplier_order_id": "S1",
                                                   "status": "issued", "admin_email": "a@example.com"}, 201)
        cls.ticket = cls.broker.ask("reissue", {"id": cls.order["id"]}, params={"csr": make_csr("open.example.com")})
        cls.broker.wait_state(cls.ticket, "waiting_ca")
        cls.message = cls.broker.get(f"/v1/requests/{cls.ticket['id']}/messages")["items"][0]
        order = cls.world.order("600099999", "done.example.com")
        cls.done = cls.broker.ask("download", order, params={"formats": ["pem_all"]})
        cls.broker.sign_in(cls.world, cls.done, order["admin_email"])
        cls.done = cls.broker.wait(cls.done)
        cls.artifact = cls.broker.get(f"/v1/requests/{cls.done['id']}/artifacts")["items"][0]

    def call(self, *arguments, **more):
        return self.broker.call(*arguments, **more)

    # What each operation is called with: a path that leads to something, and a body that is right.

    def target(self, operation, real=True):
        path = operation.path
        if path.startswith("/v1/requests/"):
            return path.replace("{id}", self.ticket["id"] if real else "req_00000000000000000000000000")
        if path.startswith("/v1/messages/"):
            return path.replace("{id}", self.message["id"] if real else "msg_nonsense")
        if path.startswith("/v1/artifacts/"):
            return path.replace("{id}", self.artifact["id"] if real else "art_00000000000000000000000000")
        if path.startswith("/v1/orders/"):
            return path.replace("{id}", self.order["id"] if real else "ord_00000000000000000000000000")
        return path.replace("{name}", "portal" if real else "no-such")

    def body(self, operation, real=True):
        """A body that is right in itself; with real=False one that leads to something that is not there."""
        choice = {"id": self.order["id"] if real else "ord_00000000000000000000000000"}
        bodies = {
            "POST /v1/requests": {"kind": "reissue", "order": choice, "params": {"csr": make_csr("open.example.com")}, "dry_run": True},
            "POST /v1/route-preview": {"kind": "reissue", "order": choice},
            "POST /v1/csr/inspect": {"csr": make_csr("open.example.com"), "order": choice},
            "POST /v1/requests/{id}/inputs": {"name": "access_code", "value": "ABCD2345"},
            "POST /v1/requests/{id}/comments": {"text": "hello"},
            "POST /v1/requests/{id}/resolve": {"state": "failed", "note": "no"},
            "POST /v1/orders": {"brand": "sectigo", "supplier_order_id": "S1"},
        }
        return bodies.get(operation.name, {} if operation.method != "GET" else None)

    def send(self, operation, real=True, query="", headers=None, body=None):
        if operation.path == "/v1/orders/import":
            headers = {"Content-Type": "text/csv", **(headers or {})}
            octets = b"brand,common_name,supplier_order_id\nSectigo,csv.example.com,S2\n" if body is None else body
            return self.call("POST", operation.path + query, octets, headers)
        return self.call(operation.method, self.target(operation, real) + query, self.body(operation, real) if body is None else body,
                         headers)

    def for_each_operation(self):
        for operation in DOCUMENT.operations:
            with self.subTest(operation=operation.name):
                yield operation

    def raw_many(self, texts):
        """Sends each text on a connection of its own and reads all the answers."""
        clients = []
        for text in texts:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(self.broker.socket)
            client.settimeout(20)
            client.sendall(text)
            clients.append(client)
        replies = []
        for client in clients:
            answer = b""
            while part := client.recv(65536):
                answer += part
            client.close()
            replies.append(parse_reply(answer))
        return replies

    def refusals(self, status, make_text):
        """Every operation answers what `make_text` makes with this status."""
        texts = [make_text(operation).encode() for operation in DOCUMENT.operations]
        for operation, reply in zip(DOCUMENT.operations, self.raw_many(texts)):
            with self.subTest(operation=operation.name):
                self.assertEqual(reply.status, status, reply.text)
                self.broker.checked(operation.method, self.target(operation), reply)

    # The table

    def test_a_document_is_served_and_names_exactly_the_routes_of_the_daemon(self):
        served = self.broker.get("/v1/openapi.json")
        with open(ROUTES, encoding="utf-8") as file:
            routes = set(re.findall(r'Route\{"([A-Z]+)",\s*"([^"]+)"', file.read()))

        self.assertEqual(served["paths"], json.loads(json.dumps(DOCUMENT.root["paths"], default=str)))
        self.assertEqual(routes, {(each.method, each.path) for each in DOCUMENT.operations})

    def test_b_examples_of_the_document_fit_their_schemas(self):
        root, count = DOCUMENT.root, 0
        for operation in DOCUMENT.operations:
            contents = [operation.node.get("requestBody", {}).get("content", {})]
            contents += [DOCUMENT.resolve(each).get("content", {}) for each in operation.node["responses"].values()]
            for content in contents:
                for entry in content.values():
                    for name, example in entry.get("examples", {}).items():
                        faults = DOCUMENT.faults(DOCUMENT.resolve(example)["value"], entry["schema"], f"{operation.name} example {name}")
                        self.assertEqual(faults, [])
                        count += 1
        self.assertGreater(count, 8)
        self.assertEqual(root["openapi"], "3.1.0")

    def test_c_good_calls_are_answered_as_documented(self):
        for operation in self.for_each_operation():
            if operation.name not in ("POST /v1/requests/{id}/cancel", "POST /v1/requests/{id}/resolve"):
                reply = self.send(operation)
                self.assertLess(reply.status, 500)
            if operation.method == "GET":
                head = self.call("HEAD", self.target(operation))
                self.assertEqual((head.status, head.body), (200, b""))

    def test_d_wrong_calls_are_refused_as_documented(self):
        for operation in self.for_each_operation():
            responses = {int(status) for status in operation.node["responses"]}
            problem = self.send(operation, query="?nonsense=1")
            self.assertEqual((problem.status, problem.json["code"]), (400, "unknown_parameter"))
            self.assertEqual(self.send(operation, headers={"Origin": "https://evil.example"}).status, 403)
            self.assertEqual(self.send(operation, headers={"Expect": "200-ok"}).status, 417)
            if 404 in responses:
                self.assertEqual(self.send(operation, real=False).json["code"], "not_found")
            if 415 in responses:
                self.assertEqual(self.send(operation, headers={"Content-Type": "text/plain"}, body=b"hello").status, 415)
                coded = self.send(operation, headers={"Content-Type": self.type_of(operation), "Content-Encoding": "gzip"}, body=b"hello")
                self.assertEqual((coded.status, coded.headers["Accept-Encoding"]), (415, "identity"))
            if 422 in responses and operation.path != "/v1/orders/import":
                problem = self.send(operation, body={**(self.body(operation) or {}), "nonsense": 1})
                self.assertEqual(problem.status, 422, problem.text)
                self.assertIn(("/nonsense", "unknown_field"), [(each["pointer"], each["code"]) for each in problem.json["errors"]])
                for octets, status in ((b"{", 400), (b'{"a":1,"a":2}', 400), (b"[]", 422), (b'{"a":99999999999999999999}', 400),
                                       (b'{"a":"\xff"}', 400), (b"[" * 100 + b"]" * 100, 400)):
                    self.assertEqual(self.send(operation, body=octets).status, status, octets[:30])
        self.assertEqual(self.send(DOCUMENT.find("POST", "/v1/orders/import")[0], body=b"").status, 422)

    def test_e_wrong_methods_and_paths_are_problems(self):
        allowed = {}
        for operation in DOCUMENT.operations:
            allowed.setdefault(self.target(operation), set()).add(operation.method)
        for target, methods in allowed.items():
            with self.subTest(target=target):
                for method in {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"} - methods:
                    reply = self.call(method, target)
                    self.assertEqual((reply.status, reply.json["code"]), (405, "method_not_allowed"))
                    told = {word.strip() for word in reply.headers["Allow"].split(",")} - {"HEAD"}
                    self.assertEqual(told, methods)
        for target in ("/", "/v1", "/v1/", "/v2/requests", "/v1/requests/", "/v1/batches", "/v1/inbox", "/v1/webhooks", "/v1/audit",
                       "/v1/requests/x/y/z", "/v1/requests/x/forgot", "/v1//requests", "/V1/requests"):
            self.broker.problem("GET", target, None, 404, "not_found")

    def test_f_slow_large_and_broken_requests_are_problems_on_every_route(self):
        self.refusals(413, lambda o: f"{o.method} {self.target(o)} HTTP/1.1\r\nHost: x\r\nContent-Type: {self.type_of(o)}\r\n"
                                     f"Content-Length: 400000000\r\n\r\n")
        self.refusals(431, lambda o: f"{o.method} {self.target(o)} HTTP/1.1\r\nHost: x\r\nX-Long: {'x' * 17000}\r\n\r\n")
        self.refusals(408, lambda o: f"{o.method} {self.target(o)} HTTP/1.1\r\nHost: x\r\nContent-Type: {self.type_of(o)}\r\n"
                                     f"Content-Length: 10\r\n\r\n{{")
        for text in (b"nonsense\r\n\r\n", b"GET /v1/version\r\n\r\n", b"GET /v1/version HTTP/9.9\r\n\r\n", b"GET /v1/version HTTP/1.1\r\n\r\n",
                     b"GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v1/version HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                     b"GET /v1/version HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
                     b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"):
            reply = self.broker.raw(text, close_early=True)
            self.assertEqual((reply.status, reply.json["code"]), (400, "malformed_request"), text)

    @staticmethod
    def type_of(operation):
        return "text/csv" if operation.path.endswith("/import") else "application/json"

    @unittest.skipIf(os.getuid() != 0, "only root can be somebody else")
    def test_g_each_operation_asks_for_its_role(self):
        ladder = ["viewer", "operator", "approver", "admin"]

        def may(role, needed):
            if needed == "none":
                return True
            if needed == "metrics":
                return role is not None
            return role in ladder and ladder.index(role) >= ladder.index(needed)

        def talk():
            answers = []
            for operation in DOCUMENT.operations:
                connection = UnixConnection(self.broker.socket)
                octets = b"{" if operation.method != "GET" else None
                connection.request(operation.method, self.target(operation), octets, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answers.append([answer.status, list(answer.headers.items()), answer.read().decode()])
                connection.close()
            return answers

        for role, uid in [(None, NOBODY), *PEERS.items()]:
            for operation, (status, headers, text) in zip(DOCUMENT.operations, as_peer(uid, talk)):
                with self.subTest(role=role, operation=operation.name):
                    needed = operation.node["x-cabroker-role"]
                    reply = Reply(status, parse_reply(b"HTTP/1.1 200\r\n\r\n").headers, text.encode())
                    for name, value in headers:
                        reply.headers[name] = value
                    self.broker.checked(operation.method, self.target(operation), reply)
                    if may(role, needed):
                        self.assertNotEqual(status, 403, text)
                    else:
                        wanted = "viewer" if role is None else needed
                        self.assertEqual((status, json.loads(text)["code"]), (403, "forbidden"))
                        self.assertEqual(json.loads(text)["required_role"], wanted)

    @unittest.skipIf(os.getuid() != 0, "only root can be somebody else")
    def test_h_unknown_peer_learns_nothing_and_nobody_else_may_assert_users(self):
        def talk(path, headers):
            connection = UnixConnection(self.broker.socket)
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return [answer.status, text]

        for path in ("/v1/requests/" + self.ticket["id"], "/v1/requests/req_none", "/v1/no-such-route", "/v1/requests"):
            self.assertEqual(as_peer(NOBODY, lambda: talk(path, {}))[0], 403)
        for path in ("/healthz", "/v1/version"):
            self.assertEqual(as_peer(NOBODY, lambda: talk(path, {}))[0], 200)
        status, text = as_peer(PEERS["operator"], lambda: talk("/v1/whoami", {"X-Remote-User": "root"}))
        self.assertEqual((status, json.loads(text)["required_role"]), (403, "proxy"))

    def test_i_the_rest_of_the_answers(self):
        whoami = self.call("GET", "/v1/whoami", headers={"X-Remote-User": "alice"}).json
        self.assertEqual((whoami["uid"], whoami["asserted_user"], whoami["role"]), (os.getuid(), "alice", "admin"))
        self.assertEqual(whoami["name"], pwd.getpwuid(os.getuid()).pw_name)
        self.approvals()
        self.actions()
        self.patches()
        self.orders_and_csrs()
        self.assertEqual(self.call("GET", "/v1/version", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"], "mine-1")
        self.assertNotEqual(self.call("GET", "/v1/version", headers={"X-Request-Id": "no blanks"}).headers["X-Request-Id"], "no blanks")
        self.assertIn("cabroker_requests", self.call("GET", "/metrics").text)
        self.assertEqual(self.call("GET", "/v1/orders/" + self.order["id"],
                                   headers={"If-None-Match": self.call("GET", "/v1/orders/" + self.order["id"]).headers["ETag"]}).status, 304)
        path = f"/v1/artifacts/{self.artifact['id']}/content"
        self.assertEqual(self.call("GET", path, headers={"If-None-Match": self.call("GET", path).headers["ETag"]}).status, 304)
        path = "/v1/requests/" + self.ticket["id"]
        self.assertEqual(self.call("GET", path, headers={"If-None-Match": self.call("GET", path).headers["ETag"]}).status, 304)

    def approvals(self):
        requests = []
        for index in range(2):
            order = self.new_order()
            body = {"kind": "reissue", "order": order, "params": {"csr": make_csr(order["common_name"])}}
            made = self.call("POST", "/v1/requests", body, {"X-Remote-User": "alice"}).json
            self.assertEqual((made["state"], made["next_actor"], made["created_by"]["asserted"]), ("needs_approval", "approver", "alice"))
            requests.append(made)
        path = "/v1/requests/" + requests[0]["id"]
        self.broker.problem("POST", path + "/approve", {}, 403, "forbidden", headers={"X-Remote-User": "alice"})
        self.assertEqual(self.broker.post(path + "/approve", {"note": "fine"})["state"], "queued")
        self.broker.problem("POST", path + "/approve", {}, 409, "state_conflict")
        denied = self.broker.post(f"/v1/requests/{requests[1]['id']}/reject", {"reason": "too old"})
        self.assertEqual((denied["state"], denied["outcome"]["code"]), ("rejected", "approval_denied"))
        self.broker.problem("POST", f"/v1/requests/{requests[1]['id']}/reject", {}, 409, "state_conflict")

    def actions(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        path = "/v1/requests/" + request["id"]
        self.broker.problem("POST", "/v1/requests", {"kind": "status", "order": order}, 409, "duplicate_active_request")
        self.broker.problem("POST", "/v1/route-preview", {"kind": "status", "order": {**order, "product": "other"}}, 409, "order_mismatch")
        self.broker.problem("POST", "/v1/csr/inspect", {"csr": make_csr("a.example"), "order": {**order, "product": "other"}}, 409,
                            "order_mismatch")
        self.broker.wait(request, "needs_input")
        self.broker.give(request, self.world.code(order["admin_email"]))
        self.broker.wait(request)
        for action, body in (("cancel", {}), ("retry", {}), ("resolve", {"state": "failed", "note": "x"})):
            self.broker.problem("POST", f"{path}/{action}", body, 409, "state_conflict")
        self.broker.problem("POST", path + "/inputs", {"name": "access_code", "value": "ABCD2345"}, 409, "input_not_needed")
        second = self.broker.ask("status", self.new_order())
        self.broker.wait(second, "needs_input")
        self.broker.post(f"/v1/requests/{second['id']}/cancel", {"reason": "enough"})
        self.assertEqual(self.call("POST", f"/v1/requests/{second['id']}/retry").status, 201)
        self.broker.post(f"/v1/requests/{self.ticket['id']}/resolve", {"state": "succeeded", "note": "seen"})
        paused = self.broker.post("/v1/adapters/portal/pause", {"reason": "maintenance"})
        self.assertEqual((paused["paused"], paused["paused_reason"]), (True, "maintenance"))
        waiting = self.broker.ask("status", self.new_order())
        self.broker.call("GET", f"/v1/requests/{waiting['id']}?wait=300ms&for=needs_input")
        self.assertNotEqual(self.broker.get("/v1/requests/" + waiting["id"])["state"], "needs_input", "a paused adapter begins nothing")
        self.assertFalse(self.broker.post("/v1/adapters/portal/resume")["paused"])
        self.broker.wait(waiting, "needs_input")

    def patches(self):
        for path, fields in (("/v1/requests/" + self.done["id"], {"note": "n"}), ("/v1/orders/" + self.order["id"], {"product": "SSL"})):
            tag = self.call("GET", path).headers["ETag"]
            reply = self.call("PATCH", path, {**fields, "labels": {"a": "1", "b": "2"}}, {"If-Match": tag})
            self.assertEqual((reply.status, reply.json["labels"]), (200, {"a": "1", "b": "2"}))
            self.assertNotEqual(reply.headers["ETag"], tag)
            self.broker.problem("PATCH", path, fields, 412, "version_mismatch", headers={"If-Match": tag})
            cleared = self.call("PATCH", path, {name: None for name in fields} | {"labels": {"a": None}},
                                headers={"Content-Type": "application/merge-patch+json"}).json
            self.assertEqual(cleared["labels"], {"b": "2"})
            self.assertFalse(cleared[next(iter(fields))])

    def orders_and_csrs(self):
        problem = self.broker.problem("POST", "/v1/requests", {"kind": "reissue", "order": {"brand": "nobrand"}, "params": {
            "csr": "x", "validation_method": "pigeon", "formats": ["pem_all", "odt"]}, "labels": {"": "x"}, "note": 5, "extra": 1})
        told = {(each["pointer"], each["code"]) for each in problem["errors"]}
        self.assertLessEqual({("/order/brand", "unknown_value"), ("/order/common_name", "required"), ("/params/validation_method", "unknown_value"),
                              ("/params/formats/1", "unknown_value"), ("/note", "wrong_type"), ("/extra", "unknown_field"),
                              ("/params/csr", "csr_unparsable")}, told)
        good = self.broker.post("/v1/csr/inspect", {"csr": make_csr("open.example.com"), "order": {"id": self.order["id"]}})
        self.assertTrue(good["ok"], good)
        bad = self.broker.post("/v1/csr/inspect", {"csr": "nonsense"})
        self.assertEqual((bad["ok"], bad["findings"][0]["severity"]), (False, "error"))
        weak = self.broker.post("/v1/csr/inspect", {"csr": make_csr("w.example.com", "-newkey", "rsa:1024")})
        self.assertFalse(weak["ok"])

    def test_z_every_operation_and_status_was_seen(self):
        documented = {(operation.name, int(status)) for operation in DOCUMENT.operations for status in operation.node["responses"]
                      if int(status) not in UNPROVOKED}
        missing = documented - self.broker.seen - UNPROVOKED_PAIRS
        if os.getuid() == 0:
            self.assertEqual(sorted(missing), [])
        for operation in DOCUMENT.operations:
            self.assertTrue([each for each in self.broker.seen if each[0] == operation.name and each[1] < 300], operation.name)


if __name__ == "__main__":
    main()
