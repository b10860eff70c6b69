// What every command works with: the settings, the console and the client, and the way from a reply
// to stdout and an exit code. Problems are shown here, once, on stderr.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/client.hpp"
#include "cli/console.hpp"
#include "cli/settings.hpp"
#include "cli/view.hpp"

namespace cabroker::cli {

class Session {
  public:
    explicit Session(Settings settings);

    Console console;
    Client client;
    const Settings settings;

    /// A good reply, or the exit code after the problem was shown. POSTs carry an idempotency key.
    [[nodiscard]] OrExit<Reply> call(Call call);
    [[nodiscard]] OrExit<Reply> get(std::string target);
    /// An empty object sends no body.
    [[nodiscard]] OrExit<Reply> post(std::string target, const boost::json::object& body);
    /// A random key; the first one is --idempotency-key when that was given.
    [[nodiscard]] std::string next_key();

    /// Writes a body as -o says. Code: that of the request's state when the body is a request, else
    /// ok.
    [[nodiscard]] Exit show(const std::string& body, const View& view);
    /// get() and show().
    [[nodiscard]] Exit get_and_show(std::string target, const View& view);
    /// A list, with the pages after it when `all`.
    [[nodiscard]] Exit show_list(std::string target, const View& view, bool all);

    /// Shows a problem document (or another bad reply) and gives its exit code.
    [[nodiscard]] Exit refuse(const Reply& reply);
    /// Shows that there was no reply and gives the exit code.
    [[nodiscard]] Exit lost(const domain::Error& error);
    /// "cabroker: text" on stderr.
    Exit fail(Exit code, std::string_view text);
    [[nodiscard]] Style style() const;
    [[nodiscard]] bool human() const {
        return settings.output == Output::table || settings.output == Output::wide;
    }

  private:
    void write_human(const boost::json::value& body, const View& view);
    void write_data(const std::string& text, const boost::json::value& body, const View& view);
    bool key_used_ = false;
};

/// Ok or the code that the state of a request in this body gives.
[[nodiscard]] Exit exit_for_body(const boost::json::value& body);
/// Text for a problem document: title, detail, every errors[] entry, hint.
[[nodiscard]] std::string problem_text(const boost::json::value& problem, long status);
/// What to do about a problem code; "" when there is nothing to say.
[[nodiscard]] std::string hint_for(const boost::json::value& problem);

}  // namespace cabroker::cli
