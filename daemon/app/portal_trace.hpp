// The file of `--trace-portal`: one JSON object a line for each exchange with a portal. Written
// beside everything else: a slow or full disk costs lines, never a request.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "domain/error.hpp"
#include "runtime/clock.hpp"

namespace cabroker::app {

/// What a trace file may grow to; then it is not written any more.
inline constexpr std::size_t kLargestTrace = 16UL * 1024 * 1024;

class PortalTrace {
  public:
    /// Opens `file`, a name that ends in .jsonl of a file in `state_dir`, for appending; it is made
    /// with mode 0600. What a killed process left of a line is cut. bad_configuration: it is
    /// elsewhere or named otherwise, no regular file of ours, others may read it, or it cannot be
    /// opened. Writing is done on `pool`; take() is called on the loop's thread.
    /// Pool and clock outlive it.
    [[nodiscard]] static domain::Result<std::unique_ptr<PortalTrace>> open(
        const std::string& file, const std::string& state_dir, boost::asio::any_io_executor pool,
        const runtime::Clock& clock, std::size_t largest = kLargestTrace);
    /// What open() would say of `file`, as far as that does not depend on who asks; makes nothing.
    [[nodiscard]] static domain::Result<void> check(const std::string& file,
                                                    const std::string& state_dir);
    ~PortalTrace();
    PortalTrace(const PortalTrace&) = delete;
    PortalTrace& operator=(const PortalTrace&) = delete;

    /// `exchange`: a JSON object in one line, or empty; `dropped`: how many were not told before.
    void take(std::string exchange, std::uint64_t dropped);
    [[nodiscard]] const std::string& path() const;

  private:
    struct File;
    PortalTrace(std::shared_ptr<File> file, boost::asio::any_io_executor pool,
                const runtime::Clock& clock);

    std::shared_ptr<File> file_;
    boost::asio::any_io_executor pool_;
    const runtime::Clock& clock_;
    std::uint64_t dropped_ = 0;
};

}  // namespace cabroker::app
