#include "sim/pages.hpp"

#include <stdexcept>

#include "json/time_text.hpp"

namespace cabroker::sim {
namespace {

/// A template in one list: a section's parts follow it, up to `end`.
struct Part {
    enum class Kind { literal, escaped, raw, section };
    Kind kind = Kind::literal;
    /// The literal's text, or a name.
    std::string text;
    std::size_t end = 0;
};
using Template = std::vector<Part>;

bool blank(std::string_view text) {
    return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

class TemplateParser {
  public:
    explicit TemplateParser(std::string_view source) : source_(source) {}

    Template parse() {
        std::size_t at = 0;
        while (true) {
            const std::size_t open = source_.find("{{", at);
            literal(source_.substr(at, open - at));
            if (open == std::string_view::npos) break;
            at = tag(open);
        }
        if (!open_.empty()) throw std::logic_error("a page template has an open section");
        return std::move(parts_);
    }

  private:
    void literal(std::string_view text) {
        if (!text.empty()) add(Part::Kind::literal, text);
    }

    void add(Part::Kind kind, std::string_view text) {
        Part part;
        part.kind = kind;
        part.text = text;
        parts_.push_back(std::move(part));
    }

    /// Reads the tag at `open` and tells where to go on.
    std::size_t tag(std::size_t open) {
        const bool raw = source_.substr(open).starts_with("{{{");
        const std::string_view closing = raw ? "}}}" : "}}";
        const std::size_t start = open + closing.size();
        const std::size_t close = source_.find(closing, start);
        if (close == std::string_view::npos)
            throw std::logic_error("a page template has an open tag");
        std::string_view name = source_.substr(start, close - start);
        const std::size_t after = close + closing.size();
        if (!name.starts_with('#') && !name.starts_with('/')) {
            add(raw ? Part::Kind::raw : Part::Kind::escaped, name);
            return after;
        }
        const std::size_t next = end_of_own_line(open, after);
        if (name.starts_with('#')) {
            open_.push_back(parts_.size());
            add(Part::Kind::section, name.substr(1));
        } else {
            if (open_.empty() || parts_[open_.back()].text != name.substr(1)) {
                throw std::logic_error("a page template closes another section");
            }
            parts_[open_.back()].end = parts_.size();
            open_.pop_back();
        }
        return next;
    }

    /// A section's tag alone on its line takes the line with it.
    std::size_t end_of_own_line(std::size_t open, std::size_t after) {
        const std::size_t line = open == 0 ? 0 : source_.rfind('\n', open - 1) + 1;
        const std::size_t end = source_.find('\n', after);
        if (end == std::string_view::npos || !blank(source_.substr(after, end - after)) ||
            !blank(source_.substr(line, open - line))) {
            return after;
        }
        if (open > line) parts_.back().text.resize(parts_.back().text.size() - (open - line));
        return end + 1;
    }

    std::string_view source_;
    Template parts_;
    std::vector<std::size_t> open_;
};

/// Parsed once, used by the one thread of the simulated world.
const Template& template_of(std::string_view page) {
    static std::map<std::string, Template, std::less<>> parsed;
    const auto found = parsed.find(page);
    if (found != parsed.end()) return found->second;
    const std::string name = "pages/" + std::string(page) + ".html";
    const std::string_view text = embedded_file(name);
    if (text.empty()) throw std::logic_error("no page template " + name);
    return parsed.emplace(page, TemplateParser(text).parse()).first->second;
}

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
}

/// Appends the parts [begin, end); `row` is that of the list around, or nullptr.
void fill(const Template& parts, std::size_t begin, std::size_t end, const PageData& data,
          const Fields* row, std::string& out) {
    const auto value = [&](const std::string& name) -> const std::string& {
        if (row != nullptr) {
            const auto found = row->find(name);
            if (found != row->end()) return found->second;
        }
        return data.text_of(name);
    };
    for (std::size_t i = begin; i < end; ++i) {
        const Part& part = parts[i];
        if (part.kind == Part::Kind::literal) out += part.text;
        if (part.kind == Part::Kind::raw) out += value(part.text);
        if (part.kind == Part::Kind::escaped) append_escaped(out, value(part.text));
        if (part.kind != Part::Kind::section) continue;
        if (const std::vector<Fields>* rows = data.rows_of(part.text)) {
            for (const Fields& inner : *rows) fill(parts, i + 1, part.end, data, &inner, out);
        } else if (data.shows(part.text) || !value(part.text).empty()) {
            fill(parts, i + 1, part.end, data, row, out);
        }
        i = part.end - 1;
    }
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

const std::string& PageData::text_of(std::string_view name) const { return field(texts_, name); }

bool PageData::shows(std::string_view name) const {
    const auto found = flags_.find(name);
    return found != flags_.end() ? found->second : !text_of(name).empty();
}

const std::vector<Fields>* PageData::rows_of(std::string_view name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : &found->second;
}

std::string render(std::string_view page, const PageData& data) {
    const Template& parts = template_of(page);
    std::string out;
    out.reserve(4096);
    fill(parts, 0, parts.size(), data, nullptr, out);
    return out;
}

void set_time(Fields& fields, const std::string& name, domain::Time time) {
    fields[name] = json::time_text(std::chrono::floor<std::chrono::seconds>(time));
    fields[name + "_text"] = page_date(time);
}

}  // namespace cabroker::sim
