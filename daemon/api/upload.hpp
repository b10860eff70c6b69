// A large body on its way: kept in an unlinked file of the state folder, mapped for reading, gone
// with the last owner.
#pragma once

#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::api {

class Upload {
  public:
    /// A new, empty, nameless file in `folder`.
    [[nodiscard]] static domain::Result<Upload> in(const std::string& folder);
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    Upload(Upload&& other) noexcept;
    Upload& operator=(Upload&&) = delete;
    ~Upload();

    /// Appends. store_failed when the disk is full.
    [[nodiscard]] domain::Result<void> write(std::string_view octets);
    /// Maps what was written; view() is empty before. Call once, after the last write.
    [[nodiscard]] domain::Result<void> finish();
    /// Overwrites what was written: it holds what nobody should keep. view() reads zeros then.
    void wipe() noexcept;
    /// Valid as long as this object lives. Any thread.
    [[nodiscard]] std::string_view view() const { return {mapped_, mapped_size_}; }

  private:
    explicit Upload(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
    std::size_t size_ = 0;
    const char* mapped_ = nullptr;
    std::size_t mapped_size_ = 0;
};

}  // namespace cabroker::api
