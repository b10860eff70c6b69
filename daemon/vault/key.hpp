// Getting the 32 octets of the vault's key: from a file that is made if need be, or from systemd.
// Inside daemon/vault/ only.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "domain/error.hpp"

namespace cabroker::vault {

/// 256 bits of key, wiped on destruction.
class KeyBytes {
  public:
    KeyBytes() = default;
    KeyBytes(const KeyBytes&) = delete;
    KeyBytes& operator=(const KeyBytes&) = delete;
    KeyBytes(KeyBytes&& other) noexcept;
    KeyBytes& operator=(KeyBytes&& other) noexcept;
    ~KeyBytes();

    static constexpr std::size_t kSize = 32;
    std::array<std::uint8_t, kSize> octets{};

  private:
    void wipe() noexcept;
};

enum class Sharing { owner_only, any };

/// Reads 32 raw octets or 64 hex digits with an optional line end. not_found when there is no such
/// file, otherwise bad_configuration with what to do. A credential's mode is systemd's business:
/// Sharing::any.
[[nodiscard]] domain::Result<KeyBytes> read_key(const std::filesystem::path& path, Sharing sharing);

/// Makes a new random key in a file that must not exist yet; durable when it returns.
[[nodiscard]] domain::Result<KeyBytes> make_key(const std::filesystem::path& path);

}  // namespace cabroker::vault
