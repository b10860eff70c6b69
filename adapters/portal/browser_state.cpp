#include "adapters/portal/browser_state.hpp"

#include <boost/json.hpp>

namespace cabroker::adapters::portal {

domain::Secret BrowserState::text() const {
    boost::json::object values;
    for (const auto& [name, value] : kept) values[name] = value;
    boost::json::object out;
    out["jar"] = jar.text().reveal();
    out["kept"] = std::move(values);
    return domain::Secret(boost::json::serialize(out));
}

std::optional<BrowserState> BrowserState::parse(std::string_view text) {
    boost::json::error_code broken;
    const boost::json::value parsed = boost::json::parse(text, broken);
    if (broken || !parsed.is_object()) return std::nullopt;
    const boost::json::value* jar = parsed.get_object().if_contains("jar");
    const boost::json::value* kept = parsed.get_object().if_contains("kept");
    if (jar == nullptr || !jar->is_string() || kept == nullptr || !kept->is_object()) {
        return std::nullopt;
    }
    auto cookies = transport::CookieJar::parse(std::string(jar->get_string()));
    if (!cookies) return std::nullopt;
    BrowserState state;
    state.jar = std::move(*cookies);
    for (const auto& member : kept->get_object()) {
        if (!member.value().is_string()) return std::nullopt;
        state.kept.emplace(std::string(member.key()), std::string(member.value().get_string()));
    }
    return state;
}

}  // namespace cabroker::adapters::portal
