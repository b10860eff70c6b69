// HTML pages from the templates in sim/pages/, every value escaped. Knows no orders.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/text.hpp"

namespace cabroker::sim {

/// What a template is filled with.
class PageData {
  public:
    PageData& text(std::string name, std::string value);
    PageData& flag(std::string name, bool value);
    PageData& row(const std::string& list, Fields values);

    /// Empty: not set.
    [[nodiscard]] const std::string& text_of(std::string_view name) const;
    /// A flag that is set, or a text that is not empty.
    [[nodiscard]] bool shows(std::string_view name) const;
    /// nullptr: no such list.
    [[nodiscard]] const std::vector<Fields>* rows_of(std::string_view name) const;

  private:
    Fields texts_;
    std::map<std::string, bool, std::less<>> flags_;
    std::map<std::string, std::vector<Fields>, std::less<>> rows_;
};

/// Fills one template, such as `order`. The part of Mustache that the pages need: `{{name}}`
/// escaped,
/// `{{{name}}}` as it is, and sections `{{#name}}..{{/name}}` of a flag, a text or a list; in a
/// list the row's values come before the page's. An unknown page is a bug and throws
/// std::logic_error.
[[nodiscard]] std::string render(std::string_view page, const PageData& data);

/// Sets `name` and `name_text`: a date for machines and one for people.
void set_time(Fields& fields, const std::string& name, domain::Time time);

/// The text of a built-in file (`pages/order.html`, `data/orders.csv`); empty when there is none.
[[nodiscard]] std::string_view embedded_file(std::string_view name);

}  // namespace cabroker::sim
