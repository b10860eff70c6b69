#include "daemon/api/upload.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace cabroker::api {
namespace {

domain::Error failed(const char* what) {
    return domain::Error(domain::ErrorCode::store_failed, std::string("cannot keep the upload: ") +
                                                              what + ": " + std::strerror(errno));
}

}  // namespace

domain::Result<Upload> Upload::in(const std::string& folder) {
    int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        // Some file systems know no nameless files.
        std::string name = folder + "/upload-XXXXXX";
        descriptor = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor >= 0) ::unlink(name.c_str());
    }
    if (descriptor < 0) return failed("open");
    return Upload(descriptor);
}

Upload::Upload(Upload&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(std::exchange(other.mapped_size_, 0)) {}

Upload::~Upload() {
    if (mapped_ != nullptr) ::munmap(const_cast<char*>(mapped_), mapped_size_);
    if (descriptor_ >= 0) ::close(descriptor_);
}

domain::Result<void> Upload::write(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(descriptor_, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed("write");
        octets.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::size_t>(written);
    }
    return {};
}

domain::Result<void> Upload::finish() {
    if (size_ == 0) return {};
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (mapped == MAP_FAILED) return failed("map");
    mapped_ = static_cast<const char*>(mapped);
    mapped_size_ = size_;
    return {};
}

void Upload::wipe() noexcept {
    static constexpr char kZeros[16UL * 1024] = {};
    for (std::size_t done = 0; done < size_;) {
        const std::size_t size = std::min(sizeof kZeros, size_ - done);
        const ssize_t written = ::pwrite(descriptor_, kZeros, size, static_cast<off_t>(done));
        if (written <= 0) return;
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace cabroker::api
