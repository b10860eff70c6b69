#!/usr/bin/python3
"""The Certificate Desk with real curl: sign-in, search, order page, two-step forms, files, tokens, errors.

Usage: desk_portal_walk_test.py CABROKER_SIM
"""
import html
import os
import re
import unittest

from sim_world import Browser, PortalWalk, World, make_csr, public_key


class Desk(Browser):
    """Reads a page as somebody would: by the text beside a cell, by the text of a link."""

    def __init__(self, world, user="hauptkonto", password="Haupt-Kennwort-1"):
        super().__init__(world, "desk_portal")
        self.user, self.password = user, password

    def get(self, path, fields=None, extra=()):
        self.run("/zs/" + path, fields, extra)
        self.text = html.unescape(self.body.decode("iso-8859-1"))
        return self

    def post(self, path, fields, files=()):
        sent = {**fields, "schluessel": self.key()}
        if not files:
            return self.get(path, sent)
        extra = [part for name, value in sent.items() for part in ("--form-string", f"{name}={value}")]
        for name, content in files:
            place = self.jar + ".upload"
            with open(place, "w") as file:
                file.write(content)
            extra += ["-F", f"{name}=@{place};type=application/pkcs10"]
        return self.get(path, extra=extra)

    def key(self):
        return re.search(r'<meta name="formularschluessel" content="([0-9a-f]+)">', self.text).group(1)

    def title(self):
        return re.search(r"<title>(.*) - Zertifikatsschalter</title>", self.text).group(1)

    def banner(self, kind="fehler"):
        found = re.search(rf'<div class="meldung {kind}">(.*?)</div>', self.text)
        return found.group(1) if found else None

    def cell(self, label):
        found = re.search(rf"<td>{label}</td><td>(?:<b>|<tt>)?(.*?)(?:</b>|</tt>)?</td>", self.text)
        return found.group(1) if found else None

    def defined(self, term):
        return re.findall(rf"<dt>{term}</dt><dd>(.*?)</dd>", self.text)

    def hidden(self, name):
        return re.search(rf'<input type="hidden" name="{name}" value="(.*?)">', self.text).group(1)

    def sign_in(self):
        self.get("anmeldung").post("anmelden", {"kennung": self.user, "kennwort": self.password})
        assert (self.status, self.header("Location")) == (302, "/zs/start"), self.text
        return self

    def open(self, name):
        self.get("suche?feld=domain&begriff=" + name)
        self.place = re.search(r'<a href="(vorgang/[0-9a-f]{16})">Anzeigen</a>', self.text).group(1)
        return self.get(self.place)

    def ask_reissue(self, csr, method="2", remark="request 4711"):
        self.get(self.place + "/neu")
        return self.post(self.place + "/neu", {"verfahren": method, "bemerkung": remark}, [("csrdatei", csr)])


class DeskPortalWalkTest(PortalWalk):
    def setUp(self):
        super().setUp()
        self.desk = Desk(self.world)

    def test_reissue_from_sign_in_to_download(self):
        self.order("520000001", "desk.example.org", sans=["desk2.example.org"], dcv="manual")
        self.desk.sign_in().open("desk.example.org")
        self.assertEqual((self.desk.cell("Stand"), self.desk.cell("Weitere Namen")), ("ausgestellt", "desk2.example.org"))
        self.assertRegex(self.desk.cell("Gültig bis"), r"^\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d \+0[12]00$")
        self.assertEqual(self.desk.header("Content-Type"), "text/html")
        before = self.desk.cell("Seriennummer")
        csr = make_csr("desk.example.org")

        self.desk.ask_reissue(csr, remark="Umzug nach Köln, request 4711")

        self.assertEqual((self.desk.status, self.desk.title()), (200, "Angaben prüfen"))
        self.assertEqual(self.world.books("520000001")["reissues"], 0)
        draft = self.desk.hidden("entwurf")
        self.desk.post(self.desk.place + "/neu/absenden", {"entwurf": draft})
        self.assertEqual((self.desk.status, self.desk.banner()), (200, "Bitte bestätigen Sie Ihre Angaben."))
        self.desk.post(self.desk.place + "/neu/absenden", {"entwurf": draft, "bestaetigt": "ja"})
        self.assertEqual((self.desk.status, self.desk.header("Location")), (302, "/zs/" + self.desk.place))
        self.desk.get(self.desk.place)
        self.assertEqual((self.desk.banner("erfolg"), self.desk.cell("Stand")),
                         ("Die Neuausstellung ist beantragt.", "Neuausstellung läuft"))
        self.assertEqual(self.desk.defined("Domain"), ["desk.example.org", "desk2.example.org"])
        self.assertEqual(self.desk.defined("Verfahren"), ["DNS-TXT", "DNS-TXT"])
        self.assertIn("<td>Umzug nach Köln, request 4711</td>", self.desk.text)
        self.assertIsNone(self.desk.get(self.desk.place).banner("erfolg"))
        self.world.control("POST", "/orders/520000001/dcv")
        self.world.control("POST", "/clock", {"advance": "61m"})
        self.desk.get(self.desk.place)
        self.assertEqual(self.desk.cell("Stand"), "ausgestellt")
        self.assertNotEqual(self.desk.cell("Seriennummer"), before)
        files = re.findall(r'<a href="(datei/[^"]+)">', self.desk.text)
        self.assertEqual([os.path.basename(file) for file in files],
                         ["kette-mit-wurzel.pem", "kette.pem", "zertifikat.pem", "buendel.p7b", "einzeln.zip",
                          "apache.zip"])
        pem = self.desk.get(files[0]).body.decode()
        self.assertEqual((pem.count("BEGIN CERTIFICATE"), public_key("x509", pem)), (3, public_key("req", csr)))
        books = self.world.books("520000001")
        self.assertEqual((books["reissues"], books["effects"][0]["via"]), (1, "desk_portal"))

    def test_one_draft_is_one_reissue(self):
        self.order("520000002", "once.example.org")
        self.desk.sign_in().open("once.example.org")
        self.desk.ask_reissue(make_csr("once.example.org"))
        fields = {"entwurf": self.desk.hidden("entwurf"), "bestaetigt": "ja"}
        self.desk.post(self.desk.place + "/neu/absenden", fields)
        self.desk.get(self.desk.place)
        self.desk.post(self.desk.place + "/neu/absenden", fields)
        self.assertEqual((self.desk.status, self.desk.banner()), (409, "Dieser Entwurf gilt nicht mehr."))
        self.desk.get(self.desk.place + "/neu")
        self.assertEqual((self.desk.status, self.desk.banner()),
                         (409, "Für diesen Auftrag läuft bereits eine Neuausstellung."))
        self.desk.get(self.desk.place + "/widerruf")
        self.assertEqual(self.desk.status, 409)
        self.desk.get(self.desk.place + "/ruecknahme").post(self.desk.place + "/ruecknahme",
                                                            {"bemerkung": "doch nicht", "bestaetigt": "ja"})
        self.desk.get(self.desk.place)
        self.assertEqual((self.desk.banner("erfolg"), self.desk.cell("Stand")),
                         ("Die Neuausstellung ist zurückgenommen.", "ausgestellt"))
        books = self.world.books("520000002")
        self.assertEqual((books["reissues"], books["reasons"]["cancel_reissue"]), (1, {"doch nicht": 1}))

    def test_the_key_of_the_last_page_only(self):
        self.order("520000003", "keys.example.org")
        self.desk.sign_in().open("keys.example.org")
        self.desk.get(self.desk.place + "/widerruf")
        old = self.desk.key()
        self.desk.get("start")
        self.desk.get(self.desk.place + "/widerruf",
                      {"schluessel": old, "umfang": "auftrag", "begruendung": "x", "grund": "ersetzt"})
        self.assertEqual((self.desk.status, self.desk.banner()),
                         (403, "Diese Seite ist veraltet. Bitte laden Sie sie neu."))
        self.assertEqual(self.world.books("520000003")["revokes"], 0)

    def test_revoke_one_certificate_then_the_order(self):
        self.order("520000004", "ende.example.org")
        self.desk.sign_in().open("ende.example.org")
        self.desk.ask_reissue(make_csr("ende.example.org"))
        self.desk.post(self.desk.place + "/neu/absenden", {"entwurf": self.desk.hidden("entwurf"), "bestaetigt": "ja"})
        self.world.control("POST", "/clock", {"advance": "61m"})
        self.desk.get(self.desk.place)
        serials = re.findall(r"<tr><td>([0-9a-f:]+)</td><td>[^<]+</td><td>gültig</td><td></td></tr>", self.desk.text)
        self.assertEqual(len(serials), 2)

        for scope in ({"umfang": "zertifikat", "zertifikat": serials[1]}, {"umfang": "auftrag"}):
            self.desk.get(self.desk.place + "/widerruf")
            self.desk.post(self.desk.place + "/widerruf", {**scope, "grund": "ersetzt", "begruendung": "weg damit"})
            self.assertEqual(self.desk.title(), "Widerruf bestätigen")
            self.desk.post(self.desk.place + "/widerruf/absenden",
                           {"entwurf": self.desk.hidden("entwurf"), "bestaetigt": "ja"})
            self.desk.get(self.desk.place)
            states = re.findall(r"<td>(gültig|widerrufen)</td><td>([^<]*)</td></tr>", self.desk.text)
            gone = ("widerrufen", "weg damit")
            expected = [("gültig", ""), gone] if "zertifikat" in scope else [gone, gone]
            self.assertEqual(states, expected)
            self.assertEqual(self.desk.cell("Stand"), "ausgestellt" if "zertifikat" in scope else "widerrufen")
        self.assertEqual(self.desk.cell("Widerrufsgrund"), "weg damit")
        self.desk.get(self.desk.place + "/widerruf")
        self.assertEqual((self.desk.status, self.desk.banner()), (409, "Im Stand widerrufen ist kein Widerruf möglich."))

    def test_bad_forms_come_again(self):
        self.order("520000005", "forms.example.org")
        self.desk.sign_in().open("forms.example.org")
        good = make_csr("forms.example.org")
        for csr, method, text in (("", "2", "Bitte wählen Sie eine CSR-Datei aus."), ("hello", "2", "Die CSR-Datei ist nicht lesbar."),
                                  (make_csr("other.example.org"), "2", "Die CSR passt nicht zur Domain des Auftrags."),
                                  (good, "9", "Bitte wählen Sie ein Nachweisverfahren.")):
            self.desk.ask_reissue(csr, method)
            self.assertEqual((self.desk.status, self.desk.title(), self.desk.banner()), (200, "Neuausstellung", text))
        self.desk.get(self.desk.place + "/widerruf").post(self.desk.place + "/widerruf", {"umfang": "auftrag"})
        self.assertEqual(self.desk.banner(), "Bitte geben Sie eine Begründung an.")

    def test_accounts_passwords_and_sessions(self):
        self.order("520000006", "mine.example.org")
        self.desk.sign_in().open("mine.example.org")
        other = Desk(self.world, "nebenkonto", "Neben-Kennwort-4").sign_in()
        self.assertEqual(other.get(self.desk.place).status, 404)
        self.assertEqual(other.get("suche?feld=auftrag&begriff=520000006").banner(), "Kein Auftrag gefunden.")
        viewer = Desk(self.world, "leserecht", "Lese-Kennwort-3").sign_in()
        viewer.get(self.desk.place + "/widerruf").post(self.desk.place + "/widerruf", {"umfang": "auftrag"})
        self.assertEqual((viewer.status, viewer.banner()), (403, "Ihre Kennung darf das nicht."))
        self.world.control("POST", "/clock", {"advance": "3h"})
        self.desk.get(self.desk.place)
        self.assertEqual((self.desk.status, self.desk.header("Location")), (302, "/zs/anmeldung?grund=abgelaufen"))
        self.assertIn("abgelaufen", self.desk.get("anmeldung?grund=abgelaufen").banner())
        self.assertEqual(self.desk.header("Content-Type"), "text/html; charset=ISO-8859-1")
        wrong = Desk(self.world, "sachbearbeitung", "falsch")
        seen = []
        for _ in range(6):
            wrong.get("anmeldung").post("anmelden", {"kennung": wrong.user, "kennwort": wrong.password})
            seen.append(wrong.banner())
        self.assertEqual((seen[0], seen[5]),
                         ("Kennung oder Kennwort ist falsch.", "Die Kennung ist für 15 Minuten gesperrt."))
        self.assertEqual(self.world.control("GET", "/books")["accounts"]["sachbearbeitung"]["wrong_passwords"], 5)

    def test_long_results_have_pages(self):
        for i in range(30):
            self.order(f"5200010{i:02}", f"n{i}.many.example.org")
        self.desk.sign_in().get("suche?feld=domain&begriff=.many.example.org")
        first = re.findall(r"<tr><td>(5200010\d\d)</td>", self.desk.text)
        more = re.search(r'<a href="([^"]+)">Weitere Treffer</a>', self.desk.text).group(1)
        second = re.findall(r"<tr><td>(5200010\d\d)</td>", self.desk.get(more).text)
        self.assertEqual((len(first), len(second), len({*first, *second})), (25, 5, 30))

    def test_faults(self):
        self.order("520000008", "faults.example.org")
        self.desk.sign_in().open("faults.example.org")

        def hit(what, **more):
            self.world.fault("desk_portal.order.page", what, **more)
            return self.desk.get(self.desk.place)

        self.assertEqual(hit("other_order").status, 200)
        self.assertNotEqual(self.desk.cell("Auftragsnummer"), "520000008")
        self.assertIsNone(hit("changed_page").cell("Stand"))
        self.assertEqual((hit("maintenance", detail="9").status, self.desk.header("Retry-After")), (503, "9"))
        self.assertEqual(hit("login_page").title(), "Anmeldung")
        self.desk.sign_in()
        self.assertEqual(self.desk.open("faults.example.org").cell("Auftragsnummer"), "520000008")
        self.desk.ask_reissue(make_csr("faults.example.org"))
        self.world.fault("desk_portal.reissue.confirm", "drop_after_commit")
        self.desk.post(self.desk.place + "/neu/absenden", {"entwurf": self.desk.hidden("entwurf"), "bestaetigt": "ja"})
        self.assertNotEqual(self.desk.curl_code, 0)
        self.assertEqual(self.desk.get(self.desk.place).cell("Stand"), "Neuausstellung läuft")
        self.assertEqual(self.world.books("520000008")["reissues"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
