#include "daemon/app/portal_trace.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "json/time_text.hpp"
#include "runtime/log.hpp"

namespace cabroker::app {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using runtime::Level;

namespace {

/// Lines that wait for the disk; one is at most 256 KiB.
constexpr int kMostTraceLinesWaiting = 32;

Error cannot_trace(const std::string& path, const std::string& why) {
    return Error(ErrorCode::bad_configuration, "cannot trace to " + path + ": " + why);
}

std::string why_errno() { return std::generic_category().message(errno); }

/// A file of that folder itself, so that no link of a folder leads elsewhere, with a name that
/// nothing else there has.
Result<std::string> place_in(const std::string& folder, const std::string& file) {
    namespace fs = std::filesystem;
    const fs::path base = fs::path(folder).lexically_normal();
    const fs::path whole = (base / file).lexically_normal();
    const fs::path name = whole.filename();
    if (whole.extension() == ".jsonl" && whole == base / name) return whole.string();
    return cannot_trace(
        file, "it must be a file in state_dir, " + folder + ", whose name ends in .jsonl");
}

/// Why a file that is there cannot be a trace; empty: it can.
std::string fault_of(const struct stat& facts) {
    if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1) return "it is no regular file of ours";
    if ((facts.st_mode & 077U) != 0) return "others may read it; remove it, or chmod 600";
    return {};
}

/// Cuts what a killed process left of its last line, so that the next one is not glued to it.
/// The octets that stay; nullopt: errno says why it failed.
std::optional<std::size_t> end_with_a_line(int descriptor, std::size_t size) {
    std::array<char, 4096> part{};
    std::size_t end = size;
    while (end > 0) {
        const std::size_t from = end - std::min(end, part.size());
        const ssize_t got = ::pread(descriptor, part.data(), end - from, static_cast<off_t>(from));
        if (got < 0) return std::nullopt;
        const std::string_view text(part.data(), static_cast<std::size_t>(got));
        const std::size_t line_end = text.rfind('\n');
        end = line_end == std::string_view::npos ? from : from + line_end + 1;
        if (line_end != std::string_view::npos) break;
    }
    if (end < size && ::ftruncate(descriptor, static_cast<off_t>(end)) != 0) return std::nullopt;
    return end;
}

}  // namespace

struct PortalTrace::File {
    std::string path;
    int descriptor = -1;
    std::size_t size = 0;
    std::size_t largest = 0;
    /// Once it stopped it stays so. Read on the loop's thread too.
    std::atomic<bool> stopped = false;
    std::atomic<int> waiting = 0;

    ~File() {
        if (descriptor >= 0) ::close(descriptor);
    }
    /// On the pool's thread.
    void append(const std::string& line) {
        if (stopped) return;
        if (size + line.size() > largest) {
            stop("it has reached its greatest size; name another file to go on");
            return;
        }
        std::size_t done = 0;
        while (done < line.size()) {
            const ssize_t wrote = ::write(descriptor, line.data() + done, line.size() - done);
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote <= 0) {
                const std::string why = why_errno();
                // No half line is left for the next one to be glued to.
                if (done > 0 && ::ftruncate(descriptor, static_cast<off_t>(size)) != 0) errno = 0;
                stop(why);
                return;
            }
            done += static_cast<std::size_t>(wrote);
        }
        size += line.size();
    }
    void stop(const std::string& why) {
        stopped = true;
        runtime::log(Level::warning, "the trace of the portals ends here",
                     {{"file", path}, {"why", why}});
    }
};

Result<std::unique_ptr<PortalTrace>> PortalTrace::open(const std::string& file,
                                                       const std::string& state_dir,
                                                       asio::any_io_executor pool,
                                                       const runtime::Clock& clock,
                                                       std::size_t largest) {
    const Result<std::string> place = place_in(state_dir, file);
    if (!place) return place.error();
    const std::string& path = *place;
    auto opened = std::make_shared<File>();
    opened->path = path;
    opened->largest = largest;
    opened->descriptor = ::open(
        path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (opened->descriptor < 0) return cannot_trace(path, why_errno());
    struct stat facts {};
    if (::fstat(opened->descriptor, &facts) != 0) return cannot_trace(path, why_errno());
    if (facts.st_uid != ::geteuid()) return cannot_trace(path, "it is no regular file of ours");
    if (const std::string fault = fault_of(facts); !fault.empty()) return cannot_trace(path, fault);
    const auto kept = end_with_a_line(opened->descriptor, static_cast<std::size_t>(facts.st_size));
    if (!kept) return cannot_trace(path, why_errno());
    opened->size = *kept;
    return std::unique_ptr<PortalTrace>(new PortalTrace(std::move(opened), std::move(pool), clock));
}

Result<void> PortalTrace::check(const std::string& file, const std::string& state_dir) {
    const Result<std::string> place = place_in(state_dir, file);
    if (!place) return place.error();
    struct stat facts {};
    if (::lstat(place->c_str(), &facts) != 0) return {};
    if (const std::string fault = fault_of(facts); !fault.empty())
        return cannot_trace(*place, fault);
    return {};
}

PortalTrace::PortalTrace(std::shared_ptr<File> file, asio::any_io_executor pool,
                         const runtime::Clock& clock)
    : file_(std::move(file)), pool_(std::move(pool)), clock_(clock) {}

PortalTrace::~PortalTrace() = default;

const std::string& PortalTrace::path() const { return file_->path; }

void PortalTrace::take(std::string exchange, std::uint64_t dropped) {
    dropped_ += dropped;
    if (file_->stopped) return;
    if (file_->waiting >= kMostTraceLinesWaiting) {
        ++dropped_;
        return;
    }
    // Joined as text: what the outside told is opaque here.
    std::string line = R"({"at":")" + json::time_text(clock_.now()) + '"';
    if (dropped_ > 0) line += ",\"dropped\":" + std::to_string(dropped_);
    dropped_ = 0;
    line += exchange.size() > 2 ? "," + exchange.substr(1) : "}";
    line += '\n';
    ++file_->waiting;
    asio::post(pool_, [file = file_, text = std::move(line)] {
        file->append(text);
        --file->waiting;
    });
}

}  // namespace cabroker::app
