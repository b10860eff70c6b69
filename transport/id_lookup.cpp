#include "transport/id_lookup.hpp"

#include <optional>

namespace cabroker::transport {
namespace {

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) {
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/// One path that is looked up.
struct IdPath {
    std::string_view element;  ///< empty: any
    std::string_view literal;  ///< with its quotes
    std::size_t end = 0;
};

/// Reads an expression's text from left to right.
class XPathText {
  public:
    explicit XPathText(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] bool over() const { return at_ >= text_.size(); }
    [[nodiscard]] char next() const { return over() ? '\0' : text_[at_]; }
    void skip() { ++at_; }
    void skip_blanks() {
        while (!over() && std::string_view(" \t\r\n").find(next()) != std::string_view::npos) ++at_;
    }
    bool take(std::string_view what) {
        if (!text_.substr(at_).starts_with(what)) return false;
        at_ += what.size();
        return true;
    }
    std::string_view take_name() {
        const std::size_t from = at_;
        if (starts_name(next())) {
            while (continues_name(next())) ++at_;
        }
        return text_.substr(from, at_ - from);
    }
    /// With its quotes; empty when there is none, or one that does not end.
    std::string_view take_literal() {
        if (next() != '\'' && next() != '"') return {};
        const std::size_t end = text_.find(next(), at_ + 1);
        if (end == std::string_view::npos) return {};
        const std::string_view literal = text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
        return literal;
    }

  private:
    std::string_view text_;
    std::size_t at_;
};

/// `//NAME[@id='x']` here, and no predicate behind: its position would be counted differently.
std::optional<IdPath> id_path_at(XPathText text) {
    IdPath path;
    if (!text.take("//")) return std::nullopt;
    text.skip_blanks();
    if (!text.take("*")) {
        path.element = text.take_name();
        if (path.element.empty()) return std::nullopt;
    }
    text.skip_blanks();
    if (!text.take("[")) return std::nullopt;
    text.skip_blanks();
    if (!text.take("@")) return std::nullopt;
    text.skip_blanks();
    if (text.take_name() != "id") return std::nullopt;
    text.skip_blanks();
    if (!text.take("=")) return std::nullopt;
    text.skip_blanks();
    path.literal = text.take_literal();
    if (path.literal.empty()) return std::nullopt;
    text.skip_blanks();
    if (!text.take("]")) return std::nullopt;
    path.end = text.at();
    text.skip_blanks();
    if (text.next() == '[') return std::nullopt;
    return path;
}

/// What stands before a token decides what it is (XPath 1.0, §3.7).
enum class Before { opening, operand, joint };

/// Steps over one token.
Before step_over(XPathText& text, Before before) {
    const char c = text.next();
    if (c == '\'' || c == '"') {
        // Without an end it is no expression.
        if (text.take_literal().empty()) text.skip();
        return Before::operand;
    }
    if (starts_name(c)) {
        static_cast<void>(text.take_name());
        // `and`, `or`, `div`, `mod`: nothing else can follow an operand.
        return before == Before::operand ? Before::opening : Before::operand;
    }
    text.skip();
    switch (c) {
        case '(':
        case '[':
        case ',':
        case '|':
        case '=':
        case '<':
        case '>':
        case '+':
        case '-':
            return Before::opening;
        case '*':
            return before == Before::operand ? Before::opening : Before::operand;
        case ')':
        case ']':
        case '.':
            return Before::operand;
        default:
            return c >= '0' && c <= '9' ? Before::operand : Before::joint;
    }
}

}  // namespace

std::string with_id_lookups(std::string_view xpath) {
    std::string out;
    XPathText text(xpath);
    Before before = Before::opening;
    while (true) {
        const std::size_t blank = text.at();
        text.skip_blanks();
        out += xpath.substr(blank, text.at() - blank);
        if (text.over()) return out;
        const std::size_t from = text.at();
        const auto path = before == Before::opening ? id_path_at(text) : std::nullopt;
        if (path) {
            ((out += kIdLookup) += '(') += path->literal;
            out += ')';
            if (!path->element.empty()) ((out += "[self::") += path->element) += ']';
            text = XPathText(xpath, path->end);
            before = Before::operand;
            continue;
        }
        before = step_over(text, before);
        out += xpath.substr(from, text.at() - from);
    }
}

}  // namespace cabroker::transport
