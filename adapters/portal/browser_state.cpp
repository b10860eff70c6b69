#include "adapters/portal/browser_state.hpp"

#include <boost/json.hpp>

#include "adapters/protocol/json_text.hpp"
#include "adapters/protocol/octets.hpp"

namespace cabroker::adapters::portal {

namespace {

/// A cookie may hold any octets, and JSON only text.
boost::json::value value_of(std::string_view octets) {
    if (protocol::is_utf8(octets)) return boost::json::string_view(octets.data(), octets.size());
    boost::json::object coded;
    coded["base64"] = protocol::base64(octets);
    return coded;
}

std::optional<std::string> octets_of(const boost::json::value* value) {
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string(value->get_string());
    const boost::json::object* coded = value->if_object();
    const boost::json::value* text = coded == nullptr ? nullptr : coded->if_contains("base64");
    if (text == nullptr || !text->is_string()) return std::nullopt;
    auto octets = protocol::from_base64(std::string(text->get_string()));
    if (!octets) return std::nullopt;
    return std::move(*octets);
}

}  // namespace

domain::Secret BrowserState::text() const {
    boost::json::object values;
    for (const auto& [name, value] : kept) values[name] = value_of(value);
    boost::json::object out;
    out["jar"] = value_of(jar.text().reveal());
    out["kept"] = std::move(values);
    return domain::Secret(boost::json::serialize(out));
}

std::optional<BrowserState> BrowserState::parse(std::string_view text) {
    boost::json::error_code broken;
    const boost::json::value parsed = boost::json::parse(text, broken);
    if (broken || !parsed.is_object()) return std::nullopt;
    const auto jar = octets_of(parsed.get_object().if_contains("jar"));
    const boost::json::value* kept = parsed.get_object().if_contains("kept");
    if (!jar || kept == nullptr || !kept->is_object()) return std::nullopt;
    auto cookies = transport::CookieJar::parse(*jar);
    if (!cookies) return std::nullopt;
    BrowserState state;
    state.jar = std::move(*cookies);
    for (const auto& member : kept->get_object()) {
        auto octets = octets_of(&member.value());
        if (!octets) return std::nullopt;
        state.kept.emplace(std::string(member.key()), std::move(*octets));
    }
    return state;
}

}  // namespace cabroker::adapters::portal
