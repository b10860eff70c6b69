// Identifiers: a type prefix and a ULID (48 bits of time, 80 random), sortable by creation.
// No permission ever rests on an id being secret.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/time.hpp"

namespace cabroker::domain {

/// The 26 characters of a ULID (Crockford base 32, upper case) for a time and 80 random bits.
/// Source: the ULID specification, github.com/ulid/spec.
[[nodiscard]] std::string ulid(Time at, const std::array<std::uint8_t, 10>& random);
[[nodiscard]] bool is_ulid(std::string_view text);

/// A distinct type per kind of thing: an OrderId is no RequestId.
template <class Tag>
class Id {
  public:
    Id() = default;
    /// A new id. Equal arguments give equal ids.
    Id(Time at, const std::array<std::uint8_t, 10>& random)
        : text_(std::string(Tag::kPrefix) + ulid(at, random)) {}
    /// An id from outside: nullopt unless it has the right prefix and form.
    [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
        if (!text.starts_with(Tag::kPrefix)) return std::nullopt;
        if (!is_ulid(text.substr(Tag::kPrefix.size()))) return std::nullopt;
        Id id;
        id.text_ = text;
        return id;
    }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

  private:
    std::string text_;
};

struct RequestTag {
    static constexpr std::string_view kPrefix = "req_";
};
struct OrderTag {
    static constexpr std::string_view kPrefix = "ord_";
};
struct EventTag {
    static constexpr std::string_view kPrefix = "evt_";
};
struct MessageTag {
    static constexpr std::string_view kPrefix = "msg_";
};
struct ArtifactTag {
    static constexpr std::string_view kPrefix = "art_";
};
struct BatchTag {
    static constexpr std::string_view kPrefix = "bat_";
};
struct EffectTag {
    static constexpr std::string_view kPrefix = "eff_";
};

using RequestId = Id<RequestTag>;
using OrderId = Id<OrderTag>;
using EventId = Id<EventTag>;
using MessageId = Id<MessageTag>;
using ArtifactId = Id<ArtifactTag>;
using BatchId = Id<BatchTag>;
using EffectId = Id<EffectTag>;

}  // namespace cabroker::domain

template <class Tag>
struct std::hash<cabroker::domain::Id<Tag>> {
    std::size_t operator()(const cabroker::domain::Id<Tag>& id) const {
        return std::hash<std::string>{}(id.text());
    }
};
