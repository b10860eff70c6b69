#include "adapters/protocol/octets.hpp"

#include <openssl/evp.h>

#include <boost/json.hpp>

#include "runtime/sha256.hpp"

namespace cabroker::adapters::protocol {
namespace {

const unsigned char* as_octets(std::string_view text) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's type for octets
    return reinterpret_cast<const unsigned char*>(text.data());
}

domain::Error bad(std::string why) { return {domain::ErrorCode::bad_answer, std::move(why)}; }

}  // namespace

std::string base64(std::string_view octets) {
    std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       as_octets(octets), static_cast<int>(octets.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

domain::Result<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return bad("base64 of a wrong length");
    if (text.empty()) return std::string();
    std::size_t padding = 0;
    if (text.ends_with("==")) {
        padding = 2;
    } else if (text.ends_with('=')) {
        padding = 1;
    }
    // EVP_DecodeBlock skips blanks and takes `=` anywhere as zero bits.
    for (const char c : text.substr(0, text.size() - padding)) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool other = (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!letter && !other) return bad("text that is no base64");
    }
    std::string octets(3 * (text.size() / 4), '\0');
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                       as_octets(text), static_cast<int>(text.size()));
    if (length < 0) return bad("text that is no base64");
    octets.resize(static_cast<std::size_t>(length) - padding);
    return octets;
}

boost::json::value octets_to_json(std::string_view octets, const std::string& prefix,
                                  Blobs& blobs) {
    boost::json::object object;
    if (octets.size() <= kInlineOctets) {
        object["base64"] = base64(octets);
        return object;
    }
    const std::string name = prefix + "." + std::to_string(blobs.size() + 1);
    object["blob"] = name;
    object["size"] = octets.size();
    object["sha256"] = runtime::sha256_hex(octets);
    blobs.emplace(name, octets);
    return object;
}

domain::Result<std::string> octets_from_json(const boost::json::value& value, Blobs& blobs) {
    const boost::json::object* object = value.if_object();
    if (object == nullptr) return bad("octets must be an object with base64 or blob");
    if (const auto* inline_octets = object->if_contains("base64")) {
        const boost::json::string* text = inline_octets->if_string();
        if (text == nullptr) return bad("base64 must be a string");
        return from_base64(std::string_view(text->data(), text->size()));
    }
    const auto* name = object->if_contains("blob");
    const auto* hash = object->if_contains("sha256");
    if (name == nullptr || !name->is_string() || hash == nullptr || !hash->is_string()) {
        return bad("octets must be an object with base64 or blob and sha256");
    }
    const auto found =
        blobs.find(std::string_view(name->get_string().data(), name->get_string().size()));
    if (found == blobs.end()) return bad("a blob that is named did not come");
    std::string octets = std::move(found->second);
    blobs.erase(found);
    if (runtime::sha256_hex(octets) !=
        std::string_view(hash->get_string().data(), hash->get_string().size())) {
        return bad("a blob does not have the hash that was named");
    }
    return octets;
}

}  // namespace cabroker::adapters::protocol
