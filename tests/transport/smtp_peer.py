"""Two SMTP servers for transport's tests: aiosmtpd as an honest one, and a scripted one that misbehaves by port.

Every mail that is taken, or read without being answered, is written to FOLDER/mails/N: envelope lines, an empty line,
the octets."""
import logging
import os
import socket
import ssl
import sys
import threading
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

sys.path.insert(0, os.path.dirname(__file__))
import certificates  # noqa: E402

warnings.simplefilter("ignore")  # aiosmtpd's, about AUTH with implicit TLS
logging.getLogger("mail.log").setLevel(logging.ERROR)
FOLDER = sys.argv[1]
LOCK = threading.Lock()
USER, PASSWORD = b"mailer", b"p4ss w\xc3\xb6rd"


def keep(sender, recipients, octets):
    with LOCK:
        number = len(os.listdir(os.path.join(FOLDER, "mails"))) + 1
        path = os.path.join(FOLDER, "mails", str(number))
        with open(path + ".part", "wb") as out:
            out.write(("%s\n%s\n\n" % (sender, ",".join(recipients))).encode() + octets)
        os.rename(path + ".part", path)
    return number


class Handler:
    async def handle_DATA(self, _server, _session, envelope):
        number = keep(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return "250 2.0.0 Ok: queued as Q%d" % number


def authenticate(_server, _session, _envelope, _mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=good)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


def honest(context, implicit):
    port = free_port()
    options = dict(hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True)
    if implicit:
        controller = Controller(Handler(), ssl_context=context, auth_require_tls=False, **options)
    else:
        controller = Controller(Handler(), tls_context=context, require_starttls=True, **options)
    controller.start()
    return port


class Scripted:
    """One connection of the misbehaving server."""

    def __init__(self, sock, mode, context):
        self.sock, self.mode, self.context = sock, mode, context
        self.stream = sock.makefile("rwb")

    def say(self, text):
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()

    def upgrade(self):
        if self.mode == "plaintext_after_starttls":
            self.say("220 go\r\n250-injected\r\n250 AUTH PLAIN")
        else:
            self.say("220 go")
        self.sock = self.context.wrap_socket(self.sock, server_side=True)
        self.stream = self.sock.makefile("rwb")

    def data(self, sender, recipient):
        if self.mode == "data_refused":
            return self.say("554 5.6.0 no data today")
        self.say("354 go on")
        octets = b""
        while not octets.endswith(b"\r\n.\r\n"):
            if self.mode == "drop_within" and len(octets) > 4000:
                raise OSError
            octets += self.stream.readline()
        keep(sender, [recipient], octets[:-3])
        if self.mode == "drop":
            raise OSError
        if self.mode == "hang":
            self.stream.read(1)
            raise OSError
        words = {"temporary": "451 4.3.0 try later", "permanent": "550-5.7.1 first line\r\n550 5.7.1 spam \x1b[31m"}
        return self.say(words.get(self.mode, "250 2.6.0 <id@x> [InternalId=7] Queued mail for delivery"))

    def run(self):
        if self.mode == "busy":
            return self.say("421 4.3.2 too many connections")
        if self.mode == "mute":
            return self.stream.read(1)
        self.say("220 scripted")
        sender = recipient = ""
        while True:
            line = self.stream.readline().decode("latin-1").rstrip("\r\n")
            verb = line.upper()
            if not line:
                return None
            if verb.startswith("EHLO"):
                with_tls = not isinstance(self.sock, ssl.SSLSocket) and self.mode != "stripped"
                with_auth = isinstance(self.sock, ssl.SSLSocket) and self.mode != "no_auth"
                self.say("250-scripted" + ("\r\n250-STARTTLS" if with_tls else "") +
                         ("\r\n250-AUTH PLAIN LOGIN" if with_auth or self.mode == "stripped" else "") +
                         "\r\n250 8BITMIME")
            elif verb == "STARTTLS":
                if self.mode == "starttls_refused":
                    self.say("454 4.7.0 TLS not available")
                else:
                    self.upgrade()
            elif verb.startswith("AUTH"):
                self.say("334 ")
                self.stream.readline()
                self.say("535 5.7.8 no" if self.mode == "login_refused" else "235 2.7.0 yes")
            elif verb.startswith("MAIL FROM:"):
                sender = line[10:].split(" ")[0].strip("<>")
                self.say("250 2.1.0 ok")
            elif verb.startswith("RCPT TO:"):
                recipient = line[8:].strip("<>")
                self.say("550 5.1.1 no such user" if self.mode == "unknown_recipient" else "250 2.1.5 ok")
            elif verb == "DATA":
                self.data(sender, recipient)
            elif verb == "NOOP":
                self.say("250 2.0.0 ok")
            elif verb == "QUIT":
                if self.mode == "mute_quit":
                    threading.Event().wait(30)
                return self.say("221 bye")
            else:
                self.say("502 what")


def scripted(mode, context):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(sock):
        try:
            sock.settimeout(60)
            connection = Scripted(sock, mode, context)
            try:
                connection.run()
            finally:
                # makefile() keeps the descriptor open: a drop must be seen at once.
                connection.sock.shutdown(socket.SHUT_RDWR)
                connection.sock.close()
        except OSError:
            pass

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    os.mkdir(os.path.join(FOLDER, "mails"))
    ca_file, servers = certificates.server_files(FOLDER)
    contexts = {}
    for name, file in servers.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(file)
    print("ca_file=" + ca_file)
    print("starttls=%d" % honest(contexts["good"], False))
    print("implicit=%d" % honest(contexts["good"], True))
    for name in ("expired", "wrong_host", "unknown"):
        print("%s=%d" % (name, scripted("good", contexts[name])))
    for mode in ("drop", "drop_within", "hang", "temporary", "permanent", "data_refused", "busy", "mute", "stripped",
                 "starttls_refused", "login_refused", "no_auth", "unknown_recipient", "mute_quit",
                 "plaintext_after_starttls", "good"):
        print("%s=%d" % (mode, scripted(mode, contexts["good"])))
    print("closed=%d" % free_port())
    print("ready", flush=True)
    threading.Event().wait()


main()
