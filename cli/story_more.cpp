#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/story.hpp"
#include "cli/text.hpp"
#include "json/time_text.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

std::string clean_at(const bj::value& from, std::string_view pointer) {
    return clean(text_at(from, pointer));
}

const bj::array& list_at(const bj::value& from, std::string_view pointer) {
    static const bj::array none;
    const bj::value* const found = find(from, pointer);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

std::string scalar(const bj::value& value, const Style& style) {
    const std::string text = text_at(value, "");
    const bool date = value.is_string() && text.size() >= 20 && json::parse_time(text).has_value();
    if (date && !style.absolute) return when(value, "", style) + " (" + clean(text) + ')';
    return clean(text);
}

void plain(const bj::value& thing, const std::string& indent, const Style& style,
           std::string& out) {
    for (const auto& [key, value] : thing.get_object()) {
        const std::string name = indent + clean(key) + ':';
        if (value.is_null()) continue;
        if (value.is_object()) {
            if (value.get_object().empty()) continue;
            out += name + '\n';
            plain(value, indent + "  ", style, out);
        } else if (value.is_array()) {
            if (value.get_array().empty()) continue;
            out += name + '\n';
            for (const bj::value& item : value.get_array()) {
                out += indent + "  - " + scalar(item, style) + '\n';
            }
        } else {
            const std::string text = text_at(value, "");
            if (text.find('\n') == std::string::npos) {
                out += name + ' ' + scalar(value, style) + '\n';
                continue;
            }
            out += name + '\n' + indent + "  ";
            for (const char c : clean_lines(text))
                out += c == '\n' ? "\n  " + indent : std::string(1, c);
            out += '\n';
        }
    }
}

}  // namespace

std::string plain_story(const bj::value& thing, const Style& style) {
    if (!thing.is_object()) return clean_lines(text_at(thing, "")) + '\n';
    std::string out;
    plain(thing, "", style, out);
    return out;
}

std::string preview_story(const bj::value& preview, const Style& style) {
    const std::string decision = clean_at(preview, "/decision");
    const Tone tone = decision == "accept" ? Tone::good : tone_of_state(decision);
    std::string out = "Decision: " + style.paint(tone, decision);
    if (const std::string adapter = clean_at(preview, "/adapter"); !adapter.empty()) {
        out += fmt::format("  by adapter {} (channel {})", adapter, clean_at(preview, "/channel"));
    }
    out += '\n';
    if (find(preview, "/outcome") != nullptr) {
        const bj::value* const code = find(preview, "/outcome/code");
        out +=
            "  " + (code == nullptr ? clean_at(preview, "/outcome") : clean_at(*code, "")) + '\n';
        for (const char* const part : {"/outcome/detail", "/outcome/hint"}) {
            if (const std::string text = clean_at(preview, part); !text.empty())
                out += "  " + text + '\n';
        }
    }
    if (!list_at(preview, "/needs").empty()) out += "Will ask for:";
    for (const bj::value& need : list_at(preview, "/needs")) out += ' ' + clean_at(need, "");
    if (!list_at(preview, "/needs").empty()) out += '\n';
    for (const bj::value& warning : list_at(preview, "/warnings")) {
        out += style.paint(Tone::warn, "Warning:") +
               fmt::format(" {} ({})\n", clean_at(warning, "/detail"), clean_at(warning, "/code"));
    }
    if (const bj::array& rules = list_at(preview, "/rules"); !rules.empty()) {
        static const std::vector<Column> columns{{"RULE", "/name"},         {"MATCHED", "/matched"},
                                                 {"ADAPTER", "/adapter"},   {"FROM", "/valid_from"},
                                                 {"UNTIL", "/valid_until"}, {"WHY", "/why"}};
        out += '\n' + table(rules, columns, style);
    }
    if (find(preview, "/mail") != nullptr) {
        out += fmt::format("\nMail to {}\nSubject: {}\n\n{}\n", clean_at(preview, "/mail/to"),
                           clean_at(preview, "/mail/subject"),
                           clean_lines(text_at(preview, "/mail/text")));
    }
    return out;
}

std::string csr_story(const bj::value& report, const Style& style) {
    const bool good = text_at(report, "/ok") == "true";
    std::string out = good ? style.paint(Tone::good, "This CSR is acceptable")
                           : style.paint(Tone::bad, "This CSR cannot be used");
    out += '\n';
    for (const auto& [label, pointer] :
         {std::pair{"subject", "/subject"}, std::pair{"common name", "/common_name"},
          std::pair{"signature", "/signature_algorithm"},
          std::pair{"key sha256", "/key/spki_sha256"}}) {
        if (const std::string text = clean_at(report, pointer); !text.empty()) {
            out += fmt::format("  {:<12} {}\n", label, text);
        }
    }
    const std::string names = cell_text(report, {"", "/dns_names", Cell::list}, style);
    if (!names.empty()) out += fmt::format("  {:<12} {}\n", "dns names", names);
    if (find(report, "/key/type") != nullptr) {
        const std::string curve = clean_at(report, "/key/curve");
        out += fmt::format("  {:<12} {} {}\n", "key", clean_at(report, "/key/type"),
                           curve.empty() ? clean_at(report, "/key/bits") + " bits" : curve);
    }
    for (const bj::value& finding : list_at(report, "/findings")) {
        const std::string severity = clean_at(finding, "/severity");
        const Tone tone = severity == "error" ? Tone::bad : Tone::warn;
        out += style.paint(tone, severity) +
               fmt::format(": {} ({})\n", clean_at(finding, "/detail"), clean_at(finding, "/code"));
        if (const std::string hint = clean_at(finding, "/hint"); !hint.empty())
            out += "  " + hint + '\n';
    }
    return out;
}

std::string import_story(const bj::value& report, const Style& style) {
    const bool dry = text_at(report, "/dry_run") == "true";
    std::string out = fmt::format("{}{} rows: {} created, {} updated, {} unchanged, ",
                                  dry ? "Dry run, nothing stored. " : "", clean_at(report, "/rows"),
                                  clean_at(report, "/created"), clean_at(report, "/updated"),
                                  clean_at(report, "/unchanged"));
    const std::string rejected = clean_at(report, "/rejected") + " rejected";
    out +=
        style.paint(text_at(report, "/rejected") == "0" ? Tone::plain : Tone::bad, rejected) + '\n';
    if (const bj::value* const columns = find(report, "/columns");
        columns && columns->is_object()) {
        std::size_t by_own_name = 0;
        for (const auto& [column, field] : columns->get_object()) {
            const std::string name = clean_at(field, "");
            if (name == clean(column)) {
                ++by_own_name;
                continue;
            }
            out += fmt::format("  {} -> {}\n", clean(column), name.empty() ? "(ignored)" : name);
        }
        if (by_own_name > 0) out += fmt::format("  {} columns by their own names\n", by_own_name);
    }
    if (const bj::array& errors = list_at(report, "/errors"); !errors.empty()) {
        static const std::vector<Column> columns{
            {"LINE", "/line"}, {"COLUMN", "/column"}, {"CODE", "/code"}, {"DETAIL", "/detail"}};
        out += '\n' + table(errors, columns, style);
    }
    return out;
}

}  // namespace cabroker::cli
