"""An HTTPS server that counts what arrives and misbehaves by path. For transport's tests only."""
import gzip
import json
import os
import socket
import ssl
import sys
import threading
import warnings

sys.path.insert(0, os.path.dirname(__file__))
import certificates  # noqa: E402

warnings.simplefilter("ignore", DeprecationWarning)  # old TLS is the point
LOCK = threading.Lock()
COUNTS = {}
CONNECTIONS = [0]


def read_request(stream):
    """One request, or None at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = [line.split(": ", 1) for line in lines[1:] if line]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return method, path, headers, stream.read(length)


def reply(stream, status, body=b"", *headers):
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % len(body), *headers, "", ""]
    stream.write("\r\n".join(lines).encode("latin-1") + body)
    stream.flush()


HTML = "Content-Type: Text/HTML; charset=\"UTF-8\""


def endless(stream):
    stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        stream.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def answer(stream, number, request):
    """False when the connection is to be closed."""
    method, path, headers, body = request
    path, _, query = path.partition("?")
    if path == "/hello":
        reply(stream, "200 OK", b"<p>hello</p>", HTML, "X-Connection: %d" % number)
    elif path == "/echo":
        text = json.dumps({"method": method, "headers": headers, "body": body.decode("latin-1")})
        reply(stream, "200 OK", text.encode(), "Content-Type: application/json")
    elif path == "/count":
        with LOCK:
            reply(stream, "200 OK", str(COUNTS.get(query, 0)).encode())
    elif path == "/die":
        return False
    elif path == "/silent":
        stream.read(1)
        return False
    elif path == "/half":
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
        return False
    elif path in ("/ended", "/unended"):
        # Without a length the end of the connection ends the answer.
        stream.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789")
        return False
    elif path == "/nonsense":
        stream.write(b"\x00\x01\x02 what?\r\n\r\n")
        return False
    elif path == "/endless":
        endless(stream)
    elif path == "/headers":
        reply(stream, "200 OK", b"", *["X-Filler-%d: %s" % (i, "y" * 1000) for i in range(100)])
    elif path == "/gzip":
        reply(stream, "200 OK", gzip.compress(b"unpacked"), "Content-Encoding: gzip")
    elif path == "/bomb":
        reply(stream, "200 OK", gzip.compress(b"\0" * (64 << 20)), "Content-Encoding: gzip")
    elif path == "/early":
        stream.write(b"HTTP/1.1 103 Early Hints\r\nX-Hint: yes\r\n\r\n")
        reply(stream, "200 OK", b"late")
    elif path == "/redirect":
        reply(stream, "302 Found", b"", "Location: " + query)
    elif path == "/login":
        reply(stream, "200 OK", b"", "Set-Cookie: sid=abc; Path=/; Secure; HttpOnly",
              "Set-Cookie: theme=dark; Path=/other", "Set-Cookie: evil=1; Domain=example.com; Path=/")
    elif path == "/logout":
        reply(stream, "200 OK", b"", "Set-Cookie: sid=; Path=/; Max-Age=0")
    elif path == "/status":
        reply(stream, query + " Whatever", b"")
    else:
        reply(stream, "404 Not Found", b"")
    return True


def serve_connection(raw, context):
    try:
        raw.settimeout(60)
        with context.wrap_socket(raw, server_side=True) as tls, tls.makefile("rwb") as stream:
            with LOCK:
                CONNECTIONS[0] += 1
                number = CONNECTIONS[0]
                COUNTS["resumed"] = COUNTS.get("resumed", 0) + int(tls.session_reused)
            while True:
                request = read_request(stream)
                if request is None:
                    return
                path = request[1].partition("?")[0]
                with LOCK:
                    COUNTS[path] = COUNTS.get(path, 0) + 1
                if not answer(stream, number, request):
                    stream.flush()
                    if path == "/ended":
                        tls.unwrap()
                    return
    except OSError:
        pass


def context_for(file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def listen(context):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=serve_connection, args=(raw, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    ca_file, servers = certificates.server_files(sys.argv[1])
    print("ca_file=" + ca_file)
    for name, file in servers.items():
        print("%s=%d" % (name, listen(context_for(file))))
    old = context_for(servers["good"])
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    print("old_tls=%d" % listen(old))
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = unused.getsockname()[1]
    print("closed=%d" % closed)
    print("ready", flush=True)
    threading.Event().wait()


main()
