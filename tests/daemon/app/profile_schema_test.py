"""docs/portal-profile.schema.json and `cabrokerd --check-profile` must agree: on the shipped profiles and on wrong ones."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = sys.argv.pop()
SHIPPED = [*sorted((ROOT / "config" / "profiles").glob("*.yaml")), *sorted((ROOT / "docs" / "examples").glob("*.yaml"))]


def small():
    """The least profile that has most parts."""
    return {
        "name": "small", "binds": "account",
        "words": {"statuses": {"live": "issued"}, "formats": {"pem_all": "pem"}},
        "pages": {"order": {"xpath": "//h1[.='Order']"}, "file": {"status": [200]}, "busy": {"json": "/busy", "equals": "yes"}},
        "errors": [{"page": "busy", "outcome": "rate_limited", "retry_after": "5s"}],
        "operations": {
            "read_order": [{"step": "read", "get": "/order", "expect": [{"page": "order"}],
                            "extract": {"status": "//i", "names": {"json": "/n", "all": True, "item": "/x"}}}],
            "reissue": [{"step": "send", "post": "/send", "json": {"csr": "{{csr}}"}, "effect": "once", "expect": [{"page": "order"}]}],
            "download": [{"step": "fetch", "get": "/file", "expect": [{"page": "file"}]}],
        },
    }


def changed(change):
    profile = copy.deepcopy(small())
    change(profile)
    return profile


def step(profile):
    return profile["operations"]["reissue"][0]


# What both must refuse. Every one differs from small() in one thing.
WRONG = {
    "no name": lambda p: p.pop("name"),
    "no pages": lambda p: p.pop("pages"),
    "no read_order": lambda p: p["operations"].pop("read_order"),
    "unknown key": lambda p: p.update(pagse={}),
    "unknown operation": lambda p: p["operations"].update(renew=[]),
    "unknown binding": lambda p: p.update(binds="cookie"),
    "codes without sign_in": lambda p: p.update(binds="order_and_contact"),
    "reissue without download": lambda p: p["operations"].pop("download"),
    "no duration": lambda p: p.update(session_ttl="soon"),
    "offset without sign": lambda p: p.update(dates={"utc_offset": "01:00"}),
    "a status of nobody": lambda p: p["words"]["statuses"].update(gone="lost"),
    "a format of nobody": lambda p: p["words"]["formats"].update(pdf="pdf"),
    "a method of nobody": lambda p: p["words"].update(token_methods={"fax": "fax"}),
    "a reissue state of nobody": lambda p: p["words"].update(reissue_states={"x": "lost"}),
    "serials in strange letters": lambda p: p.update(serials={"letters": "green"}),
    "a window without a time": lambda p: p.update(rate=[{"requests": 5}]),
    "five windows": lambda p: p.update(rate=[{"requests": 5, "per": "1s"}] * 5),
    "publication without a place": lambda p: p.update(publication={"email": {"value": "x"}}),
    "a page without a rule": lambda p: p["pages"].update(order={}),
    "a status that is none": lambda p: p["pages"].update(order={"status": [99]}),
    "equals without json": lambda p: p["pages"]["order"].update(equals="x"),
    "contains without json": lambda p: p["pages"]["order"].update(contains="x"),
    "no JSON pointer": lambda p: p["pages"].update(busy={"json": "busy"}),
    "an error that goes on": lambda p: p.update(errors=[{"page": "busy"}]),
    "an unknown outcome": lambda p: p["errors"][0].update(outcome="sad"),
    "outcome and rejected": lambda p: p["errors"][0].update(rejected="no"),
    "retry_after with a refusal": lambda p: p["errors"][0].update(outcome="wrong_contact"),
    "a code with a blank": lambda p: p.update(errors=[{"page": "busy", "rejected": "not now"}]),
    "a step without a request": lambda p: step(p).pop("post"),
    "a step with two requests": lambda p: step(p).update(get="/x"),
    "a step that expects nothing": lambda p: step(p).pop("expect"),
    "a POST without effect": lambda p: step(p).pop("effect"),
    "a path that leads away": lambda p: step(p).update(post="//other.example"),
    "a button without a form": lambda p: step(p).update(button="//button"),
    "no steps": lambda p: p["operations"].update(download=[]),
    "two sources": lambda p: p["operations"]["read_order"][0]["extract"].update(x={"xpath": "//a", "json": "/a"}),
    "no source": lambda p: p["operations"]["read_order"][0]["extract"].update(x={"all": True}),
    "item without all": lambda p: p["operations"]["read_order"][0]["extract"].update(x={"json": "/a", "item": "/b"}),
    "where without item": lambda p: p["operations"]["read_order"][0]["extract"].update(
        x={"json": "/a", "all": True, "where": {"json": "/t", "equals": "x"}}),
    "a mail without marks": lambda p: p.update(access_code={"mail": {"from": ["a@b.example"]}}),
    "a binding without marks": lambda p: p.update(access_code={"mail": {"from": ["a@b.example"], "code_after": ["C"], "binds": "nonce"}}),
}


def first(profile):
    return profile["operations"]["read_order"][0]


# What only the program knows, and what it says of it.
WRONG_FOR_PROGRAM = {
    "XPath 2": (lambda p: p["pages"]["order"].update(xpath="matches(//body, 'a')"), "no function `matches`"),
    "a variable": (lambda p: p["pages"]["order"].update(xpath="//body[@x=$y]"), "variable"),
    "a prefix": (lambda p: first(p)["extract"].update(x="//xhtml:body"), "prefix"),
    "XPath without an end": (lambda p: first(p)["extract"].update(x="//"), "cannot use the XPath"),
    "an operator too many": (lambda p: p["errors"][0].update(detail="//a ||| //b"), "cannot use the XPath"),
    "credentials without an account": (lambda p: (p.update(binds="order_and_contact", headers={"X-Key": "{{password}}"})), "{{password}}"),
    "a way past the change": (lambda p: p["operations"].update(reissue=[
        {"step": "look", "get": "/x", "expect": [{"page": "order", "then": "done"}]}, step(p)]), "passes by the step"),
    "a change that may be left out": (lambda p: step(p).update(when="csr"), "cannot be left out"),
    "a form before any page": (lambda p: p["operations"].update(download=[
        {"step": "fetch", "form": "//form", "effect": "free", "expect": [{"page": "file"}]}]), "no page before"),
    "no code fits": (lambda p: p.update(access_code={"pattern": {"characters": []}}), "no code would fit"),
    "sessions of no time": (lambda p: p.update(session_ttl="0s"), "longer than nothing"),
    "a sender that is none": (lambda p: p.update(access_code={"mail": {"from": ["ca.example"], "code_after": ["C"]}}), "an address"),
    "a nonce from nowhere": (lambda p: p.update(access_code={
        "mail": {"from": ["@ca.example"], "code_after": ["C"], "binds": "nonce", "binding_after": ["R"]}}), "must extract `nonce`"),
    "a date in other marks": (lambda p: p.update(dates={"formats": ["DD.MM.YYYY"]}), "strptime"),
    "a date without a year": (lambda p: p.update(dates={"formats": ["%d.%m."]}), "strptime"),
    "a date of nobody": (lambda p: p.update(dates={"formats": ["%Q"]}), "strptime"),
    "a path without a slash": (lambda p: p["pages"]["order"].update(path="order"), "begins with `/`"),
    "no expectation": (lambda p: first(p).update(expect=[]), "name the page"),
    "one page twice": (lambda p: first(p).update(expect=[{"page": "order"}, {"page": "order"}]), "never counts"),
    "no status": (lambda p: first(p)["extract"].pop("status"), "extract `status`"),
    "the first of many rows": (lambda p: first(p)["extract"].update(reissue_reason="//td"), "all: true"),
    "two bodies": (lambda p: step(p).update(fields={"a": "b"}), "either `json` or `fields`"),
    "a header of the client": (lambda p: p.update(headers={"Host": "x"}), "set for you"),
    "a header of two lines": (lambda p: step(p).update(headers={"X-A": "a\r\nX-B: b"}), "line breaks"),
}


class ProfileSchemaTest(unittest.TestCase):
    def setUp(self):
        schema = json.loads((ROOT / "docs" / "portal-profile.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.schema = jsonschema.Draft202012Validator(schema)

    def by_program(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([PROGRAM, "--check-profile", file.name], capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode == 0, done.stdout + done.stderr

    def by_schema(self, profile):
        return [f"{list(error.path)}: {error.message}" for error in self.schema.iter_errors(profile)]

    def test_the_shipped_profiles_are_right_for_both(self):
        self.assertGreaterEqual(len(SHIPPED), 3)
        for path in SHIPPED:
            with self.subTest(path.name):
                text = path.read_text()
                self.assertEqual(self.by_schema(yaml.safe_load(text)), [])
                self.assertEqual(self.by_program(text)[0], True, self.by_program(text)[1])

    def test_the_small_one_is_right_for_both(self):
        self.assertEqual(self.by_schema(small()), [])
        good, said = self.by_program(json.dumps(small()))
        self.assertTrue(good, said)

    def test_what_cannot_work_is_named_before_it_is_used(self):
        for what, (change, words) in WRONG_FOR_PROGRAM.items():
            with self.subTest(what):
                good, said = self.by_program(json.dumps(changed(change)))
                self.assertFalse(good, "the program takes it")
                self.assertIn(words, said)

    def test_wrong_ones_are_wrong_for_both(self):
        for what, change in WRONG.items():
            with self.subTest(what):
                profile = changed(change)
                self.assertNotEqual(self.by_schema(profile), [], "the schema takes it")
                self.assertFalse(self.by_program(json.dumps(profile))[0], "the program takes it")


if __name__ == "__main__":
    unittest.main()
