#include "cli/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "cli/follow.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"
#include "runtime/random.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t wrote = write(fd, content.data(), content.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

std::string why() {
    return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
}

bool is_in_plan(const bj::value& artifact, const FilePlan& plan) {
    if (plan.formats.empty()) return true;
    const std::string format = text_at(artifact, "/format");
    return std::find(plan.formats.begin(), plan.formats.end(), format) != plan.formats.end();
}

// Fetches one artifact and compares it with what the list said.
OrExit<std::string> fetch(Session& session, const bj::value& artifact) {
    const std::string id = text_at(artifact, "/id");
    Call call;
    call.target = "/v1/artifacts/" + percent(id) + "/content";
    call.headers.emplace_back("Accept: */*");
    OrExit<Reply> reply = session.call(std::move(call));
    if (reply.has_error()) return reply.error();
    const std::string expected = text_at(artifact, "/sha256");
    if (!expected.empty() && sha256_hex(reply->body) != expected) {
        return session.fail(
            Exit::other, "cannot keep " + clean(id) + ": its sha256 is not what the daemon said");
    }
    return std::move(reply->body);
}

}  // namespace

std::string sha256_hex(std::string_view content) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest.at(i));
    return hex;
}

std::string safe_name(std::string_view name, std::string_view fallback) {
    const std::size_t slash = name.rfind('/');
    if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
    std::string out;
    for (const char c : name.substr(0, 200)) {
        const bool fine = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                          std::string_view("._@+-").find(c) != std::string_view::npos;
        out += fine ? c : '_';
    }
    while (!out.empty() && (out.front() == '.' || out.front() == '-')) out.erase(0, 1);
    return out.empty() ? std::string(fallback) : out;
}

std::string file_name(const std::string& name, std::string_view format, std::string_view id,
                      const std::set<std::string>& used) {
    if (!used.contains(name)) return name;
    std::string with_format = name;
    const std::size_t dot = name.rfind('.');
    with_format.insert(dot == std::string::npos ? name.size() : dot,
                       '.' + safe_name(format, "file"));
    return used.contains(with_format) ? std::string(id) + '-' + name : with_format;
}

Exit check_directory(Session& session, const std::string& directory) {
    if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
        return session.fail(Exit::other, "cannot make " + clean(directory) + ": " + why());
    }
    const Fd handle(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle.get() < 0 || faccessat(handle.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return session.fail(Exit::other, "cannot write into " + clean(directory) + ": " + why());
    }
    return Exit::ok;
}

Exit write_file(Session& session, const std::string& directory, const std::string& name,
                std::string_view content, bool force) {
    const std::string shown = clean(directory) + '/' + name;
    const auto failed = [&] {
        return session.fail(Exit::other, "cannot write " + shown + ": " + why());
    };
    const Fd folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) return failed();
    const std::string temporary =
        fmt::format(".{}.{}.tmp", name.substr(0, 100), runtime::SystemRandom().hex(8));
    const Fd file(openat(folder.get(), temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (file.get() < 0) return failed();
    bool done =
        write_all(file.get(), content) && fchmod(file.get(), 0644) == 0 && fsync(file.get()) == 0;
    if (done) {
        const unsigned int flags = force ? 0U : static_cast<unsigned int>(RENAME_NOREPLACE);
        done = renameat2(folder.get(), temporary.c_str(), folder.get(), name.c_str(), flags) == 0;
    }
    if (done) {
        fsync(folder.get());
        session.console.note("wrote " + shown);
        return Exit::ok;
    }
    const int error = errno;
    unlinkat(folder.get(), temporary.c_str(), 0);
    errno = error;
    if (error == EEXIST)
        return session.fail(Exit::other,
                            "cannot write " + shown + ": it exists; --force replaces it");
    return failed();
}

Exit write_artifacts(Session& session, const std::string& request, const FilePlan& plan) {
    const OrExit<Reply> reply = session.get(request_path(request, "artifacts"));
    if (reply.has_error()) return reply.error();
    const domain::Result<bj::value> list = json::parse(reply->body);
    const bj::array* const items = list.has_value() ? items_of(*list) : nullptr;
    if (items == nullptr)
        return session.fail(Exit::other, "cannot read the daemon's list of artifacts");
    std::set<std::string> used;
    Exit worst = Exit::ok;
    for (const bj::value& artifact : *items) {
        if (!is_in_plan(artifact, plan)) continue;
        const std::string id = safe_name(text_at(artifact, "/id"), "artifact");
        const std::string name = file_name(safe_name(text_at(artifact, "/name"), id),
                                           text_at(artifact, "/format"), id, used);
        used.insert(name);
        const OrExit<std::string> content = fetch(session, artifact);
        const Exit code = content.has_error()
                              ? content.error()
                              : write_file(session, plan.directory, name, *content, plan.force);
        if (code != Exit::ok) worst = code;
    }
    if (used.empty())
        return session.fail(
            Exit::not_found,
            items->empty()
                ? "there is no file yet; how it stands: cabroker request show " + clean(request)
                : "there is no file of that format; all: cabroker request artifacts " +
                      clean(request));
    return worst;
}

}  // namespace cabroker::cli
