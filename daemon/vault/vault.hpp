// Seals what must not be read on disk and holds the key for it. Not a store: it gives and takes
// octets.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/secret.hpp"

namespace cabroker::vault {

/// Where the key is: a file of ours, or a credential that systemd hands over (never created by us).
class KeySource {
  public:
    [[nodiscard]] static KeySource file(std::filesystem::path path);
    [[nodiscard]] static KeySource credential(std::string name);

    [[nodiscard]] bool is_credential() const { return !credential_.empty(); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const std::string& credential_name() const { return credential_; }

  private:
    std::filesystem::path path_;
    std::string credential_;
};

/// The cell that a sealed value belongs to; a value moved to another cell does not open.
/// The views must live as long as the call.
struct Place {
    std::string_view table;
    std::string_view row;
    std::string_view column;

    Place(std::string_view in_table, std::string_view in_row, std::string_view in_column)
        : table(in_table), row(in_row), column(in_column) {}
};

/// AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D 8.2.2), keys derived by HKDF-SHA256 (RFC
/// 5869) per purpose. Any thread after open().
class Vault {
  public:
    /// `expected_key_id` is what the store remembers of the last start. The key file is made (0600,
    /// durable) only when it is not there and nothing is sealed yet. Otherwise bad_configuration
    /// with what to do: missing, unreadable, open to others, wrong length, not the key of the
    /// sealed rows.
    [[nodiscard]] static domain::Result<Vault> open(
        const KeySource& source, bool anything_sealed,
        const std::optional<std::string>& expected_key_id = std::nullopt);
    Vault(Vault&&) noexcept;
    Vault& operator=(Vault&&) noexcept;
    ~Vault();

    /// The record: version, key id, nonce, ciphertext, tag. 37 octets longer than `plain`.
    [[nodiscard]] std::string seal(std::string_view plain, const Place& place) const;
    /// bad_answer when the record is damaged, of another place or of another key.
    [[nodiscard]] domain::Result<domain::Secret> open(std::string_view sealed,
                                                      const Place& place) const;
    /// HMAC-SHA256 under the key of a purpose, 64 lower-case hex digits. Equal only for equal
    /// purpose and text.
    [[nodiscard]] std::string hmac(std::string_view purpose, std::string_view text) const;
    /// 16 hex digits that name the key and tell nothing of it.
    [[nodiscard]] const std::string& key_id() const;

  private:
    struct Keys;
    explicit Vault(std::unique_ptr<Keys> keys);
    std::unique_ptr<Keys> keys_;
};

}  // namespace cabroker::vault
