// The Certificate Desk's wording.
#include <array>
#include <utility>

#include "sim/desk_portal.hpp"

namespace cabroker::sim {

std::string desk_state(const std::string& status) {
    static constexpr std::array<std::pair<std::string_view, const char*>, 10> kStates = {{
        {"pending", "eingegangen"},
        {"processing", "wird geprüft"},
        {"rejected", "abgelehnt"},
        {"issued", "ausgestellt"},
        {"reissue_pending", "Neuausstellung läuft"},
        {"revoked", "widerrufen"},
        {"canceled", "storniert"},
        {"needs_csr", "CSR fehlt"},
        {"needs_approval", "wartet auf Freigabe"},
        {"expired", "abgelaufen"},
    }};
    for (const auto& [word, german] : kStates) {
        if (word == status) return german;
    }
    return status;
}

std::string desk_method(std::string_view method) {
    if (method == "dns-txt-token") return "DNS-TXT";
    if (method == "dns-cname-token") return "DNS-CNAME";
    if (method == "http-token") return "HTTP-Datei";
    return "E-Mail";
}

std::string desk_method_of(std::string_view number) {
    if (number == "1") return "email";
    if (number == "2") return "dns-txt-token";
    if (number == "3") return "dns-cname-token";
    if (number == "4") return "http-token";
    return "";
}

std::string desk_refusal(Refusal refusal, const std::string& status) {
    switch (refusal) {
        case Refusal::already_pending:
            return "Für diesen Auftrag läuft bereits eine Neuausstellung.";
        case Refusal::not_reissuable:
            return "Im Stand " + desk_state(status) + " ist keine Neuausstellung möglich.";
        case Refusal::not_revocable:
            return "Im Stand " + desk_state(status) + " ist kein Widerruf möglich.";
        case Refusal::revoke_while_pending:
            return "Solange eine Neuausstellung läuft, ist kein Widerruf möglich.";
        case Refusal::already_revoked:
            return "Das Zertifikat ist schon widerrufen.";
        case Refusal::revoke_disabled:
            return "Der Widerruf ist für diesen Auftrag gesperrt.";
        case Refusal::nothing_pending:
            return "Es läuft keine Neuausstellung.";
        case Refusal::no_certificate:
            return "Es gibt noch kein Zertifikat.";
        case Refusal::reason_missing:
            return "Bitte geben Sie eine Begründung an.";
        case Refusal::csr_missing:
            return "Bitte wählen Sie eine CSR-Datei aus.";
        case Refusal::csr_unreadable:
            return "Die CSR-Datei ist nicht lesbar.";
        case Refusal::csr_bad_signature:
            return "Die Unterschrift der CSR ist ungültig.";
        case Refusal::csr_weak_key:
            return "Der Schlüssel ist zu schwach.";
        case Refusal::csr_private_key:
            return "Die Datei enthält einen privaten Schlüssel.";
        case Refusal::csr_name_mismatch:
            return "Die CSR passt nicht zur Domain des Auftrags.";
        case Refusal::method_unknown:
            return "Bitte wählen Sie ein Nachweisverfahren.";
        case Refusal::method_not_for_wildcard:
            return "Das Verfahren HTTP-Datei geht nicht für Platzhalternamen.";
        default:
            return "Interner Fehler.";
    }
}

std::string desk_serial(std::string_view serial) {
    std::string even = lower(serial);
    if (even.size() % 2 == 1) even.insert(0, 1, '0');
    std::string out;
    for (std::size_t i = 0; i < even.size(); i += 2) {
        if (!out.empty()) out += ':';
        out += even.substr(i, 2);
    }
    return out;
}

std::string serial_of_desk(std::string_view text) {
    std::string serial = upper(text);
    std::erase(serial, ':');
    const std::size_t first = serial.find_first_not_of('0');
    return first == std::string::npos ? "" : serial.substr(first);
}

}  // namespace cabroker::sim
