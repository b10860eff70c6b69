#include "adapters/protocol/check.hpp"

#include "adapters/protocol/fields.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;

bj::object to_json(const CheckReport& report) {
    bj::object facts;
    for (const auto& [name, value] : report.facts) facts[name] = value;
    bj::object body;
    body["ok"] = report.ok;
    body["detail"] = report.detail;
    body["facts"] = std::move(facts);
    return body;
}

domain::Result<CheckReport> check_report_from(const bj::value& value) {
    json::Problems problems;
    Fields fields(value, "", problems);
    CheckReport report;
    report.ok = fields.flag("ok", false);
    report.detail = fields.text("detail");
    report.facts = fields.map("facts");
    if (auto error = error_of(problems)) return std::move(*error);
    return report;
}

}  // namespace cabroker::adapters::protocol
