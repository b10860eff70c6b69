#!/usr/bin/python3
"""The Services API with real curl and openssl: orders, reissue, approval, DCV, revoke, cancel, files, errors.

Usage: api_walk_test.py CABROKER_SIM
"""
import subprocess
import unittest

from sim_world import ApiClient, PortalWalk, World, make_csr, public_key


class ApiWalkTest(PortalWalk):
    def setUp(self):
        super().setUp()
        self.api = ApiClient(self.world)

    def reissue_body(self, name, **more):
        return {"certificate": {"common_name": name, "csr": make_csr(name), "signature_hash": "sha256"},
                "dcv_method": "dns-txt-token", "skip_approval": True, "comments": "request 4711", **more}

    def test_reissue_from_search_to_download(self):
        self.order("510000001", "api.example.org", sans=["api2.example.org"], dcv="manual")
        found = self.api.call("GET", "order/certificate?filters[common_name]=api.example.org")
        self.assertEqual((found["page"]["total"], found["orders"][0]["id"]), (1, 510000001))
        before = self.api.call("GET", "order/certificate/510000001")
        self.assertEqual((before["status"], before["certificate"]["dns_names"]),
                         ("issued", ["api.example.org", "api2.example.org"]))
        body = self.reissue_body("api.example.org")

        made = self.api.call("POST", "order/certificate/510000001/reissue", body)

        self.assertEqual((self.api.status, made["id"], made["requests"][0]["status"]), (201, 510000001, "approved"))
        self.assertTrue(self.api.browser.header("X-Request-Id"))
        pending = self.api.call("GET", "order/certificate/510000001")
        self.assertEqual((pending["status"], pending["requests"][0]["comments"], pending["dcv_random_value"]),
                         ("reissue_pending", "request 4711", made["dcv_random_value"]))
        self.assertEqual(pending["certificate"]["id"], before["certificate"]["id"])
        check = self.api.call("PUT", "order/certificate/510000001/check-dcv", {})
        self.assertEqual((check["dcv_status"], check["order_status"]), ("pending", "reissue_pending"))
        self.world.control("POST", "/orders/510000001/dcv")
        self.assertEqual(self.api.call("PUT", "order/certificate/510000001/check-dcv", {})["dcv_status"], "valid")
        self.world.control("POST", "/clock", {"advance": "61m"})
        issued = self.api.call("GET", "order/certificate/510000001")
        self.assertEqual((issued["status"], issued["certificate"]["id"]), ("issued", made["certificate_id"]))
        history = self.api.call("GET", "order/certificate/510000001/reissue")["certificates"]
        self.assertEqual((history[0]["status"], history[0]["csr"], history[0]["serial_number"]),
                         ("issued", body["certificate"]["csr"], issued["certificate"]["serial_number"]))
        pem = self.api.call("GET", f"certificate/{made['certificate_id']}/download/format/pem_all").decode()
        self.assertEqual(public_key("x509", pem), public_key("req", body["certificate"]["csr"]))
        old = self.api.call("GET", f"certificate/{before['certificate']['id']}/download/platform/29").decode()
        self.assertNotEqual(public_key("x509", old), public_key("x509", pem))
        by_order = self.api.call("GET", "certificate/download/order/510000001/format/pem_nointermediate").decode()
        self.assertEqual(public_key("x509", by_order), public_key("x509", pem))
        by_serial = self.api.call("GET", "order/certificate/" + issued["certificate"]["serial_number"].lower())
        self.assertEqual(by_serial["id"], 510000001)
        thumbprint = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha1"], input=pem, check=True,
                                    capture_output=True, text=True).stdout.split("=")[1].strip().replace(":", "")
        self.assertEqual(issued["certificate"]["thumbprint"], thumbprint)
        changes = self.api.call("GET", "order/certificate/status-changes?minutes=70")["orders"]
        self.assertIn(510000001, [change["order_id"] for change in changes])
        self.assertEqual(self.world.books("510000001")["reissues"], 1)

    def test_accounts_see_only_their_orders(self):
        other = ApiClient(self.world, "SIMKEY-SECOND-ADMIN-6JT1")
        self.assertEqual(self.api.refused("GET", "order/certificate/902817707"), (404, "not_found|order"))
        self.assertEqual(other.call("GET", "order/certificate/902817707")["status"], "issued")
        listed = {order["id"] for order in other.call("GET", "order/certificate")["orders"]}
        self.assertEqual(listed, {902817707, 902817708})
        serial = other.call("GET", "order/certificate/902817708")["certificate"]["serial_number"]
        self.assertEqual(self.api.refused("PUT", f"certificate/{serial}/revoke", {"skip_approval": True}),
                         (404, "not_found|certificate"))
        self.assertEqual(ApiClient(self.world, "wrong").refused("GET", "user/me"),
                         (401, "access_denied|invalid_api_key"))
        viewer = ApiClient(self.world, "SIMKEY-MAIN-VIEW-3VR7")
        self.assertEqual(viewer.call("GET", "user/me")["username"], "leserecht")
        self.assertEqual(viewer.refused("PUT", "order/certificate/902817364/revoke", {}),
                         (403, "access_denied|missing_permission"))

    def test_without_skip_approval_another_login_must_approve(self):
        self.order("510000002", "wait.example.org")
        clerk = ApiClient(self.world, "SIMKEY-MAIN-ORDERS-8KX4")

        made = clerk.call("POST", "order/certificate/510000002/reissue", self.reissue_body("wait.example.org"))

        request = made["requests"][0]
        self.assertEqual(request["status"], "pending")
        self.assertEqual(self.world.books("510000002")["reissues"], 0)
        path = f"request/{request['id']}/status"
        self.assertEqual(clerk.refused("PUT", path, {"status": "approved"}), (403, "access_denied|missing_permission"))
        self.api.call("PUT", path, {"status": "approved", "processor_comment": "fine"})
        self.assertEqual(self.api.status, 204)
        info = self.api.call("GET", "order/certificate/510000002")
        self.assertEqual((info["status"], [entry["id"] for entry in info["requests"]]),
                         ("reissue_pending", [request["id"]]))
        self.api.call("PUT", "order/certificate/510000002/status", {"status": "canceled", "note": "changed my mind"})
        self.assertEqual(self.api.status, 204)
        after = self.api.call("GET", "order/certificate/510000002")
        self.assertEqual((after["status"], after["requests"][0]["status"], after["requests"][0]["processor_comment"]),
                         ("issued", "rejected", "changed my mind"))
        own = self.api.call("PUT", "order/certificate/510000002/revoke", {"comments": "by me"})
        self.assertEqual((self.api.status, own["status"]), (201, "pending"))
        self.assertEqual(self.api.refused("PUT", f"request/{own['id']}/status", {"status": "approved"}),
                         (403, "access_denied|invalid_approver"))

    def test_revoke_one_certificate_then_the_order(self):
        self.order("510000003", "gone.example.org")
        first = self.api.call("GET", "order/certificate/510000003")["certificate"]
        self.api.call("POST", "order/certificate/510000003/reissue", self.reissue_body("gone.example.org"))
        self.assertEqual(self.api.refused("PUT", f"certificate/{first['id']}/revoke", {"skip_approval": True}),
                         (400, "certificate_reissue_pending"))
        self.world.control("POST", "/clock", {"advance": "61m"})

        self.api.call("PUT", f"certificate/{first['id']}/revoke", {"skip_approval": True, "comments": "old key"})

        self.assertEqual(self.api.status, 204)
        self.assertEqual(self.api.call("GET", "order/certificate/510000003")["status"], "issued")
        self.api.call("PUT", "order/certificate/510000003/revoke",
                      {"skip_approval": True, "comments": "all of it", "revocation_reason": "superseded"})
        self.assertEqual(self.api.status, 204)
        info = self.api.call("GET", "order/certificate/510000003")
        self.assertEqual(info["status"], "revoked")
        self.assertNotIn("all of it", str(info))
        books = self.world.books("510000003")
        self.assertEqual([certificate["revoked"] for certificate in books["certificates"]], [True, True])
        self.assertEqual(books["reasons"], {"reissue": {"request 4711": 1}, "revoke_certificate": {"old key": 1},
                                            "revoke": {"all of it": 1}})
        self.assertEqual(self.api.refused("PUT", "order/certificate/510000003/revoke", {}), (400, "order_not_revocable"))

    def test_errors_name_their_cause(self):
        self.order("510000004", "errors.example.org")
        good = self.reissue_body("errors.example.org")
        path = "order/certificate/510000004/reissue"
        cases = [({}, 400, "required_param|certificate"), ({"certificate": {}}, 400, "required_param|csr"),
                 ({**good, "dcv_method": "pigeon"}, 400, "invalid_dcv_method"),
                 ({**good, "certificate": {"csr": "hello"}}, 400, "csr_invalid_cannot_parse"),
                 ({**good, "certificate": {"csr": make_csr("other.example.org")}}, 400, "csr_name_mismatch"),
                 ({**good, "certificate": {**good["certificate"], "dns_names": ["else.example.org"]}}, 400,
                  "invalid_param|dns_names")]
        for body, status, code in cases:
            self.assertEqual(self.api.refused("POST", path, body), (status, code))
        self.assertEqual(self.api.refused("GET", "nowhere"), (404, "not_found|route"))
        self.assertEqual(self.api.refused("DELETE", path), (405, "method_not_allowed"))
        answer = self.api.call("POST", path, extra=("--data-binary", "{"))
        self.assertEqual((self.api.status, answer["errors"][0]["code"]), (400, "bad_request_format"))
        self.assertEqual(self.api.refused("PUT", "order/certificate/510000004/status", {"status": "CANCELED", "note": "x"}),
                         (400, "invalid_param|status"))
        self.assertEqual(self.world.books("510000004")["reissues"], 0)

    def test_faults_keep_the_api_shape(self):
        self.world.fault("api.order.info", "rate_limit", detail="7")
        self.assertEqual(self.api.refused("GET", "order/certificate/902817364"), (429, "request_limit_exceeded"))
        self.assertEqual(self.api.browser.header("Retry-After"), "7")
        self.world.fault("api.order.info", "maintenance")
        self.assertEqual(self.api.refused("GET", "order/certificate/902817364"), (503, "service_unavailable"))
        self.world.fault("api.order.info", "other_order")
        self.assertNotEqual(self.api.call("GET", "order/certificate/902817364")["id"], 902817364)
        self.world.fault("api.order.info", "changed_page")
        self.assertIn("status_v3", self.api.call("GET", "order/certificate/902817364"))
        self.world.fault("api.order.info", "deep_tables")
        self.api.browser.run("/services/v2/order/certificate/902817364",
                             extra=("-H", "X-DC-DEVKEY: SIMKEY-MAIN-ADMIN-5DQ2"))
        self.assertTrue(self.api.browser.body.startswith(b"[" * 10000))
        self.world.fault("api.connect", "expired_certificate")
        self.api.call("GET", "user/me")
        self.assertEqual(self.api.browser.curl_code, 60)

    def test_the_limit_is_per_key(self):
        world = World("--api-limit", "3")
        self.addCleanup(world.stop)
        api = ApiClient(world)
        codes = []
        for _ in range(4):
            api.call("GET", "user/me")
            codes.append(api.status)
        self.assertEqual((codes[0], codes[-1]), (200, 429))
        self.assertEqual(api.browser.header("Retry-After"), "5")
        other = ApiClient(world, "SIMKEY-SECOND-ADMIN-6JT1")
        other.call("GET", "user/me")
        self.assertEqual(other.status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
