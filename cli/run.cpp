#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/session.hpp"

namespace cabroker::cli {

int run(std::vector<std::string> words) {
    OrExit<Parsed> parsed = parse_command_line(std::move(words));
    if (parsed.has_error()) return static_cast<int>(parsed.error());
    if (parsed->arguments.has("reconnect")) {
        const auto limit = domain::parse_duration(parsed->arguments.text("reconnect"));
        Session session(parsed->settings);
        if (!limit)
            return static_cast<int>(
                session.fail(Exit::usage, "--reconnect is a time such as 30s or 5m"));
        parsed->settings.reconnect = *limit;
    }
    catch_interrupts();
    Session session(parsed->settings);
    Exit code = parsed->command->run(session, parsed->arguments);
    if (interrupted()) code = Exit::interrupted;
    if (!session.console.flush() && code == Exit::ok) code = Exit::other;
    return static_cast<int>(code);
}

}  // namespace cabroker::cli
