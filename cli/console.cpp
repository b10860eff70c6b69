#include "cli/console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "cli/interrupt.hpp"

namespace cabroker::cli {
namespace {

bool wants_color(ColorChoice choice, bool terminal) {
    if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
    // NOLINTBEGIN(concurrency-mt-unsafe): one thread
    const char* const none = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    // NOLINTEND(concurrency-mt-unsafe)
    if (none != nullptr && *none != '\0') return false;
    return terminal && (term == nullptr || std::string_view(term) != "dumb");
}

void write_out(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
}

// The terminal that questions go to: stdin's own, or /dev/tty when stdin carries data.
class Terminal {
  public:
    explicit Terminal(bool use_tty) {
        if (use_tty) own_ = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        in_ = use_tty ? own_ : STDIN_FILENO;
        if (use_tty) {
            out_ = own_;
        } else if (isatty(STDERR_FILENO) != 0) {
            out_ = STDERR_FILENO;
        } else {
            std::array<char, 256> name{};
            if (ttyname_r(STDIN_FILENO, name.data(), name.size()) == 0) {
                own_ = open(name.data(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
            }
            out_ = own_;
        }
        saved_ok_ = in_ >= 0 && tcgetattr(in_, &saved_) == 0;
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() {
        if (changed_) tcsetattr(in_, TCSANOW, &saved_);
        if (own_ >= 0) close(own_);
    }
    void hide() {
        if (!saved_ok_) return;
        termios hidden = saved_;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
        changed_ = tcsetattr(in_, TCSAFLUSH, &hidden) == 0;
    }
    [[nodiscard]] bool usable() const { return saved_ok_ && out_ >= 0; }
    [[nodiscard]] int in() const { return in_; }
    void say(std::string_view text) const { write_out(out_, text); }

  private:
    int own_ = -1;
    int in_ = -1;
    int out_ = -1;
    termios saved_{};
    bool saved_ok_ = false;
    bool changed_ = false;
};

// Waits until a line can be read: given, interrupted, or moot.
Asked wait_for_line(int fd, const std::function<bool()>& moot) {
    while (true) {
        std::array<pollfd, 2> watched{{{fd, POLLIN, 0}, {interrupt_fd(), POLLIN, 0}}};
        const int ready = poll(watched.data(), watched.size(), 2000);
        if (interrupted()) return Asked::interrupted;
        if (ready > 0) return Asked::given;
        if (ready == 0 && moot && moot()) return Asked::moot;
    }
}

// One line, octet by octet, so that nothing beyond it is eaten; nullopt at the end of input.
bool read_line(int fd, std::string& line) {
    constexpr std::size_t kMost = 64UL * 1024;
    line.reserve(256);
    while (line.size() < kMost) {
        char octet = 0;
        const ssize_t got = read(fd, &octet, 1);
        if (got < 0 && errno == EINTR && !interrupted()) continue;
        if (got <= 0) return false;
        if (octet == '\n') return true;
        line += octet;
    }
    return true;
}

}  // namespace

std::string Paint::operator()(Tone tone, std::string_view text) const {
    static constexpr std::array<std::string_view, 7> kCodes{"", "1", "2", "32", "31", "33", "36"};
    const std::string_view code = kCodes.at(static_cast<std::size_t>(tone));
    if (!on_ || code.empty() || text.empty()) return std::string(text);
    return "\x1b[" + std::string(code) + 'm' + std::string(text) + "\x1b[0m";
}

Console::Console(const Settings& settings)
    : out_terminal_(isatty(STDOUT_FILENO) != 0),
      error_terminal_(isatty(STDERR_FILENO) != 0),
      quiet_(settings.quiet),
      paint_(wants_color(settings.color, out_terminal_)),
      paint_error_(wants_color(settings.color, error_terminal_)) {}

void Console::out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Console::note(std::string_view text) {
    if (!quiet_) error(text);
}

void Console::progress(std::string_view text) {
    if (error_terminal_) note(text);
}

void Console::error(std::string_view text) {
    std::fflush(stdout);
    write_out(STDERR_FILENO, std::string(text) + '\n');
}

bool Console::flush() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

bool Console::can_ask() const {
    if (!stdin_used_) return isatty(STDIN_FILENO) != 0;
    return error_terminal_ && Terminal(true).usable();
}

Answer Console::ask(const std::string& question, Echo echo, const std::function<bool()>& moot) {
    std::fflush(stdout);
    Terminal terminal(stdin_used_);
    Answer answer;
    if (!terminal.usable()) return answer;
    if (echo == Echo::off) terminal.hide();
    terminal.say(question);
    answer.how = wait_for_line(terminal.in(), moot);
    if (answer.how != Asked::given) {
        terminal.say("\n");
        return answer;
    }
    std::string line;
    const bool whole = read_line(terminal.in(), line);
    if (echo == Echo::off || !whole) terminal.say("\n");
    if (!whole) answer.how = interrupted() ? Asked::interrupted : Asked::ended;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    answer.value = domain::Secret(std::move(line));
    return answer;
}

bool Console::confirm(const std::string& question) {
    const Answer answer = ask(question + " [y/N] ", Echo::on);
    const std::string_view text = answer.value.reveal();
    return answer.how == Asked::given && (text == "y" || text == "Y" || text == "yes");
}

}  // namespace cabroker::cli
