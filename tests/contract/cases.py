"""The adapters that the contract suite is run against, each with a small world of its own: how it is configured, which
orders there are, what people would type in, and what the world's own books count."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

import speaker
from processes import UnixConnection, die_with_parent
from registry_world import RegistryWorld

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADAPTER = "it"


def make_csr(name):
    return subprocess.run(["openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout",
                           "/dev/null", "-subj", "/CN=" + name], capture_output=True, text=True, check=True, timeout=60).stdout


class Case:
    """One adapter. `kinds`: what it must do; `effects`: the kinds among them that change something, and the book's word."""
    kinds, effects = (), {}
    # Kinds of which the channel shows that they were done but nothing of whose doing it was, and the order's status then.
    untraced = {}
    brand, other_brand, supplier = "rapidssl", None, "digicert"
    over_stdio = False

    def __init__(self, programs):
        self.programs = programs
        self.folder = tempfile.TemporaryDirectory(prefix="cabroker-contract-")
        self.count = 0
        self.secrets = {}

    def program(self, name):
        return os.path.join(self.programs, name)

    def link(self):
        """A new link, configured: (speaker, capabilities)."""
        link, told = speaker.outside({ADAPTER: self.settings()}, self.program("cabroker-adapters"))
        if told["problems"]:
            raise AssertionError(told["problems"])
        return link, told["capabilities"][ADAPTER]

    def params(self, kind, order):
        if kind == "reissue":
            return {"csr": make_csr(order["common_name"]), "validation_method": "dns-txt-token",
                    "reason": "moved " + order["supplier_order_id"], "formats": []}
        if kind == "revoke":
            return {"reason": "stolen " + order["supplier_order_id"], "reason_code": "key_compromise", "scope": "order"}
        if kind == "cancel":
            return {"reason": "not needed " + order["supplier_order_id"]}
        return {"formats": ["pem_all"]} if kind == "download" else {}

    def order_facts(self, number, name):
        return {"id": "ord_01HF7YAT00AAAAAAAAAAAAAAAA", "supplier": self.supplier, "brand": self.brand, "common_name": name,
                "supplier_order_id": number, "admin_email": f"o{number}@example.com"}

    def context(self):
        """Members of every step's context that this adapter needs."""
        return {}

    def public(self):
        """What looks like a secret and is none, in upper case."""
        return set()

    def close(self):
        self.folder.cleanup()


class SimCase(Case):
    """Against cabroker-sim. A class of its own for each portal."""
    kinds = ("status", "reissue", "revoke", "cancel", "download")
    effects = {"reissue": "reissue", "revoke": "revoke", "cancel": "cancel_reissue"}
    profile, address, via = None, None, None
    submits = {}

    def __init__(self, programs):
        super().__init__(programs)
        self.process = subprocess.Popen(
            [self.program("cabroker-sim"), "--state", self.folder.name, "--exit-with-parent", "--issue-delay", "20ms"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.ready = json.loads(self.process.stdout.readline())

    def settings(self):
        with open(ROOT / "config/profiles" / (self.profile + ".yaml"), encoding="utf-8") as file:
            profile = yaml.safe_load(file)
        return {"type": "guest_portal", "profile": profile, "base_url": self.ready[self.address], "ca_file": self.ready["ca_file"],
                "settle": "1s"}

    def control(self, method, path, body=None):
        connection = UnixConnection(self.ready["control"])
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise AssertionError(f"{method} {path}: {reply.status} {text[:500]}")
        return json.loads(text) if text else None

    def order(self, kind):
        self.count += 1
        number = str(930000000 + self.count)
        facts = self.order_facts(number, f"c{self.count}.example.com")
        status = "reissue_pending" if kind == "cancel" else "issued"
        self.control("POST", "/orders", {"supplier_order_id": number, "common_name": facts["common_name"], "brand": self.brand,
                                         "admin_email": facts["admin_email"], "status": status})
        facts["status"] = status
        return facts

    def counts(self, order):
        """All that was done to the order. What is none of `effects`, or came another way, has a key of its own."""
        kinds = {word: kind for kind, word in self.effects.items()}
        told = dict.fromkeys(self.effects, 0)
        for done in self.control("GET", "/effects?order=" + order["supplier_order_id"])["items"]:
            key = kinds.get(done["kind"]) if done["via"] == self.via else None
            key = key or f"{done['kind']} via {done['via']}"
            told[key] = told.get(key, 0) + 1
        return told

    def public(self):
        orders = self.control("GET", "/books")["orders"].values()
        return {certificate[key].upper() for order in orders for certificate in order["certificates"]
                for key in ("serial", "sha256", "spki_sha256")}

    def give(self, need, order):
        if need["name"] == "dcv_publication":
            return "done"
        code = self.control("GET", "/mailbox?to=" + order["admin_email"])["code"]
        self.secrets["access code " + code] = code
        return code

    def hang(self, kind):
        """The submit of this kind reaches the world and gets no answer."""
        self.control("POST", "/faults", {"where": self.submits[kind], "what": "hang", "delay": "60s"})

    def lose(self, kind):
        """The submit of this kind reaches the world, and the connection dies."""
        self.control("POST", "/faults", {"where": self.submits[kind], "what": "drop_after_commit", "times": 1})

    def heal(self):
        self.control("DELETE", "/faults")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        super().close()


class GuestCase(SimCase):
    profile, address, via = "digicert-guest", "portal", "guest"
    submits = {"reissue": "portal.reissue.submit", "revoke": "portal.revoke.confirm", "cancel": "portal.cancel.submit"}


class AccountCase(SimCase):
    """A portal that knows logins: the core says who to sign in as with each step."""
    user, password = None, None

    def __init__(self, programs):
        super().__init__(programs)
        self.secrets["password"] = self.password

    def context(self):
        return {"account": {"name": "main", "user": self.user, "password": {"secret": self.password}}}

    def give(self, need, order):
        if need["name"] != "dcv_publication":
            raise AssertionError(f"accounts sign in without help, and it was asked for {need}")
        return "done"


class DeskCase(AccountCase):
    profile, address, via = "certificate-desk", "desk_portal", "desk_portal"
    user, password = "hauptkonto", "Haupt-Kennwort-1"
    submits = {"reissue": "desk_portal.reissue.confirm", "revoke": "desk_portal.revoke.confirm", "cancel": "desk_portal.cancel.submit"}


class ServicesCase(AccountCase):
    """The key is the password. Of a revoke that skips the approval the API keeps no comment."""
    untraced = {"revoke": "revoked"}
    profile, address, via = "digicert-services-v2", "services_api", "api"
    user, password = "hauptkonto", "SIMKEY-MAIN-ADMIN-5DQ2"
    submits = {"reissue": "api.reissue", "revoke": "api.revoke.order", "cancel": "api.cancel"}


class RegistryCase(Case):
    """The example of docs/adapter-protocol.md, run by cabroker-adapters."""
    kinds = ("status", "reissue", "download")
    effects = {"reissue": "reissues"}
    brand, other_brand, supplier = "sectigo", "thawte", "sectigo"

    def __init__(self, programs):
        super().__init__(programs)
        self.world = RegistryWorld(self.folder.name)
        self.secrets["registry token"] = self.world.token
        # The very file that the documentation shows, or one with a mistake (example_test.py).
        example = os.environ.get("CABROKER_EXAMPLE") or str(ROOT / "docs/examples/registry_adapter.py")
        self.command = [sys.executable, "-B", example, self.world.url, self.world.ca_file,
                        self.world.token_file]

    def settings(self):
        return {"type": "program", "command": self.command, "settle": "1s"}

    def order(self, kind):
        self.count += 1
        facts = self.order_facts(f"R-{self.count}", f"r{self.count}.example.com")
        self.world.add(facts["supplier_order_id"], facts["common_name"])
        facts["status"] = "issued"
        return facts

    def counts(self, order):
        return {"reissue": self.world.rekeys(order["supplier_order_id"])}

    def give(self, need, order):
        raise AssertionError(f"the registry asks for nothing, and it was asked for {need}")

    def hang(self, kind):
        self.world.fault = "hang"

    def lose(self, kind):
        self.world.fault = "drop_after_commit"

    def heal(self):
        self.world.fault = None

    def close(self):
        self.world.close()
        super().close()


class DirectRegistryCase(RegistryCase):
    """The same program without anything of ours between: over its stdin and stdout."""
    over_stdio = True

    def link(self):
        link = speaker.Speaker(self.command, own_pipes=True)
        return link, link.hello()["capabilities"]


CASES = {"digicert-guest": GuestCase, "certificate-desk": DeskCase, "digicert-services-v2": ServicesCase,
         "registry": RegistryCase, "registry-stdio": DirectRegistryCase}
