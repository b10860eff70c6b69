#include "domain/secret.hpp"

#include <string.h>

#include <utility>

namespace cabroker::domain {

void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

// Copies rather than moves: a moved short string would leave its octets behind in the source.
Secret::Secret(std::string&& value) : value_(std::string_view(value)) { domain::wipe(value); }

Secret::Secret(Secret&& other) noexcept : value_(std::string_view(other.value_)) { other.wipe(); }

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        value_.assign(other.value_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept { domain::wipe(value_); }

}  // namespace cabroker::domain
