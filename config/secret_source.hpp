// Where a secret is kept: a file or a systemd credential. Loading settings never reads it; read()
// does.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "domain/error.hpp"
#include "domain/secret.hpp"
#include "json/reader.hpp"

namespace cabroker::config {

inline constexpr std::size_t kMaxSecretBytes = 64 * 1024;

/// `{file: PATH}` or `{credential: NAME}`, exactly one of them.
struct SecretSource {
    enum class Kind { file, credential };
    Kind kind = Kind::file;
    /// The path or the credential's name.
    std::string where;

    bool operator==(const SecretSource&) const = default;
    /// "file /etc/x" or "credential x": for messages.
    [[nodiscard]] std::string text() const;
    /// The file to read; bad_configuration when the service was given no such credential.
    [[nodiscard]] domain::Result<std::string> path() const;
    /// Reads the octets; one trailing line end is removed. bad_configuration: absent, empty, larger
    /// than 64 KiB, not a regular file, a symbolic link, or readable by group or others (files;
    /// credentials are systemd's to protect). Blocks on the disk.
    [[nodiscard]] domain::Result<domain::Secret> read() const;
};

/// Reads the member `key` of `reader`, which may be absent.
[[nodiscard]] std::optional<SecretSource> decode_secret(json::ObjectReader& reader,
                                                        std::string_view key,
                                                        json::Problems& problems);

}  // namespace cabroker::config
