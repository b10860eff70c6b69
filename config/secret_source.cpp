#include "config/secret_source.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <system_error>

#include "runtime/systemd.hpp"

namespace cabroker::config {
namespace {

using domain::Error;
using domain::ErrorCode;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Error cannot_read(const SecretSource& source, const std::string& why) {
    return {ErrorCode::bad_configuration,
            "cannot read the secret from " + source.text() + ": " + why};
}

std::string errno_text() { return std::system_category().message(errno); }

domain::Result<std::string> read_all(const SecretSource& source, int fd) {
    std::string octets;
    octets.reserve(kMaxSecretBytes + 1);  // never reallocated, so no copy stays behind
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t got = ::read(fd, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot_read(source, errno_text());
        if (got == 0) break;
        if (octets.size() + static_cast<std::size_t>(got) > kMaxSecretBytes) {
            domain::wipe(octets);
            return cannot_read(source, "it is larger than 64 KiB");
        }
        octets.append(chunk.data(), static_cast<std::size_t>(got));
    }
    ::explicit_bzero(chunk.data(), chunk.size());
    return octets;
}

bool is_credential_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos;
}

}  // namespace

std::string SecretSource::text() const {
    return (kind == Kind::file ? "file " : "credential ") + where;
}

domain::Result<std::string> SecretSource::path() const {
    if (kind == Kind::file) return where;
    std::optional<std::string> given = runtime::credential_path(where);
    if (!given) {
        return cannot_read(*this, "the service was given no such credential; add LoadCredential=" +
                                      where + ":PATH to its unit");
    }
    return *given;
}

domain::Result<domain::Secret> SecretSource::read() const {
    const domain::Result<std::string> from = path();
    if (!from) return from.error();
    const int no_links = kind == Kind::file ? O_NOFOLLOW : 0;
    const Descriptor fd(::open(from->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_links));
    if (fd.get() < 0) {
        return cannot_read(*this, errno == ELOOP ? "it is a symbolic link" : errno_text());
    }
    struct stat facts {};
    if (::fstat(fd.get(), &facts) != 0) return cannot_read(*this, errno_text());
    if (!S_ISREG(facts.st_mode)) return cannot_read(*this, "it is not a regular file");
    if (kind == Kind::file && (facts.st_mode & 0077U) != 0) {
        return cannot_read(*this, "others than its owner may use it; run chmod 0600 " + *from);
    }
    domain::Result<std::string> octets = read_all(*this, fd.get());
    if (!octets) return octets.error();
    if (octets->ends_with('\n')) octets->pop_back();
    if (octets->ends_with('\r')) octets->pop_back();
    if (octets->empty()) return cannot_read(*this, "it is empty");
    return domain::Secret(std::move(*octets));
}

std::optional<SecretSource> decode_secret(json::ObjectReader& reader, std::string_view key,
                                          json::Problems& problems) {
    const boost::json::value* found = reader.member(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_object()) {
        reader.complain(key, "wrong_type",
                        "a secret is never written here: use {file: PATH} or {credential: NAME}");
        return std::nullopt;
    }
    json::ObjectReader inner(*found, reader.at(key), problems);
    const std::optional<std::string> file = inner.line("file", 4096);
    const std::optional<std::string> credential = inner.line("credential", 255);
    inner.finish();
    if (file.has_value() == credential.has_value()) {
        if (inner.has("file") == inner.has("credential"))
            reader.complain(key, "bad_format", "give one of file and credential");
        return std::nullopt;
    }
    if (file && !file->starts_with('/')) {
        inner.complain("file", "bad_format", "must be an absolute path");
        return std::nullopt;
    }
    if (credential && !is_credential_name(*credential)) {
        inner.complain("credential", "bad_format", "must be a credential's name, without `/`");
        return std::nullopt;
    }
    if (file) return SecretSource{SecretSource::Kind::file, *file};
    return SecretSource{SecretSource::Kind::credential, *credential};
}

}  // namespace cabroker::config
