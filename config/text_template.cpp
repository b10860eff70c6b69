#include "config/text_template.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "domain/ascii.hpp"
#include "json/parse.hpp"

namespace cabroker::config {
namespace {

using domain::trimmed;

namespace bj = boost::json;

bool is_template_variable(std::string_view name) {
    if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// A text that is one variable, which has no value.
bool lacks_its_value(const bj::value& value, const Lookup& lookup) {
    if (!value.is_string()) return false;
    std::string why;
    const std::string_view text(value.get_string().data(), value.get_string().size());
    const std::optional<TextTemplate> parsed = TextTemplate::parse(text, why);
    return parsed && parsed->is_one_variable() && !parsed->render(lookup);
}

// An element that is one variable stands for all values of its list.
bool add_each_value(const bj::value& value, const ListLookup& lists, bj::array& into) {
    if (!lists || !value.is_string()) return false;
    std::string why;
    const std::string_view text(value.get_string().data(), value.get_string().size());
    const std::optional<TextTemplate> parsed = TextTemplate::parse(text, why);
    if (!parsed || !parsed->is_one_variable()) return false;
    for (const std::string& one : lists(parsed->variables().front()))
        into.push_back(bj::string(one));
    return true;
}

bool render_strings(bj::value& value, const Lookup& lookup, const ListLookup& lists) {
    if (value.is_string()) {
        std::string why;
        const std::string_view text(value.get_string().data(), value.get_string().size());
        const std::optional<TextTemplate> parsed = TextTemplate::parse(text, why);
        if (!parsed) return false;
        const std::optional<std::string> rendered = parsed->render(lookup);
        if (!rendered) return false;
        value = bj::string(*rendered);
        return true;
    }
    if (value.is_array()) {
        bj::array rendered;
        for (bj::value& entry : value.get_array()) {
            if (add_each_value(entry, lists, rendered)) continue;
            if (!render_strings(entry, lookup, lists)) return false;
            rendered.push_back(std::move(entry));
        }
        value = std::move(rendered);
    }
    if (value.is_object()) {
        bj::object& object = value.get_object();
        for (auto member = object.begin(); member != object.end();) {
            if (lacks_its_value(member->value(), lookup)) {
                member = object.stable_erase(member);
                continue;
            }
            if (!render_strings(member->value(), lookup, lists)) return false;
            ++member;
        }
    }
    return true;
}

}  // namespace

std::optional<TextTemplate> TextTemplate::parse(std::string_view text, std::string& why) {
    TextTemplate made;
    made.text_ = text;
    while (!text.empty()) {
        const std::size_t open = text.find("{{");
        const std::string_view plain = text.substr(0, open);
        if (plain.find("}}") != std::string_view::npos) {
            why = "`}}` without `{{` before it";
            return std::nullopt;
        }
        if (!plain.empty()) made.pieces_.push_back(Piece{false, std::string(plain)});
        if (open == std::string_view::npos) break;
        const std::size_t close = text.find("}}", open);
        if (close == std::string_view::npos) {
            why = "`{{` without `}}` after it";
            return std::nullopt;
        }
        const std::string_view name = trimmed(text.substr(open + 2, close - open - 2));
        if (!is_template_variable(name)) {
            why = "a variable is written {{name}}, in lower-case letters, digits and `_`";
            return std::nullopt;
        }
        made.pieces_.push_back(Piece{true, std::string(name)});
        text.remove_prefix(close + 2);
    }
    return made;
}

std::optional<std::string> TextTemplate::render_with(const Lookup& lookup, bool encode) const {
    std::string out;
    for (const Piece& piece : pieces_) {
        if (!piece.variable) {
            out += piece.text;
            continue;
        }
        const std::optional<std::string> value = lookup(piece.text);
        if (!value) return std::nullopt;
        out += encode ? percent_encode(*value) : *value;
    }
    return out;
}

std::optional<std::string> TextTemplate::render(const Lookup& lookup) const {
    return render_with(lookup, false);
}

std::optional<std::string> TextTemplate::render_url(const Lookup& lookup) const {
    return render_with(lookup, true);
}

bool TextTemplate::is_one_variable() const {
    return pieces_.size() == 1 && pieces_.front().variable;
}

std::vector<std::string> TextTemplate::variables() const {
    std::vector<std::string> names;
    for (const Piece& piece : pieces_) {
        if (piece.variable) names.push_back(piece.text);
    }
    return names;
}

std::optional<std::string> render_json(std::string_view document, const Lookup& lookup,
                                       const ListLookup& lists) {
    domain::Result<bj::value> parsed = json::parse(document);
    if (!parsed) return std::nullopt;
    if (!render_strings(*parsed, lookup, lists)) return std::nullopt;
    return bj::serialize(*parsed);
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[octet >> 4U];
        out += kHex[octet & 0x0FU];
    }
    return out;
}

}  // namespace cabroker::config
