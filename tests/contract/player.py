"""Plays the core for one request: keeps cookie, session and effect as the core does, gives leave for each intent, types in
what is asked for, proves before anything is repeated."""
import itertools
import json
import re
import time
import urllib.parse

COOKIE_LIMIT, JAR_LIMIT = 16 * 1024, 32 * 1024
NUMBERS = itertools.count()
RANDOM_LOOKING = re.compile(r"[A-Za-z0-9_+/-]{16,}")
OUR_ID = re.compile(r"(req|ord|eff|msg)_")
LIMIT = 60
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix):
    """An id that no other request or effect has."""
    number = next(NUMBERS)
    return f"{prefix}_01HF7YAT00AAAAAAAAAAAAA" + "".join(DIGITS[number >> shift & 31] for shift in (10, 5, 0))


def parsed(text):
    """An object or array, or None if it is no JSON of that kind."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def random_looking(text):
    """Strings inside a cookie or jar that look like tokens and session keys."""
    def leaves(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from leaves(inner)
        elif isinstance(value, str):
            # A jar inside a cookie is JSON inside JSON, whose escapes would stick to the tokens.
            inner = parsed(value)
            if inner is None:
                yield value
            else:
                yield from leaves(inner)
    for leaf in leaves(parsed(text)):
        # A filled form holds the CSR too, which is no secret.
        plain = re.sub(r"-----BEGIN.*?END[^-]*-----", "", urllib.parse.unquote_plus(leaf), flags=re.S)
        for token in RANDOM_LOOKING.findall(plain):
            if not OUR_ID.match(token) and re.search("[0-9]", token) and re.search("[A-Za-z]", token):
                yield token


class Request:
    def __init__(self, case, link, kind, order=None):
        self.case, self.link, self.kind = case, link, kind
        self.id, self.order = new_id("req"), order or case.order(kind)
        self.params = case.params(kind, self.order)
        self.cookie, self.session, self.inputs = None, None, []
        self.effect, self.effects, self.exchanges = None, [], 0
        self.in_doubt, self.last, self.proven = False, None, []
        self.shown, self.may_doubt = [], False

    def context(self, leave_ms=None, deadline_ms=20000):
        context = {"adapter": "it", "request": self.id, "order": self.order, "kind": self.kind,
                   "params": self.params, "attempt": 1, "inputs": self.inputs, "now": "2026-11-22T00:00:00Z",
                   "deadline_ms": deadline_ms, **self.case.context()}
        if self.cookie is not None:
            context["cookie"] = self.cookie
        if self.session is not None:
            context["session"] = self.session
        if leave_ms is not None:
            context["leave"] = {"effect": self.effect["id"], "act_for_ms": leave_ms}
        return context

    def begin(self, leave_ms=None, deadline_ms=20000, age_ms=0):
        """Asks for the next step, or for the proof when in doubt."""
        now = int(time.monotonic() * 1000) - age_ms
        self.exchanges += 1
        if self.in_doubt:
            return self.link.begin("prove", context={**self.context(deadline_ms=deadline_ms), "effect": self.effect})
        return self.link.begin("advance", told_at_ms=now, context=self.context(leave_ms, deadline_ms))

    def leave(self):
        """How long the next step may act: None without an open effect."""
        return 15000 if self.effect and not self.in_doubt else None

    def lost(self):
        """As the core: the answer of the last step never came."""
        if self.in_doubt or self.effect is None:
            return
        if self.effect["class"] == "once":
            self.in_doubt, self.inputs = True, []

    def keep(self, answer):
        cookie, session = answer.get("cookie"), answer.get("session")
        if cookie and cookie["secret"]:
            assert len(cookie["secret"].encode()) <= COOKIE_LIMIT, "the cookie is too large"
            self.cookie = cookie
            self.remember(cookie["secret"], "cookie")
        if answer.get("drop_session"):
            self.session = None
        if session:
            assert len(session["jar"]["secret"].encode()) <= JAR_LIMIT, "the session is too large"
            self.session = {"key": "it/key", "expires_at": session.get("expires_at"), "jar": session["jar"]}
            self.remember(session["jar"]["secret"], "jar")
        assert len(answer.get("notes") or []) <= 100 and len(answer.get("evidence") or []) <= 20
        for blob in answer.get("evidence") or []:
            self.shown.append(self.link.octets(blob["octets"]))

    def remember(self, text, where):
        for value in random_looking(text):
            self.case.secrets[f"{where} {value}"] = value

    def take(self, frame):
        """What the answer means, as one word; "proof VERDICT" for proofs."""
        self.last = frame
        if frame["op"] == "error":
            if frame["code"] == "unreachable":
                if self.effect and self.effect["class"] == "once" and not self.in_doubt:
                    self.effect = None
                return "unreachable"
            self.lost()
            return "error"
        if frame["op"] == "proof":
            return self.take_proof(frame["proof"])
        result = frame["result"]
        answer = result["answer"]
        self.keep(result)
        word = answer["type"]
        if word != "unreachable":
            self.inputs = []
        if word == "unknown_outcome" and self.effect and self.effect["class"] == "once":
            self.in_doubt = True
            return word
        if word == "unreachable" and self.effect and self.effect["class"] != "once":
            return word
        self.effect = None
        if word == "intend":
            self.effects.append(answer["effect"]["class"])
            self.effect = {**answer["effect"], "id": new_id("eff")}
        elif word == "need_input":
            for need in answer["needs"]:
                self.inputs.append({"name": need["name"], "value": {"secret": self.case.give(need, self.order)}})
        return word

    def take_proof(self, proof):
        self.keep(proof)
        self.inputs = []
        verdict = proof["verdict"]
        self.proven.append(verdict)
        if verdict == "need_input":
            for need in proof["needs"]:
                self.inputs.append({"name": need["name"], "value": {"secret": self.case.give(need, self.order)}})
        elif verdict in ("done", "not_done"):
            self.in_doubt, self.effect = False, None
        may_doubt = self.may_doubt or self.kind in self.case.untraced
        assert verdict != "cannot_tell" or may_doubt, f"the world can tell, and the adapter cannot: {proof['detail']}"
        return "proof " + verdict

    def go(self, stop=lambda word: False, lose_at=None, relink=None):
        """Steps until it is settled or `stop` says so; the last word. The answer to exchange number `lose_at` is heard by
        nobody, and the outside dies with it; `relink` makes a new one."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            number = self.begin(self.leave())
            losing = self.exchanges == lose_at
            frame = self.link.finish(number)
            if losing:
                self.lost()
                self.link = relink()
                continue
            word = self.take(frame)
            if stop(word) or word in ("done", "rejected", "unsupported", "misconfigured", "proof cannot_tell"):
                return word
            if word in ("wait", "unreachable", "proof wait", "proof unreachable") or self.is_informed():
                time.sleep(0.02)
        raise AssertionError(f"{self.kind} did not come to an end: {json.dumps(self.last)[:2000]}")

    def is_informed(self):
        """Asked only to publish something: the world does that by itself, a little later."""
        return any(given["name"] == "dcv_publication" for given in self.inputs)

    def counts(self):
        return self.case.counts(self.order)


def without_secrets(line):
    """A frame as it may be shown: the members that are marked as secrets taken out."""
    def clean(value):
        if isinstance(value, dict):
            return {key: clean(inner) for key, inner in value.items() if key != "secret"}
        return [clean(inner) for inner in value] if isinstance(value, list) else value
    return json.dumps(clean(json.loads(line))).encode()
