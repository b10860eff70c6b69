"""Everything that is made before the clock runs: orders, CSRs, request bodies, a large store."""

import json
import os
import sqlite3
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RSA_KEYS = 4


def ulid(milliseconds, number):
    value = (milliseconds << 80) | number
    return "".join(ALPHABET[(value >> (5 * i)) & 31] for i in reversed(range(26)))


def common_name(i):
    return f"shop-{i:06}.example.com"


def order_number(i):
    return str(900_000_000 + i)


def described(i):
    """The inline description of order i, which is in the inventory."""
    return {"brand": "digicert", "common_name": common_name(i), "supplier_order_id": order_number(i),
            "admin_email": "hostmaster@example.com"}


def write_requests(path, requests):
    """Whole HTTP requests for bench-load."""
    with open(path, "wb") as out:
        for head, body in requests:
            fields = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            if not body:
                fields = "Host: localhost\r\n"
            octets = f"{head} HTTP/1.1\r\n{fields}\r\n{body}".encode()
            out.write(f"{len(octets)}\n".encode() + octets)


def post(body):
    return "POST /v1/requests", json.dumps(body)


def fill_orders(daemon, count):
    """Gives the daemon one order; returns what makes `count` of it in its database."""
    status, reply = daemon.call("POST", "/v1/orders", dict(described(0), status="issued"))
    if status != 201:
        raise SystemExit(f"bench: POST /v1/orders answered {status}: {reply.decode()}")
    now = int(time.time() * 1000)

    def fill(database):
        columns = [row[1] for row in database.execute("PRAGMA table_info(orders)")]
        example = dict(zip(columns, database.execute("SELECT * FROM orders").fetchone()))
        rows = []
        for i in range(1, count):
            example.update(id="ord_" + ulid(now, i), common_name=common_name(i), supplier_order_id=order_number(i))
            rows.append(tuple(example.values()))
        database.executemany(f"INSERT INTO orders VALUES ({','.join('?' * len(columns))})", rows)

    return fill


def make_csrs(count):
    """PEM CSRs with RSA-2048 keys, one for each of the first `count` orders."""
    return list(make_csrs_for(range(count)).values())


def make_csrs_for(orders):
    """The same by order."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(RSA_KEYS)]
    csrs = {}
    for i in orders:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name(i))])
        csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(keys[i % RSA_KEYS], hashes.SHA256())
        csrs[i] = csr.public_bytes(serialization.Encoding.PEM).decode()
    return csrs


def reissue(i, csr):
    return post({"kind": "reissue", "order": described(i), "allow_duplicate": True,
                 "params": {"csr": csr, "validation_method": "dns-txt-token", "reason": "server moved"}})


SETTLED = {"state": "succeeded", "next_actor": "none", "due_at": None, "version": 7,
           "outcome": '{"code":"status_read","detail":"the order is issued","hint":"","evidence":[]}',
           "result": '{"order_status":"issued","order_status_raw":"Issued","checked_at":"2026-01-01T00:00:00Z"}'}


def fill_requests(database, count):
    """Multiplies one stored request to `count`: nearly all settled, the rest as a crash would leave them."""
    now = int(time.time() * 1000)
    tables = {}
    for table in ("requests", "timeline", "events"):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        example = database.execute(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1").fetchone()
        tables[table] = dict(zip(columns, example))
        database.execute(f"DELETE FROM {table}")
    requests, timeline, events = [], [], []
    for i in range(count):
        at = now - (count - i) * 1000
        request = dict(tables["requests"], id="req_" + ulid(at, i), created_at=at, updated_at=at)
        if i % 100 >= 4:
            request.update(SETTLED, settled_at=at)
        elif i % 100:
            request.update(state="waiting_ca", next_actor="ca", due_at=now + 3_600_000 + i)
        elif i < 6400:
            request.update(state="running", due_at=now)
        requests.append(tuple(request.values()))
        for step in range(4):
            seq = i * 4 + step + 1
            timeline.append(tuple(dict(tables["timeline"], seq=seq, request_id=request["id"], at=at).values()))
            events.append(tuple(dict(tables["events"], seq=seq, id="evt_" + ulid(at, seq), at=at,
                                     request_id=request["id"]).values()))
    for table, rows in (("requests", requests), ("timeline", timeline), ("events", events)):
        marks = ",".join("?" * len(tables[table]))
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def edit_database(state_dir, change):
    """Runs `change` on the database of a daemon that is stopped, and leaves one file without a log."""
    path = os.path.join(state_dir, "cabroker.db")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("BEGIN")
    change(database)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path
