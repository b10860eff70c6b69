// The answer to "can the supplier be reached, and does it look as expected?", and its JSON form.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <string>

#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

/// What a look at the supplier found. Looking changes nothing there.
struct CheckReport {
    bool ok = true;
    /// One line, safe to show: what was looked at, or what is wrong.
    std::string detail;
    std::map<std::string, std::string> facts;

    CheckReport() = default;
    CheckReport(bool good, std::string text) : ok(good), detail(std::move(text)) {}
};

[[nodiscard]] boost::json::object to_json(const CheckReport& report);
/// bad_answer, with what is wrong.
[[nodiscard]] domain::Result<CheckReport> check_report_from(const boost::json::value& value);

}  // namespace cabroker::adapters::protocol
