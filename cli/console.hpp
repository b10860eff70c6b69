// stdout for data, stderr for everything else, colours, and questions on the terminal.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/settings.hpp"
#include "domain/secret.hpp"

namespace cabroker::cli {

enum class Tone { plain, bold, dim, good, bad, warn, busy };

/// Wraps text in SGR codes when on; otherwise returns it as it is.
class Paint {
  public:
    Paint() = default;
    explicit Paint(bool on) : on_(on) {}
    [[nodiscard]] std::string operator()(Tone tone, std::string_view text) const;
    [[nodiscard]] bool on() const { return on_; }

  private:
    bool on_ = false;
};

enum class Echo { on, off };
enum class Asked { given, ended, interrupted, moot };
struct Answer {
    Asked how = Asked::ended;
    domain::Secret value;
};

class Console {
  public:
    explicit Console(const Settings& settings);

    /// Data, as it is.
    void out(std::string_view text);
    /// Something good to know; a line on stderr, not with -q.
    void note(std::string_view text);
    /// The same, only when stderr is a terminal.
    void progress(std::string_view text);
    /// A line on stderr, always.
    void error(std::string_view text);
    /// Flushes stdout; false when the data could not be written.
    [[nodiscard]] bool flush();

    [[nodiscard]] const Paint& paint() const { return paint_; }
    [[nodiscard]] const Paint& paint_error() const { return paint_error_; }
    [[nodiscard]] bool out_is_terminal() const { return out_terminal_; }
    /// stdin was read as data (`--csr -`), so questions go to /dev/tty, if stderr is a terminal.
    void stdin_is_used() { stdin_used_ = true; }
    [[nodiscard]] bool can_ask() const;

    /// Asks one line. Every two seconds without an answer `moot` is asked whether the question is
    /// still open; true from it ends the asking. Ctrl-C and Ctrl-D restore the terminal.
    [[nodiscard]] Answer ask(const std::string& question, Echo echo,
                             const std::function<bool()>& moot = {});
    /// y or yes; everything else is no.
    [[nodiscard]] bool confirm(const std::string& question);

  private:
    bool out_terminal_;
    bool error_terminal_;
    bool quiet_;
    bool stdin_used_ = false;
    Paint paint_;
    Paint paint_error_;
};

}  // namespace cabroker::cli
