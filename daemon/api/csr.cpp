#include "pki/csr.hpp"

#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/order_choice.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "domain/secret.hpp"
#include "json/domain_codec.hpp"
#include "pki/name_match.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

bj::value key_json(const std::optional<pki::KeyFacts>& key) {
    if (!key) return nullptr;
    bj::object body;
    body["type"] = key->type;
    body["bits"] = key->bits;
    body["curve"] = json::to_json(key->curve);
    body["spki_sha256"] = key->spki_sha256;
    return body;
}

void add_finding(bj::array& findings, const std::string& code, pki::Severity severity,
                 const std::string& detail, const std::string& hint) {
    const std::string_view name = pki::name_of(severity);
    bj::object entry;
    entry["code"] = code;
    entry["severity"] = bj::string_view(name.data(), name.size());
    entry["detail"] = detail;
    entry["hint"] = hint;
    findings.push_back(std::move(entry));
}

bj::object report_json(const pki::CsrReport& report) {
    bj::object body;
    body["ok"] = report.ok;
    const bool readable = !report.signature_algorithm.empty();
    body["subject"] = nullptr;
    if (readable) body["subject"] = report.subject;
    body["common_name"] = json::to_json(report.common_name);
    bj::array names;
    for (const std::string& name : report.dns_names) names.emplace_back(name);
    body["dns_names"] = std::move(names);
    body["key"] = key_json(report.key);
    body["signature_algorithm"] = nullptr;
    if (readable) body["signature_algorithm"] = report.signature_algorithm;
    bj::array findings;
    for (const pki::Finding& each : report.findings)
        add_finding(findings, each.code, each.severity, each.detail, each.hint);
    body["findings"] = std::move(findings);
    return body;
}

bool pasted_key(const pki::CsrReport& report) {
    for (const pki::Finding& each : report.findings) {
        if (each.code == "private_key_pasted") return true;
    }
    return false;
}

// Tells whether the CSR's names are the order's.
void compare(bj::object& body, const pki::CsrReport& report, const domain::Order& order) {
    const pki::NameVerdict verdict =
        pki::csr_fits_order(pki::facts_of(report), order.common_name, order.dns_names);
    bj::array& findings = body["findings"].as_array();
    if (!verdict.fits) {
        body["ok"] = false;
        add_finding(findings, "csr_name_mismatch", pki::Severity::error, verdict.detail,
                    "make a CSR for the order's names");
    }
    for (const std::string& note : verdict.notes)
        add_finding(findings, "csr_name_note", pki::Severity::info, note, "");
}

}  // namespace

/// POST /v1/csr/inspect {csr, order?}: 200 with what is in it, readable or not; 422 for a private
/// key.
Answer post_csr_inspect(Api& api, CallPtr call) {
    Result<bj::value> document = parse_body(*call);
    if (!document) co_return problem(document.error());
    json::Problems problems;
    json::ObjectReader reader(*document, "", problems);
    reader.require("csr");
    std::string csr;
    if (const bj::value* member = reader.member("csr")) {
        // Whatever text it is, the report says what is wrong with it.
        const bj::string* text = member->if_string();
        if (text == nullptr) reader.complain("csr", "wrong_type", "must be a string");
        if (text != nullptr) csr.assign(text->data(), text->size());
    }
    std::optional<OrderChoice> choice;
    if (const bj::value* order = reader.member("order"))
        decode_order_choice(*order, api.services.settings->brands, problems, choice.emplace());
    reader.finish();
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));

    std::function<pki::CsrReport()> work = [csr = std::move(csr)]() mutable {
        pki::CsrReport report = pki::inspect_csr(csr);
        domain::wipe(csr);
        return report;
    };
    const pki::CsrReport report = co_await from_pool(api.services.pool, std::move(work));
    if (pasted_key(report)) {
        wipe(*document, call->body);
        co_return problem(private_key_error("/csr"));
    }
    bj::object body = report_json(report);
    if (choice && report.key) {
        const Result<ChosenOrder> order = choose_order(api, *choice);
        if (!order) co_return order_problem(api, order.error());
        compare(body, report, order->order);
    }
    co_return object_response(200, body);
}

}  // namespace cabroker::api
