#include "transport/form.hpp"

#include <algorithm>

#include "transport/origin.hpp"

namespace cabroker::transport {

bool Form::has(std::string_view field) const {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const FormField& one) { return one.name == field; });
}

FormValues Form::values() const {
    FormValues values;
    for (const FormField& field : fields) {
        if (field.successful) values.emplace_back(field.name, field.value);
    }
    return values;
}

void set_value(FormValues& values, std::string_view name, std::string value) {
    const auto is_it = [&](const auto& entry) { return entry.first == name; };
    const auto first = std::find_if(values.begin(), values.end(), is_it);
    if (first == values.end()) {
        values.emplace_back(name, std::move(value));
        return;
    }
    first->second = std::move(value);
    values.erase(std::remove_if(std::next(first), values.end(), is_it), values.end());
}

std::string urlencode_form(const FormValues& values) {
    const auto encode = [](std::string_view text) {
        std::string with_line_ends;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
            if (text[i] == '\r' || text[i] == '\n') {
                with_line_ends += "\r\n";
                if (crlf) ++i;
            } else {
                with_line_ends += text[i];
            }
        }
        std::string out;
        for (const char c : with_line_ends) {
            if (c == ' ') {
                out += '+';
            } else if (c == '*') {
                out += '*';
            } else if (c == '~') {
                out += "%7E";
            } else {
                out += url_escape(std::string_view(&c, 1));
            }
        }
        return out;
    };
    std::string body;
    for (const auto& [name, value] : values) {
        if (!body.empty()) body += '&';
        body += encode(name);
        body += '=';
        body += encode(value);
    }
    return body;
}

}  // namespace cabroker::transport
