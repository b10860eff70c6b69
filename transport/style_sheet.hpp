// Which elements a mail's styles hide: a careful guess, not a CSS engine. In doubt it is hidden.
// Internal to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cabroker::transport {

/// One `name: value`, both lower case, without blanks around.
struct StyleDeclaration {
    std::string name;
    std::string value;
};
[[nodiscard]] std::vector<StyleDeclaration> style_declarations(std::string_view style);
/// Do these declarations take a thing out of sight?
[[nodiscard]] bool hides(std::string_view style);

/// `#rrggbb` for white, black and hexadecimal colours, else the word.
[[nodiscard]] std::string colour_of(std::string_view value);

/// The selectors of a `<style>` element whose rules hide; only their last simple selector counts.
class HidingRules {
  public:
    void read(std::string_view css);
    [[nodiscard]] bool hide(std::string_view element, std::string_view classes,
                            std::string_view id) const;

  private:
    struct Selector {
        std::string element;
        std::vector<std::string> classes;
        std::string id;
    };
    void add(std::string_view selector);
    std::vector<Selector> selectors_;
};

}  // namespace cabroker::transport
