// Inside pki only: a strict, bounded reader of DER (X.690), for structures whose OpenSSL reader
// costs too much or allocates before a limit can be checked. Values are views into the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cabroker::pki {

inline constexpr std::uint8_t kDerInteger = 0x02;
inline constexpr std::uint8_t kDerBitString = 0x03;
inline constexpr std::uint8_t kDerOctetString = 0x04;
inline constexpr std::uint8_t kDerNull = 0x05;
inline constexpr std::uint8_t kDerOid = 0x06;
inline constexpr std::uint8_t kDerSequence = 0x30;
inline constexpr std::uint8_t kDerSet = 0x31;
inline constexpr std::uint8_t kDerContext0 = 0xA0;

struct DerValue {
    std::uint8_t tag = 0;
    std::string_view content;
    /// Tag, length and content.
    std::string_view whole;
};

/// Reads one value after the other. Refuses indefinite and non-minimal lengths, high tag numbers
/// and truncation.
class DerReader {
  public:
    explicit DerReader(std::string_view octets) : rest_(octets) {}
    /// The next value, or nullopt at the end or when it is no DER.
    [[nodiscard]] std::optional<DerValue> next();
    /// The next value if it has this tag; else nullopt, and nothing is consumed.
    [[nodiscard]] std::optional<DerValue> next(std::uint8_t tag);
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
};

/// Tag and content length of the value that starts here; the content may be cut off. nullopt when
/// it is no DER.
struct DerHeader {
    std::uint8_t tag = 0;
    std::size_t header_bytes = 0;
    std::size_t content_bytes = 0;
};
[[nodiscard]] std::optional<DerHeader> der_header(std::string_view octets);

/// A non-negative INTEGER's magnitude without leading zero octets; nullopt when negative or not
/// minimal.
[[nodiscard]] std::optional<std::string_view> der_magnitude(const DerValue& integer);

/// A BIT STRING of whole octets; nullopt when bits are left over.
[[nodiscard]] std::optional<std::string_view> der_bit_string(const DerValue& value);

}  // namespace cabroker::pki
