// An HTML form as data: where it goes, its controls and what a browser would send. Made by Page; no
// I/O.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cabroker::transport {

using FormValues = std::vector<std::pair<std::string, std::string>>;

struct FormField {
    std::string name;
    std::string value;
    /// Lower case: `hidden`, `text`, `checkbox`, `radio`, `submit`, `select`, `textarea`, ...
    std::string type;
    /// Would be sent as the page stands (HTML 4.01 §17.13.2): named, not disabled, checked or
    /// selected, no button.
    bool successful = false;
};

struct Form {
    std::string id;
    std::string name;
    /// As written; empty when absent. Resolve it with `resolve_within`.
    std::string action;
    /// `GET` or `POST`.
    std::string method = "GET";
    std::string enctype = "application/x-www-form-urlencoded";
    /// Every control with a name, in document order; a select has one field per option.
    std::vector<FormField> fields;

    [[nodiscard]] bool has(std::string_view field) const;
    /// What would be sent as the page stands.
    [[nodiscard]] FormValues values() const;
};

/// Sets a value in place of all values of that name, or adds it at the end.
void set_value(FormValues& values, std::string_view name, std::string value);

/// application/x-www-form-urlencoded (WHATWG URL standard §5.2), UTF-8, line ends as CRLF.
[[nodiscard]] std::string urlencode_form(const FormValues& values);

}  // namespace cabroker::transport
