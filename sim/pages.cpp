#include "sim/pages.hpp"

#include <kainjow/mustache.hpp>
#include <memory>
#include <stdexcept>

#include "json/time_text.hpp"

namespace cabroker::sim {
namespace {

namespace mustache = kainjow::mustache;

/// Parsed once, used by the one thread of the simulated world.
mustache::mustache& template_of(std::string_view page) {
    static std::map<std::string, std::unique_ptr<mustache::mustache>, std::less<>> parsed;
    const auto found = parsed.find(page);
    if (found != parsed.end()) return *found->second;
    const std::string name = "pages/" + std::string(page) + ".html";
    const std::string_view text = embedded_file(name);
    if (text.empty()) throw std::logic_error("no page template " + name);
    auto made = std::make_unique<mustache::mustache>(std::string(text));
    if (!made->is_valid()) throw std::logic_error(name + ": " + made->error_message());
    return *parsed.emplace(page, std::move(made)).first->second;
}

}  // namespace

PageData& PageData::text(std::string name, std::string value) {
    texts_.insert_or_assign(std::move(name), std::move(value));
    return *this;
}

PageData& PageData::flag(std::string name, bool value) {
    flags_.insert_or_assign(std::move(name), value);
    return *this;
}

PageData& PageData::row(const std::string& list, Fields values) {
    rows_[list].push_back(std::move(values));
    return *this;
}

std::string render(std::string_view page, const PageData& data) {
    mustache::data filled(mustache::data::type::object);
    for (const auto& [name, value] : data.texts_) {
        // An empty text hides its section.
        if (!value.empty()) filled.set(name, value);
    }
    for (const auto& [name, value] : data.flags_) {
        filled.set(name, mustache::data(value ? mustache::data::type::bool_true
                                              : mustache::data::type::bool_false));
    }
    for (const auto& [name, rows] : data.rows_) {
        mustache::data list(mustache::data::type::list);
        for (const Fields& row : rows) {
            mustache::data item(mustache::data::type::object);
            for (const auto& [key, value] : row) item.set(key, value);
            list.push_back(std::move(item));
        }
        filled.set(name, list);
    }
    return template_of(page).render(filled);
}

void set_time(Fields& fields, const std::string& name, domain::Time time) {
    fields[name] = json::time_text(std::chrono::floor<std::chrono::seconds>(time));
    fields[name + "_text"] = page_date(time);
}

}  // namespace cabroker::sim
