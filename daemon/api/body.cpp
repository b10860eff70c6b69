#include "daemon/api/body.hpp"

#include <strings.h>

#include <boost/json.hpp>

#include "daemon/api/problem.hpp"
#include "domain/secret.hpp"
#include "json/parse.hpp"
#include "json/reader.hpp"
#include "pki/csr.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;

// The shortest private key there is (Ed25519 in PKCS#8) has 64 characters of base64.
constexpr std::size_t kShortestKey = 64;

void wipe_strings(bj::value& value) {
    if (bj::string* text = value.if_string()) {
        ::explicit_bzero(text->data(), text->size());
    } else if (bj::array* array = value.if_array()) {
        for (bj::value& entry : *array) wipe_strings(entry);
    } else if (bj::object* object = value.if_object()) {
        for (auto& entry : *object) wipe_strings(entry.value());
    }
}

/// Where in a document something stands: is a member `csr` here pki's business?
enum class Where { root, params, elsewhere };

// The pointer of the first private key, made on the way back from it; nullopt when there is none.
std::optional<std::string> search(const bj::value& value, Where where) {
    if (const bj::string* text = value.if_string()) {
        if (text->size() < kShortestKey) return std::nullopt;
        if (!pki::holds_private_key(std::string_view(text->data(), text->size())))
            return std::nullopt;
        return std::string();
    }
    if (const bj::array* array = value.if_array()) {
        std::size_t index = 0;
        for (const bj::value& entry : *array) {
            if (const auto found = search(entry, Where::elsewhere))
                return "/" + std::to_string(index) + *found;
            ++index;
        }
    }
    const bj::object* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    for (const auto& entry : *object) {
        const std::string_view key(entry.key().data(), entry.key().size());
        if (key == "csr" && where != Where::elsewhere && entry.value().is_string()) continue;
        const bool params = where == Where::root && key == "params";
        if (const auto found = search(entry.value(), params ? Where::params : Where::elsewhere))
            return "/" + json::pointer_segment(key) + *found;
    }
    return std::nullopt;
}

}  // namespace

Result<bj::value> parse_body(ApiCall& call) { return parse_body(call, bj::storage_ptr()); }

Result<bj::value> parse_body(ApiCall& call, const bj::storage_ptr& storage) {
    if (call.body.empty()) return bj::value(bj::object());
    Result<bj::value> document = json::parse(call.body, storage);
    if (document && !document->is_object()) {
        std::vector<domain::FieldProblem> problems;
        problems.emplace_back("", "wrong_type", "must be an object");
        return invalid_body(std::move(problems));
    }
    if (!document) return document;
    std::optional<std::string> pointer = search(*document, Where::root);
    if (!pointer) return document;
    wipe(*document, call.body);
    return private_key_error(std::move(*pointer));
}

domain::Error private_key_error(std::string pointer) {
    std::vector<domain::FieldProblem> problems;
    problems.emplace_back(std::move(pointer), "private_key_pasted",
                          "holds a private key: send the CSR only; nothing was stored, but treat "
                          "the key as seen by others and make a new one");
    return invalid_body(std::move(problems));
}

void wipe(bj::value& document, std::string& text) {
    wipe_strings(document);
    domain::wipe(text);
}

}  // namespace cabroker::api
