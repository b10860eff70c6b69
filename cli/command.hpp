// The command line as data: each command with its words, options and function. The parser, the help
// and the shell completion are made from this table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.hpp"

namespace cabroker::cli {

class Session;

/// What was given after a command: options by their long name without dashes, positionals by name.
class Arguments {
  public:
    void add(const std::string& name, std::string value) {
        values_[name].push_back(std::move(value));
    }
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    /// The last value given, "" when none.
    [[nodiscard]] std::string text(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? std::string() : found->second.back();
    }
    [[nodiscard]] std::vector<std::string> all(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? std::vector<std::string>() : found->second;
    }

  private:
    std::map<std::string, std::vector<std::string>> values_;
};

struct Option {
    /// "--out" or "-f,--follow".
    std::string names;
    /// What its value is called; empty: a flag.
    std::string value;
    std::string help;
    bool many = false;
};

struct Positional {
    std::string name;
    std::string help;
    bool required = true;
};

struct Command {
    /// "request show".
    std::string path;
    std::string help;
    std::vector<Positional> positionals;
    std::vector<Option> options;
    Exit (*run)(Session& session, const Arguments& arguments);
};

/// Every command, in the order of the help.
[[nodiscard]] const std::vector<Command>& commands();
/// One line a group: {"request", "..."}.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& command_groups();
/// Options that go before or after any command.
[[nodiscard]] const std::vector<Option>& global_options();

// The parts of the table, each beside its functions.
[[nodiscard]] std::vector<Command> kind_commands();
[[nodiscard]] std::vector<Command> request_commands();
[[nodiscard]] std::vector<Command> action_commands();
[[nodiscard]] std::vector<Command> order_commands();
[[nodiscard]] std::vector<Command> adapter_commands();
[[nodiscard]] std::vector<Command> event_commands();
[[nodiscard]] std::vector<Command> tool_commands();
[[nodiscard]] std::vector<Command> doctor_commands();
/// Options of those that wait: --wait, --reconnect.
[[nodiscard]] std::vector<Option> with_wait_options(std::vector<Option> options);

/// What the command line says, or the code to end with after help or the complaint was printed.
struct Parsed {
    Settings settings;
    const Command* command = nullptr;
    Arguments arguments;
};
[[nodiscard]] OrExit<Parsed> parse_command_line(std::vector<std::string> words);

/// The whole program but for signals: parses, runs, gives the exit code.
[[nodiscard]] int run(std::vector<std::string> words);

/// A completion script for bash or zsh.
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace cabroker::cli
