#include "daemon/api/http.hpp"

namespace cabroker::api {

const std::string* Query::get(std::string_view name) const {
    for (const auto& [key, value] : items_) {
        if (key == name) return &value;
    }
    return nullptr;
}

std::vector<std::string> Query::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : items_) {
        if (key == name) values.push_back(value);
    }
    return values;
}

const std::string* Response::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

Response json_response(int status, std::string body) {
    return Response(status, "application/json", std::move(body));
}

}  // namespace cabroker::api
