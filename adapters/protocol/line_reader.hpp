// The lines that come over a link. They may hold secrets: what was read is overwritten as soon as
// it is forgotten.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/protocol/duplex.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

/// One thread, one reader.
class LineReader {
  public:
    /// `from` outlives it.
    explicit LineReader(Duplex& from);
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;
    ~LineReader();

    /// Reads on until there is a whole line, and gives its length, line feed included. Errors:
    /// unreachable (the other end hung up, or it was closed here), bad_answer (over kMaxFrame).
    [[nodiscard]] boost::asio::awaitable<domain::Result<std::size_t>> read();
    /// The line that read() gave the length of; until forget().
    [[nodiscard]] std::string_view line(std::size_t length) const;
    /// Takes it out of the buffer.
    void forget(std::size_t length);

  private:
    Duplex& from_;
    std::string incoming_;
    /// What was read last, for as long as it takes to append it.
    std::array<char, 16UL * 1024> piece_;
};

}  // namespace cabroker::adapters::protocol
