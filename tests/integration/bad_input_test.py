"""Bad input: wrong and huge bodies, pasted keys, header-like names, half-open clients. Each has a clear problem, and no secret
stays behind."""
import os
import socket

from broker import IntegrationTest, main
from support import make_csr, parse_reply, until


def memory_of(pid):
    """Resident memory in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


class InputTest(IntegrationTest):
    def files_below(self, *folders):
        for folder in folders:
            for where, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(where, name)
                    if not os.path.isfile(path):
                        continue
                    with open(path, "rb") as file:
                        yield path, file.read()

    def assert_nowhere(self, secret, what):
        """Not in the state folder, not in a log, not in a core, not in the daemon's writable memory of files."""
        octets = secret.encode()
        for path, content in self.files_below(self.folder.name):
            if path.endswith((".key", ".password", "sim.log")) or os.sep + "sim" + os.sep in path:
                continue
            self.assertNotIn(octets, content, f"{what} is in {path}")

    def test_pasted_private_key_is_refused_and_kept_nowhere(self):
        key_path = os.path.join(self.folder.name, "pasted.key")
        csr = make_csr("paste.example.com", key=key_path)
        with open(key_path, encoding="ascii") as file:
            key = file.read()
        lines = key.splitlines()[1]
        order = self.new_order()
        bodies = [("POST", "/v1/requests", {"kind": "reissue", "order": order, "params": {"csr": key}}, "/params/csr"),
                  ("POST", "/v1/requests", {"kind": "reissue", "order": order, "params": {"csr": csr + key}}, "/params/csr"),
                  ("POST", "/v1/requests", {"kind": "status", "order": order, "note": key}, "/note"),
                  ("POST", "/v1/requests", {"kind": "reissue", "order": order, "params": {"csr": csr, "reason": key}}, "/params/reason"),
                  ("POST", "/v1/csr/inspect", {"csr": key}, "/csr"),
                  ("POST", "/v1/route-preview", {"kind": "reissue", "order": order, "params": {"csr": key}}, "/params/csr"),
                  ("POST", "/v1/orders", {**order, "labels": {"k": key}}, "/labels/k")]
        for method, target, body, pointer in bodies:
            reply = self.broker.call(method, target, body, {"Idempotency-Key": "paste-" + pointer + target})
            self.assertEqual(reply.status, 422)
            self.assertIn((pointer, "private_key_pasted"), [(each["pointer"], each["code"]) for each in reply.json["errors"]])
            self.assertNotIn(lines, reply.text)
        request = self.broker.ask("status", self.new_order())
        self.broker.wait(request, "needs_input")
        for path, body in (("inputs", {"name": "access_code", "value": key}), ("comments", {"text": key}), ("cancel", {"reason": key}),
                           ("resolve", {"state": "succeeded", "note": "x", "certificate": key})):
            reply = self.broker.call("POST", f"/v1/requests/{request['id']}/{path}", body)
            self.assertEqual(reply.status, 422, path)
            self.assertNotIn(lines, reply.text)
        self.assertEqual(self.broker.get("/v1/orders?supplier_order_id=" + order["supplier_order_id"])["items"], [])
        self.broker.stop()
        self.broker.start()
        self.assert_nowhere(lines, "the private key")

    def test_secret_inputs_are_nowhere_in_clear(self):
        order = self.new_order()
        request = self.broker.ask("status", order)
        self.broker.wait(request, "needs_input")
        code = self.world.code(order["admin_email"])
        self.broker.post("/v1/adapters/portal/pause")
        self.broker.give(request, code)
        self.assert_nowhere(code, "the access code, sealed and waiting,")
        self.broker.post("/v1/adapters/portal/resume")
        self.broker.wait(request)
        self.assert_nowhere(code, "the used access code")
        self.assert_nowhere("pass-word", "the mail password")

    def test_wrong_bodies_name_every_problem(self):
        order = self.new_order()
        rsa = make_csr("ok.example.com", "-newkey", "rsa:2048")
        lines = rsa.splitlines()
        broken_signature = "\n".join(lines[:-2] + [lines[-2][:6] + ("AAAA" if lines[-2][6:10] != "AAAA" else "BBBB") + lines[-2][10:], lines[-1]])
        for csr, code in (("nonsense", "csr_unparsable"), ("", "required"), (broken_signature, "csr_bad_signature"),
                          (make_csr("w.example.com", "-newkey", "rsa:1024"), "csr_weak_key"), ("x" * 200_000, "out_of_range")):
            problem = self.broker.problem("POST", "/v1/requests", {"kind": "reissue", "order": order, "params": {"csr": csr}})
            self.assertIn(("/params/csr", code), [(each["pointer"], each["code"]) for each in problem["errors"]], csr[:60])

    def test_names_that_look_like_headers_go_nowhere(self):
        for name in ("a.example.com\r\nBcc: x@example.net", "a\nb.example.com", "<script>alert(1)</script>", "a b.example.com",
                     "x.example.com\0", "../../etc/passwd", "${jndi:x}.example.com", "-" * 300 + ".example.com"):
            problem = self.broker.problem("POST", "/v1/orders", {"brand": "sectigo", "common_name": name, "supplier_order_id": "H1"})
            self.assertEqual(problem["errors"][0]["pointer"], "/common_name", name)
        self.broker.problem("POST", "/v1/orders", {"brand": "sectigo", "common_name": "a.example.com", "supplier_order_id": "1\r\nBcc: x"})
        order = self.broker.post("/v1/orders", {"brand": "sectigo", "common_name": "head.example.com", "supplier_order_id": "HEAD-1",
                                                "status": "issued"}, 201)
        request = self.broker.ask("reissue", {"id": order["id"]}, params={
            "csr": make_csr("head.example.com"), "reason": "moved\r\nBcc: victim@example.net\r\n\r\n.\r\nQUIT"})
        self.broker.wait_state(request, "waiting_ca")
        mail = self.world.mails_with("HEAD-1")
        self.assertEqual((len(mail), mail[0]["envelope"]["to"]), (1, ["support@sectigo.example"]))
        self.assertNotIn("\nBcc:", mail[0]["raw"].replace("\r", "").split("\n\n")[0])

    def test_large_bodies_are_refused_without_being_kept(self):
        before = memory_of(self.broker.process.pid)
        big = b'{"kind":"status","note":"' + b"x" * (10 * 1024 * 1024) + b'"}'
        for target in ("/v1/requests", "/v1/orders", "/v1/csr/inspect"):
            head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(big)}\r\n\r\n".encode()
            self.assertEqual(self.broker.raw(head + big, "POST", target).status, 413)
            chunked = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            chunked += f"{len(big):x}\r\n".encode() + big + b"\r\n0\r\n\r\n"
            self.assertEqual(self.broker.raw(chunked, "POST", target).status, 413)
        self.assertLess(memory_of(self.broker.process.pid) - before, 64)

    def test_large_import_is_streamed(self):
        rows = [f"Sectigo,n{i}.example.org,BIG-{i}" for i in range(4000)]
        csv = ("brand,common_name,supplier_order_id\n" + "\n".join(rows) + "\n" + "# " + "x" * (3 * 1024 * 1024) + "\n").encode()
        report = self.broker.call("POST", "/v1/orders/import", csv, {"Content-Type": "text/csv"}).json
        self.assertEqual((report["created"], report["rejected"]), (4000, 1))

    def test_half_open_and_vanishing_clients_hurt_nobody(self):
        clients = []
        for text in (b"", b"GET", b"GET /v1/version HTTP/1.1\r\nHost: x\r\n", b"POST /v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: "
                     b"application/json\r\nContent-Length: 100\r\n\r\n{\"kind\":"):
            for how in ("stay", "shut", "reset"):
                client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                client.settimeout(10)
                client.connect(self.broker.socket)
                client.sendall(text)
                if how == "shut":
                    client.shutdown(socket.SHUT_WR)
                    answer = b""
                    while part := client.recv(65536):
                        answer += part
                    if text:
                        self.assertEqual(parse_reply(answer).json["code"], "malformed_request")
                if how == "reset":
                    client.close()
                clients.append(client)
        self.broker.post("/v1/orders", self.new_order(), 201)
        for client in clients:
            client.close()
        until(lambda: self.broker.get("/v1/stats")["connections"] == 1, why="connections are left over")

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n"
        bad = b"GET /v1/none HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(self.broker.socket)
            client.sendall(one + bad + last)
            answer = b""
            while part := client.recv(65536):
                answer += part
        self.assertEqual([int(part.split()[0]) for part in answer.split(b"HTTP/1.1 ")[1:]], [200, 404, 200])


if __name__ == "__main__":
    main()
