#include "adapters/portal/variables.hpp"

#include "domain/secret.hpp"

namespace cabroker::adapters::portal {

Variables::~Variables() {
    for (auto& [name, value] : values_) {
        if (!value.secret) continue;
        for (std::string& text : value.values) domain::wipe(text);
    }
}

void Variables::set(std::string name, std::string value) {
    Value& entry = values_[std::move(name)];
    entry.values.clear();
    entry.values.push_back(std::move(value));
    entry.secret = false;
}

void Variables::set_secret(std::string name, std::string value) {
    Value& entry = values_[std::move(name)];
    entry.values.clear();
    entry.values.push_back(std::move(value));
    entry.secret = true;
}

void Variables::set_list(std::string name, std::vector<std::string> values) {
    Value& entry = values_[std::move(name)];
    entry.values = std::move(values);
    entry.secret = false;
}

std::optional<std::string> Variables::text(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    std::string joined;
    for (const std::string& value : found->second.values) {
        if (!joined.empty()) joined += '\n';
        joined += value;
    }
    return joined;
}

std::string Variables::text_or_empty(std::string_view name) const {
    return text(name).value_or(std::string());
}

std::vector<std::string> Variables::list(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    return found->second.values;
}

bool Variables::has(std::string_view name) const { return values_.find(name) != values_.end(); }

std::map<std::string, std::string> Variables::small_values(std::size_t most) const {
    std::map<std::string, std::string> small;
    for (const auto& [name, value] : values_) {
        if (value.secret || value.values.size() != 1 || value.values[0].size() > most) continue;
        small.emplace(name, value.values[0]);
    }
    return small;
}

void Variables::add_missing(const Variables& other) {
    for (const auto& [name, value] : other.values_) values_.emplace(name, value);
}

std::vector<std::string> Variables::secrets() const {
    std::vector<std::string> all;
    for (const auto& [name, value] : values_) {
        if (value.secret) all.insert(all.end(), value.values.begin(), value.values.end());
    }
    return all;
}

config::Lookup Variables::lookup() const {
    return [this](std::string_view name) { return text(name); };
}

}  // namespace cabroker::adapters::portal
