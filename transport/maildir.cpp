#include "transport/maildir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

namespace cabroker::transport {

namespace asio = boost::asio;

namespace {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

/// A file descriptor that is closed.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

/// Opens below a folder and nowhere else: no link on the way, no `..`. Part by part, because the
/// services' sandbox has no openat2 (systemd's RestrictSUIDSGID= cannot look into its arguments).
Fd open_beneath(int folder, const std::string& path, int flags) {
    const std::size_t slash = path.find('/');
    const std::string part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
        errno = EXDEV;
        return {};
    }
    if (slash == std::string::npos) {
        return Fd(::openat(folder, part.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    }
    const Fd next(::openat(folder, part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return next.ok() ? open_beneath(next.get(), path.substr(slash + 1), flags) : Fd();
}

/// `new/NAME` or `cur/NAME`, NAME without slash, not a dot file, and not only flags (`:2,S`).
bool is_place(const std::string& path) {
    const bool in_folder = path.starts_with("new/") || path.starts_with("cur/");
    return in_folder && path.size() > 4 && path.size() < 512 && path[4] != '.' && path[4] != ':' &&
           path.find('/', 4) == std::string::npos && path.find('\0') == std::string::npos;
}

bool is_folder_name(const std::string& name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

domain::Time written_at(const struct stat& about) {
    return domain::Time(std::chrono::milliseconds(about.st_mtim.tv_sec * 1000LL +
                                                  about.st_mtim.tv_nsec / 1'000'000));
}

Error gone() { return {ErrorCode::not_found, "cannot read the mail: it is not there any more"}; }

Error no_place() { return {ErrorCode::bad_answer, "cannot use the mail: it has no proper name"}; }

}  // namespace

struct Maildir::State {
    Fd folder;
    std::string path;
    std::optional<asio::posix::stream_descriptor> watch;
};

Maildir::Maildir(std::unique_ptr<State> state) : state_(std::move(state)) {}
Maildir::Maildir(Maildir&&) noexcept = default;
Maildir& Maildir::operator=(Maildir&&) noexcept = default;
Maildir::~Maildir() = default;

Result<Maildir> Maildir::open(const std::string& path) {
    auto state = std::make_unique<State>();
    state->path = path;
    state->folder = Fd(::open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    for (const char* part : {"new", "cur"}) {
        const bool there = state->folder.ok() &&
                           open_beneath(state->folder.get(), part, O_DIRECTORY | O_RDONLY).ok();
        if (!there) {
            return Error(ErrorCode::bad_configuration,
                         "cannot open the Maildir " + path + ": it has no readable folder " + part);
        }
    }
    return Maildir(std::move(state));
}

Result<std::vector<MaildirEntry>> Maildir::list(std::size_t most) const {
    std::vector<MaildirEntry> out;
    for (const std::string part : {"new", "cur"}) {
        Fd fd = open_beneath(state_->folder.get(), part, O_DIRECTORY | O_RDONLY);
        if (!fd.ok()) {
            return Error(ErrorCode::bad_configuration, "cannot list the Maildir " + state_->path);
        }
        const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd.get()), &::closedir);
        if (!folder) return Error(ErrorCode::internal, "cannot list the Maildir: no memory");
        const int at = fd.release();
        std::vector<MaildirEntry> found;
        while (const dirent* entry = ::readdir(folder.get())) {
            const std::string name = static_cast<const char*>(entry->d_name);
            struct stat about {};
            const bool known = ::fstatat(at, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0;
            if (!known || !S_ISREG(about.st_mode) || !is_place(part + "/" + name)) continue;
            found.emplace_back(part + "/" + name, static_cast<std::size_t>(about.st_size),
                               written_at(about));
        }
        std::sort(found.begin(), found.end(),
                  [](const auto& a, const auto& b) { return a.path < b.path; });
        for (MaildirEntry& entry : found) {
            if (out.size() < most) out.push_back(std::move(entry));
        }
    }
    return out;
}

Result<std::string> Maildir::read(const std::string& path, std::size_t max_octets) const {
    Result<std::string> octets = read_head(path, max_octets + 1);
    if (octets && octets->size() > max_octets) {
        return Error(ErrorCode::limit_exceeded, "cannot read the mail: it is too large");
    }
    return octets;
}

Result<std::string> Maildir::read_head(const std::string& path, std::size_t most) const {
    if (!is_place(path)) return no_place();
    const Fd fd = open_beneath(state_->folder.get(), path, O_RDONLY);
    if (!fd.ok()) return errno == ENOENT ? gone() : no_place();
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode)) return no_place();
    std::string octets;
    std::array<char, 65536> part{};
    while (true) {
        const ssize_t got = ::read(fd.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error(ErrorCode::internal, "cannot read the mail: the disk failed");
        if (got == 0) return octets;
        octets.append(part.data(), static_cast<std::size_t>(got));
        if (octets.size() < most) continue;
        octets.resize(most);
        return octets;
    }
}

Result<void> Maildir::file_away(const std::string& path, const std::string& folder) const {
    if (!is_place(path)) return no_place();
    const Error failed(ErrorCode::bad_configuration, "cannot file the mail in folder " + folder);
    if (!is_folder_name(folder)) return failed;
    const std::string target = "." + folder;
    for (const std::string& part : {target, target + "/cur", target + "/new", target + "/tmp"}) {
        if (::mkdirat(state_->folder.get(), part.c_str(), 0700) != 0 && errno != EEXIST)
            return failed;
    }
    const Fd to = open_beneath(state_->folder.get(), target + "/cur", O_DIRECTORY | O_RDONLY);
    const Fd from = open_beneath(state_->folder.get(), path.substr(0, 3), O_DIRECTORY | O_RDONLY);
    if (!to.ok() || !from.ok()) return failed;
    const std::string name = path.substr(4);
    const std::string unique = name.substr(0, name.find(":2,"));
    for (int number = 1;; ++number) {
        const std::string more = number == 1 ? "" : "." + std::to_string(number);
        const std::string seen = unique + more + ":2,S";
        // Never over another mail of the same name.
        const long moved = ::syscall(SYS_renameat2, from.get(), name.c_str(), to.get(),
                                     seen.c_str(), RENAME_NOREPLACE);
        if (moved == 0) break;
        if (errno == ENOENT) return gone();
        if (errno != EEXIST || number == 100) return failed;
    }
    ::fsync(to.get());
    return {};
}

Result<void> Maildir::remove(const std::string& path) const {
    if (!is_place(path)) return no_place();
    const Fd from = open_beneath(state_->folder.get(), path.substr(0, 3), O_DIRECTORY | O_RDONLY);
    if (!from.ok() || (::unlinkat(from.get(), path.c_str() + 4, 0) != 0 && errno != ENOENT)) {
        return Error(ErrorCode::bad_configuration, "cannot delete a mail of " + state_->path);
    }
    ::fsync(from.get());
    return {};
}

Result<void> Maildir::watch(const asio::any_io_executor& executor) {
    Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // Through our own descriptor: the path may lead elsewhere by now.
    const std::string place = "/proc/self/fd/" + std::to_string(state_->folder.get()) + "/new";
    // Deliverers rename into `new` or, as Postfix does, link.
    const std::uint32_t what = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR;
    if (!fd.ok() || ::inotify_add_watch(fd.get(), place.c_str(), what) < 0) {
        return Error(ErrorCode::bad_configuration, "cannot watch the Maildir " + state_->path);
    }
    state_->watch.emplace(executor, fd.release());
    return {};
}

void Maildir::stop_waiting() {
    if (state_->watch) state_->watch->cancel();
}

asio::awaitable<Result<bool>> Maildir::changed(std::chrono::steady_clock::time_point deadline) {
    if (!state_->watch) co_return Error(ErrorCode::internal, "cannot wait: nothing is watched");
    asio::posix::stream_descriptor& watch = *state_->watch;
    asio::steady_timer timer(watch.get_executor(), deadline);
    // The handler may run after this coroutine is gone; then it finds nothing to do.
    const auto over = std::make_shared<bool>(false);
    timer.async_wait(
        [&watch, which = std::weak_ptr<bool>(over)](const boost::system::error_code& error) {
            const std::shared_ptr<bool> alive = which.lock();
            if (error || !alive) return;
            *alive = true;
            watch.cancel();
        });
    boost::system::error_code ended;
    co_await watch.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, ended));
    timer.cancel();
    if (ended) {
        if (*over) co_return false;
        co_return Error(ErrorCode::unreachable, "cannot wait for mail: the wait was stopped");
    }
    std::array<char, 4096> events{};
    while (::read(watch.native_handle(), events.data(), events.size()) > 0) {
    }
    co_return true;
}

}  // namespace cabroker::transport
