"""A registry with a small JSON API over TLS, for the example of docs/adapter-protocol.md: orders, rekeys, a CA of its
own, books, and two faults."""
import base64
import http.server
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading


def openssl(*words, text=None):
    return subprocess.run(["openssl", *words], input=text, capture_output=True, check=True, timeout=60).stdout


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def order(self):
        if self.headers["Authorization"] != "Bearer " + self.server.world.token:
            self.answer(401, {"error": "who are you?"})
            return None
        order = self.server.world.orders.get(self.path.split("/")[2])
        if order is None:
            self.answer(404, {"error": "no such order"})
        return order

    def do_GET(self):
        world = self.server.world
        order = self.order()
        if order is not None:
            with world.lock:
                told = json.loads(json.dumps(order))
            # What was asked for is made a moment later: at the next look.
            for rekey in order["rekeys"]:
                if rekey["state"] == "waiting":
                    world.issue(order, rekey)
            self.answer(200, told)

    def do_POST(self):
        world = self.server.world
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        order = self.order()
        if order is None:
            return
        with world.lock:
            # It takes whatever comes, so that nothing done twice is hidden by a refusal.
            order["status"] = "REKEYING"
            order["rekeys"].insert(0, {"reference": body["reference"], "state": "waiting", "csr": body["csr"]})
        if world.fault == "drop_after_commit":
            world.fault = None
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif world.fault == "hang":
            world.ended.wait(60)
            self.close_connection = True
        else:
            self.answer(202, {"reference": body["reference"]})


class RegistryWorld:
    def __init__(self, folder):
        self.folder, self.lock, self.fault, self.ended = folder, threading.Lock(), None, threading.Event()
        self.orders = {}
        self.token = secrets.token_urlsafe(24)
        self.token_file = os.path.join(folder, "token")
        with open(self.token_file, "w", encoding="ascii") as file:
            file.write(self.token + "\n")
        self.ca_file, self.ca_key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca.key")
        openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", self.ca_key, "-out",
                self.ca_file, "-subj", "/CN=Registry CA", "-days", "30")
        key, pem = os.path.join(folder, "tls.key"), os.path.join(folder, "tls.pem")
        csr = openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-subj",
                      "/CN=localhost")
        with open(pem, "wb") as file:
            file.write(self.sign(csr, "IP:127.0.0.1,DNS:localhost"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.world = self
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sign(self, csr, names):
        extensions = os.path.join(self.folder, f"ext-{secrets.token_hex(4)}")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
                       "extendedKeyUsage=serverAuth\n")
        return openssl("x509", "-req", "-CA", self.ca_file, "-CAkey", self.ca_key, "-days", "20", "-extfile", extensions,
                       "-set_serial", str(secrets.randbits(120)), text=csr)

    def chain(self, pem):
        with open(self.ca_file, "rb") as file:
            root = file.read()
        return [base64.b64encode(openssl("x509", "-outform", "DER", text=one)).decode() for one in (pem, root)]

    def add(self, number, name):
        csr = openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "/dev/null", "-subj",
                      "/CN=" + name)
        self.orders[number] = {"id": number, "status": "ACTIVE", "common_name": name, "rekeys": [],
                               "chain": self.chain(self.sign(csr, "DNS:" + name))}

    def issue(self, order, rekey):
        made = self.chain(self.sign(rekey["csr"].encode(), "DNS:" + order["common_name"]))
        with self.lock:
            order["chain"], order["status"], rekey["state"] = made, "ACTIVE", "done"

    def rekeys(self, number):
        with self.lock:
            return len(self.orders[number]["rekeys"])

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
