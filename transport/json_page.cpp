#include "transport/json_page.hpp"

#include <boost/json.hpp>
#include <utility>

#include "json/parse.hpp"

namespace cabroker::transport {

struct JsonPage::Tree {
    boost::json::value value;
};

namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

Result<const boost::json::value*> find(const boost::json::value& root, const std::string& pointer) {
    const Result<void> checked = check_json_pointer(pointer);
    if (!checked) return checked.error();
    boost::system::error_code missing;
    return root.find_pointer(pointer, missing);
}

std::optional<std::string> scalar(const boost::json::value& value) {
    if (value.is_string()) return std::string(value.as_string());
    if (value.is_structured() || value.is_null()) return std::nullopt;
    return boost::json::serialize(value);
}

}  // namespace

Result<JsonPage> JsonPage::parse(std::string_view body) {
    if (body.size() > kMaxBytes) {
        return Error(ErrorCode::limit_exceeded, "cannot read the answer: it is too large");
    }
    Result<boost::json::value> value = json::parse(body);
    if (!value) {
        return Error(ErrorCode::bad_answer,
                     "cannot read the answer as JSON: " + value.error().detail);
    }
    auto tree = std::make_shared<Tree>();
    tree->value = std::move(*value);
    return JsonPage(std::move(tree));
}

Result<std::optional<std::string>> JsonPage::at(const std::string& pointer) const {
    const Result<const boost::json::value*> found = find(tree_->value, pointer);
    if (!found) return found.error();
    std::optional<std::string> text;
    if (*found != nullptr) text = scalar(**found);
    return text;
}

Result<std::vector<std::string>> JsonPage::all(const std::string& pointer) const {
    const Result<const boost::json::value*> found = find(tree_->value, pointer);
    if (!found) return found.error();
    std::vector<std::string> texts;
    if (*found == nullptr || !(*found)->is_array()) return texts;
    for (const boost::json::value& item : (*found)->as_array()) {
        texts.push_back(scalar(item).value_or(std::string()));
    }
    return texts;
}

Result<std::vector<std::string>> JsonPage::each(const std::string& pointer, const std::string& item,
                                                const std::string& where,
                                                const std::string& equals) const {
    const Result<const boost::json::value*> found = find(tree_->value, pointer);
    if (!found) return found.error();
    std::vector<std::string> texts;
    if (*found == nullptr || !(*found)->is_array()) return texts;
    for (const boost::json::value& element : (*found)->as_array()) {
        if (!where.empty()) {
            const Result<const boost::json::value*> mark = find(element, where);
            if (!mark) return mark.error();
            if (*mark == nullptr || scalar(**mark) != equals) continue;
        }
        const Result<const boost::json::value*> value = find(element, item);
        if (!value) return value.error();
        std::optional<std::string> text;
        if (*value != nullptr) text = scalar(**value);
        texts.push_back(text.value_or(std::string()));
    }
    return texts;
}

Result<std::size_t> JsonPage::size(const std::string& pointer) const {
    const Result<const boost::json::value*> found = find(tree_->value, pointer);
    if (!found) return found.error();
    if (*found != nullptr && (*found)->is_array()) return (*found)->as_array().size();
    if (*found != nullptr && (*found)->is_object()) return (*found)->as_object().size();
    return std::size_t{0};
}

Result<void> check_json_pointer(const std::string& pointer) {
    const Error wrong(ErrorCode::bad_configuration, "cannot use the JSON pointer: " + pointer);
    if (!pointer.empty() && pointer.front() != '/') return wrong;
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        if (pointer[i] != '~') continue;
        const char next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
        if (next != '0' && next != '1') return wrong;
    }
    return {};
}

}  // namespace cabroker::transport
