#include "daemon/vault/key.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "domain/secret.hpp"

namespace cabroker::vault {
namespace {

constexpr std::size_t kHexSize = 2 * KeyBytes::kSize;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] bool good() const { return number_ >= 0; }

  private:
    int number_;
};

domain::Error bad_key(const std::filesystem::path& path, const std::string& why) {
    return {domain::ErrorCode::bad_configuration,
            "cannot use the vault key " + path.string() + ": " + why};
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool decode_hex(std::string_view text, KeyBytes& key) {
    for (std::size_t i = 0; i < KeyBytes::kSize; ++i) {
        const int high = hex_digit(text[2 * i]);
        const int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key.octets.at(i) = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

domain::Secret encode_hex(const KeyBytes& key) {
    std::string text;
    text.reserve(kHexSize + 1);
    for (const std::uint8_t octet : key.octets) {
        text += "0123456789abcdef"[octet >> 4U];
        text += "0123456789abcdef"[octet & 15U];
    }
    text += '\n';
    return domain::Secret(std::move(text));
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Reads up to `limit` octets.
domain::Secret read_some(int descriptor, std::size_t limit) {
    std::string text(limit, '\0');
    std::size_t size = 0;
    while (size < limit) {
        const ssize_t got = ::read(descriptor, text.data() + size, limit - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    return domain::Secret(std::move(text));
}

bool sync_folder_of(const std::filesystem::path& path) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return descriptor.good() && ::fsync(descriptor.get()) == 0;
}

}  // namespace

KeyBytes::KeyBytes(KeyBytes&& other) noexcept : octets(other.octets) { other.wipe(); }

KeyBytes& KeyBytes::operator=(KeyBytes&& other) noexcept {
    if (this != &other) {
        octets = other.octets;
        other.wipe();
    }
    return *this;
}

KeyBytes::~KeyBytes() { wipe(); }

void KeyBytes::wipe() noexcept { OPENSSL_cleanse(octets.data(), octets.size()); }

domain::Result<KeyBytes> read_key(const std::filesystem::path& path, Sharing sharing) {
    // O_NONBLOCK: a FIFO put in its place must not hold up the start.
    const Descriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
    if (!file.good()) {
        if (errno == ENOENT) {
            return domain::Error(domain::ErrorCode::not_found, "there is no " + path.string());
        }
        return bad_key(path, std::string(std::strerror(errno)) +
                                 "; make it a plain file that the service's user can read");
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return bad_key(path, "not a plain file");
    }
    if (sharing == Sharing::owner_only && (facts.st_mode & 077) != 0) {
        return bad_key(path, "others may read it; chmod 0600 it, and think of it as known to them");
    }
    const domain::Secret text = read_some(file.get(), kHexSize + 2);
    std::string_view content = text.reveal();
    KeyBytes key;
    if (content.size() == KeyBytes::kSize) {
        std::memcpy(key.octets.data(), content.data(), KeyBytes::kSize);
        return key;
    }
    if (content.ends_with('\n')) content.remove_suffix(1);
    if (content.size() != kHexSize || !decode_hex(content, key)) {
        return bad_key(path, "it must hold 32 octets or 64 hex digits; restore it from a backup");
    }
    return key;
}

domain::Result<KeyBytes> make_key(const std::filesystem::path& path) {
    KeyBytes key;
    if (RAND_priv_bytes(key.octets.data(), static_cast<int>(key.octets.size())) != 1) {
        throw std::runtime_error("no randomness for the vault key");
    }
    // Written under another name first: a crash must not leave half a key under the right one.
    std::filesystem::path draft = path;
    draft += ".new";
    (void)::unlink(draft.c_str());
    const Descriptor file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.good()) {
        return bad_key(path, std::string("cannot make it: ") + std::strerror(errno));
    }
    const domain::Secret text = encode_hex(key);
    const bool written = write_all(file.get(), text.reveal()) && ::fsync(file.get()) == 0;
    // link() and not rename(): it refuses to replace a key that appeared meanwhile.
    const bool named = written && ::link(draft.c_str(), path.c_str()) == 0;
    const int error = errno;
    (void)::unlink(draft.c_str());
    if (!named || !sync_folder_of(path)) {
        return bad_key(path, std::string("cannot make it durable: ") + std::strerror(error));
    }
    return key;
}

}  // namespace cabroker::vault
