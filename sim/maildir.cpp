// Delivery to a Maildir as its inventor describes it (cr.yp.to/proto/maildir.html).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sim/post.hpp"

namespace cabroker::sim {
namespace {

bool make_folder(const std::string& path) {
    return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

bool write_all(int file, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(file, text.data() + done, text.size() - done);
        if (written <= 0) return false;
        done += static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace

bool deliver_to_maildir(const std::string& maildir, const std::string& unique,
                        const std::string& raw) {
    for (const char* part : {"", "/tmp", "/new", "/cur"}) {
        if (!make_folder(maildir + part)) return false;
    }
    const std::string temporary = maildir + "/tmp/" + unique;
    const std::string final_name = maildir + "/new/" + unique;
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return false;
    const bool written = write_all(file, raw) && ::fsync(file) == 0;
    const bool closed = ::close(file) == 0;
    if (!written || !closed || ::rename(temporary.c_str(), final_name.c_str()) != 0) {
        ::unlink(temporary.c_str());
        return false;
    }
    return true;
}

}  // namespace cabroker::sim
