// Short texts with {{variables}}, checked when read: no sections, no code, no escapes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::config {

/// Looks a variable up; nullopt when it is not known, which makes rendering fail.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

class TextTemplate {
  public:
    TextTemplate() = default;
    /// nullopt when braces do not pair or a name is not `[a-z][a-z0-9_]*`; `why` then says so.
    [[nodiscard]] static std::optional<TextTemplate> parse(std::string_view text, std::string& why);

    /// The text with every variable put in as it is; nullopt when one is unknown.
    [[nodiscard]] std::optional<std::string> render(const Lookup& lookup) const;
    /// The same with every variable percent-encoded (RFC 3986 unreserved characters stay).
    [[nodiscard]] std::optional<std::string> render_url(const Lookup& lookup) const;
    [[nodiscard]] std::vector<std::string> variables() const;
    /// `{{name}}` and nothing else.
    [[nodiscard]] bool is_one_variable() const;
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

  private:
    struct Piece {
        bool variable = false;
        std::string text;
    };
    std::optional<std::string> render_with(const Lookup& lookup, bool encode) const;
    std::string text_;
    std::vector<Piece> pieces_;
};

/// All values of a variable; empty when it is not known.
using ListLookup = std::function<std::vector<std::string>(std::string_view name)>;

/// Renders every string inside a JSON document; the result is a document again whatever the
/// variables hold. A member whose text is one variable without a value is left out. With `lists` an
/// element of a list that is one variable becomes one element per value. nullopt when the document
/// does not parse or a variable is unknown.
[[nodiscard]] std::optional<std::string> render_json(std::string_view document,
                                                     const Lookup& lookup,
                                                     const ListLookup& lists = {});

/// RFC 3986: everything but letters, digits and `-._~` as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace cabroker::config
