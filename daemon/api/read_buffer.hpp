// What came from a client and was not read yet. Octets are wiped when they are consumed, because
// bodies may hold secrets.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace cabroker::api {

class ReadBuffer {
  public:
    ReadBuffer() = default;
    ReadBuffer(const ReadBuffer&) = delete;
    ReadBuffer& operator=(const ReadBuffer&) = delete;
    ~ReadBuffer() { ::explicit_bzero(octets_.data(), octets_.size()); }

    [[nodiscard]] std::string_view view() const {
        return std::string_view(octets_).substr(begin_, end_ - begin_);
    }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }

    /// Room for `more` octets behind those that are there; they count after commit().
    std::pair<char*, std::size_t> prepare(std::size_t more) {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ + more > octets_.size()) make_room(more);
        return std::make_pair(octets_.data() + end_, octets_.size() - end_);
    }
    void commit(std::size_t count) { end_ += count; }
    void consume(std::size_t count) {
        ::explicit_bzero(octets_.data() + begin_, count);
        begin_ += count;
    }

  private:
    void make_room(std::size_t more) {
        const std::size_t kept = end_ - begin_;
        std::string larger(std::max(octets_.size(), kept + more), '\0');
        if (kept > 0) std::memcpy(larger.data(), octets_.data() + begin_, kept);
        ::explicit_bzero(octets_.data(), octets_.size());
        octets_.swap(larger);
        begin_ = 0;
        end_ = kept;
    }

    std::string octets_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace cabroker::api
