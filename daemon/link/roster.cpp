#include "daemon/link/roster.hpp"

#include <boost/json.hpp>
#include <utility>

#include "adapters/protocol/codec.hpp"
#include "runtime/log.hpp"

namespace cabroker::link {

namespace bj = boost::json;
namespace protocol = adapters::protocol;

void Roster::take(const bj::object& told) {
    capabilities_.clear();
    const std::map<std::string, AdapterProblem> before = std::exchange(problems_, {});
    if (const auto* able = told.if_contains("capabilities"); able != nullptr && able->is_object()) {
        for (const auto& entry : able->get_object()) {
            const std::string name(entry.key());
            auto read = protocol::capabilities_from(entry.value());
            if (read) {
                capabilities_.emplace(name, std::move(*read));
            } else {
                problems_[name].why = read.error().detail;
            }
        }
    }
    if (const auto* wrong = told.if_contains("problems"); wrong != nullptr && wrong->is_object()) {
        for (const auto& entry : wrong->get_object()) {
            if (!entry.value().is_string()) continue;
            AdapterProblem& problem = problems_[std::string(entry.key())];
            if (problem.why.empty()) problem.why = entry.value().get_string();
        }
    }
    if (const auto* down = told.if_contains("down"); down != nullptr && down->is_array()) {
        for (const bj::value& name : down->get_array()) {
            const auto named =
                name.is_string() ? problems_.find(std::string(name.get_string())) : problems_.end();
            if (named != problems_.end()) named->second.down = true;
        }
    }
    for (const auto& [name, problem] : problems_) {
        const auto known = before.find(name);
        if (known != before.end() && known->second.why == problem.why) continue;
        runtime::log(runtime::Level::error, "an adapter cannot be used",
                     {{"adapter", name}, {"why", problem.why}});
    }
}

}  // namespace cabroker::link
