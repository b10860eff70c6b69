"""Stands between cabrokerd and cabroker-adapters and writes down every frame that crosses, secrets included, so that a test
knows what to search for. `link_relay.py PROGRAM RECORD --link-fd N`, started in the place of PROGRAM."""
import os
import selectors
import socket
import subprocess
import sys

from processes import die_with_parent


def main():
    program, record, link = sys.argv[1], sys.argv[2], int(sys.argv[4])
    die_with_parent()
    core = socket.socket(fileno=link)
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    outside = subprocess.Popen([program, "--link-fd", str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    theirs.close()
    ways = selectors.DefaultSelector()
    ways.register(core, selectors.EVENT_READ, ours)
    ways.register(ours, selectors.EVENT_READ, core)
    pending = {core: b"", ours: b""}
    with open(record, "ab", buffering=0) as book:
        while True:
            for key, _ in ways.select():
                octets = key.fileobj.recv(1 << 16)
                if not octets:
                    ours.close()
                    sys.exit(outside.wait())
                # Whole lines only: the two directions must not mix.
                lines, newline, rest = (pending[key.fileobj] + octets).rpartition(b"\n")
                book.write(lines + newline)
                pending[key.fileobj] = rest
                key.data.sendall(octets)


if __name__ == "__main__":
    os.umask(0o077)
    main()
