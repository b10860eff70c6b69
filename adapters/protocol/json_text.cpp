#include "adapters/protocol/json_text.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "adapters/protocol/fields.hpp"
#include "domain/secret.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many octets the UTF-8 character at `at` has; 0 when there is none.
std::size_t character_at(std::string_view text, std::size_t at) {
    const auto octet = [&](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
    };
    const unsigned first = octet(at);
    const unsigned second = octet(at + 1);
    const auto follows = [&](std::size_t index) { return (octet(index) & 0xC0U) == 0x80U; };
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF && follows(at + 1)) return 2;
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    if (overlong || beyond || !follows(at + 1) || !follows(at + 2)) return 0;
    if (first >= 0xE0 && first <= 0xEF) return 3;
    if (first >= 0xF0 && first <= 0xF4 && follows(at + 3)) return 4;
    return 0;
}

bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character.front());
    if (character.size() == 2)
        return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
    const bool blank = first == '\t' || first == '\r' || first == '\n';
    return character.size() == 1 && (first < 0x20 || first == 0x7F) && !blank;
}

std::string cleaned(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_at(text, at);
        const bool good = length > 0 && !is_control(text.substr(at, length));
        const std::string_view piece = good ? text.substr(at, length) : kReplacement;
        if (clean.size() + piece.size() > kMaxText) break;
        clean += piece;
        at += std::max<std::size_t>(length, 1);
    }
    return clean;
}

/// Nearly all texts: nothing to replace and nothing to cut.
bool is_clean_ascii(std::string_view text) {
    return text.size() <= kMaxText && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n';
           });
}

void clean(bj::value& value) {
    if (auto* object = value.if_object()) {
        clean_texts(*object);
    } else if (auto* array = value.if_array()) {
        for (bj::value& element : *array) clean(element);
    } else if (auto* text = value.if_string()) {
        if (is_clean_ascii(std::string_view(text->data(), text->size()))) return;
        const std::string now = cleaned(std::string_view(text->data(), text->size()));
        if (std::string_view(text->data(), text->size()) != now) *text = now;
    }
}

void wipe_all(bj::value& value) {
    if (auto* text = value.if_string()) {
        explicit_bzero(text->data(), text->size());
    } else {
        wipe_secrets(value);
    }
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_at(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string frame_text(const bj::object& object) {
    std::string text;
    text.reserve(4096);
    std::array<char, 4096> buffer{};
    bj::serializer serializer;
    serializer.reset(&object);
    const auto append = [&text](std::string_view piece) {
        if (text.size() + piece.size() > text.capacity()) {
            std::string larger;
            larger.reserve(2 * (text.size() + piece.size()));
            larger += text;
            domain::wipe(text);
            text = std::move(larger);
        }
        text += piece;
    };
    while (!serializer.done()) {
        const bj::string_view piece = serializer.read(buffer.data(), buffer.size());
        append(std::string_view(piece.data(), piece.size()));
    }
    append("\n");
    explicit_bzero(buffer.data(), buffer.size());
    return text;
}

void wipe_secrets(bj::object& object) {
    for (auto& member : object) {
        if (member.key() == "secret") {
            wipe_all(member.value());
        } else {
            wipe_secrets(member.value());
        }
    }
}

void wipe_secrets(bj::value& value) {
    if (auto* object = value.if_object()) {
        wipe_secrets(*object);
    } else if (auto* array = value.if_array()) {
        for (bj::value& element : *array) wipe_secrets(element);
    }
}

std::shared_ptr<const bj::value> held(bj::value&& value) {
    const auto wipe_and_delete = [](bj::value* tree) {
        wipe_secrets(*tree);
        delete tree;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a shared_ptr
    };
    return {new bj::value(std::move(value)), wipe_and_delete};
}

void clean_texts(bj::object& object) {
    for (auto& member : object) {
        if (member.key() != "secret") clean(member.value());
    }
}

}  // namespace cabroker::adapters::protocol
