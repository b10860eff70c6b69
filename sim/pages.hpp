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

  private:
    friend std::string render(std::string_view, const PageData&);
    Fields texts_;
    std::map<std::string, bool> flags_;
    std::map<std::string, std::vector<Fields>> rows_;
};

/// Fills one template, such as `order`. An unknown name is a bug and throws std::logic_error.
[[nodiscard]] std::string render(std::string_view page, const PageData& data);

/// Sets `name` and `name_text`: a date for machines and one for people.
void set_time(Fields& fields, const std::string& name, domain::Time time);

/// The text of a built-in file (`pages/order.html`, `data/orders.csv`); empty when there is none.
[[nodiscard]] std::string_view embedded_file(std::string_view name);

}  // namespace cabroker::sim
