"""Holds exchanges with the daemon to docs/openapi.yaml: route, status, headers, media type, body."""
import json
import os
import re

import jsonschema
import yaml

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
METHODS = ("get", "post", "patch", "put", "delete")
# Answers that come before an operation is known; they stand in components only.
ANYWHERE = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 408: "RequestTimeout",
            413: "BodyTooLarge", 415: "UnsupportedMediaType", 417: "ExpectationFailed", 431: "HeadersTooLarge", 503: "Unavailable"}


class Operation:
    def __init__(self, path, method, node, shared):
        self.path, self.method, self.node = path, method.upper(), node
        self.parameters = shared.get("parameters", []) + node.get("parameters", [])
        self.regex = re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + "$")

    @property
    def name(self):
        return f"{self.method} {self.path}"


class Document:
    def __init__(self, path=DOCUMENT):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.safe_load(file)
        self.resolver = jsonschema.RefResolver("", self.root)
        self.operations = [Operation(path, method, item[method], item) for path, item in self.root["paths"].items()
                           for method in METHODS if method in item]

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node and not set(node) - {"$ref"}:
            _, node = self.resolver.resolve(node["$ref"])
        return node

    def faults(self, value, schema, what):
        """What is wrong with a value, as a list of texts."""
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{what}/{'/'.join(map(str, error.absolute_path))}: {error.message[:400]}"
                for error in sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))]

    def find(self, method, path):
        """The operation that serves a path, and whether the path is known at all."""
        same_path = [each for each in self.operations if each.regex.match(path)]
        # A path without braces wins over one with.
        same_path.sort(key=lambda each: "{" in each.path)
        wanted = "GET" if method == "HEAD" else method
        for each in same_path:
            if each.method == wanted and ("{" in each.path) == ("{" in same_path[0].path):
                return each, True
        return None, bool(same_path)

    def check(self, method, target, reply, request_body=None, request_type=None):
        """Raises AssertionError when the exchange is not as documented. Gives (operation or None, status)."""
        path = target.split("?", 1)[0]
        operation, known_path = self.find(method, path)
        if operation is not None:
            node = operation.node["responses"].get(str(reply.status))
            if node is None:
                raise AssertionError(f"{method} {target}: status {reply.status} is not documented: {reply.text[:600]}")
        else:
            expected = {405} if known_path else {404}
            if reply.status not in expected | {400, 403, 408, 413, 431, 503}:
                raise AssertionError(f"{method} {target}: {reply.status} from a route that is not documented")
            node = self.root["components"]["responses"][ANYWHERE[reply.status]]
        node = self.resolve(node)
        faults = self.header_faults(node, reply)
        if method != "HEAD":
            faults += self.body_faults(node, reply)
        if reply.status >= 400 and method != "HEAD":
            faults += self.problem_faults(reply)
        if operation is not None and reply.status < 300 and request_body is not None:
            faults += self.request_faults(operation, request_body, request_type)
        if faults:
            raise AssertionError(f"{method} {target}: {reply.status} is not as documented:\n  " + "\n  ".join(faults)
                                 + "\n" + reply.text[:3000])
        return operation, reply.status

    def header_faults(self, node, reply):
        faults = []
        for name, header in node.get("headers", {}).items():
            header = self.resolve(header)
            value = reply.headers.get(name)
            if value is None:
                if header.get("required"):
                    faults.append(f"header {name} is missing")
                continue
            faults += self.faults(value, header["schema"], "header " + name)
        return faults

    def body_faults(self, node, reply):
        content = node.get("content")
        if content is None:
            return [f"a body where none is documented: {reply.text[:200]}"] if reply.body else []
        media_type = (reply.headers.get("Content-Type") or "").split(";")[0].strip()
        entry = content.get(media_type) or content.get("*/*")
        if entry is None:
            return [f"media type {media_type!r} is not documented"]
        if media_type.endswith("json"):
            try:
                value = json.loads(reply.body)
            except ValueError as error:
                return [f"no JSON: {error}"]
        else:
            value = reply.body.decode("utf-8", "replace")
        return self.faults(value, entry["schema"], "body")

    @staticmethod
    def problem_faults(reply):
        problem = json.loads(reply.body)
        faults = []
        if problem["request_id"] != reply.headers.get("X-Request-Id"):
            faults.append("request_id is not X-Request-Id")
        if problem["type"] != "urn:cabroker:problem:" + problem["code"]:
            faults.append("type does not match code")
        if problem["code"] == "invalid_body" and not problem["errors"]:
            faults.append("invalid_body without errors")
        return faults

    def request_faults(self, operation, body, media_type):
        """A body that the daemon accepts must be one that the document allows."""
        content = operation.node.get("requestBody", {}).get("content", {})
        entry = content.get((media_type or "").split(";")[0])
        if entry is None or not entry.get("schema") or not media_type.endswith("json"):
            return []
        return self.faults(json.loads(body), entry["schema"], "request body")
