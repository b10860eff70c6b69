#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include "cli/command.hpp"

namespace cabroker::cli {
namespace {

constexpr std::string_view kVersion = CABROKER_VERSION;

// The key that Arguments uses: the long name without dashes.
std::string key_of(const Option& option) {
    const std::size_t dashes = option.names.rfind("--");
    return option.names.substr(dashes + 2);
}

void add_option(CLI::App& app, const Option& option) {
    if (option.value.empty()) {
        app.add_flag(option.names, option.help)->disable_flag_override();
        return;
    }
    CLI::Option* const made = app.add_option(option.names, option.help)->type_name(option.value);
    if (option.many) {
        made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
        made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    }
}

CLI::App& subcommand(CLI::App& root, const std::string& path,
                     std::map<std::string, CLI::App*>& made) {
    const auto found = made.find(path);
    if (found != made.end()) return *found->second;
    const std::size_t space = path.rfind(' ');
    CLI::App& parent =
        space == std::string::npos ? root : subcommand(root, path.substr(0, space), made);
    std::string help;
    for (const auto& [name, text] : command_groups()) {
        if (name == path) help = text;
    }
    CLI::App* const app =
        parent.add_subcommand(path.substr(space == std::string::npos ? 0 : space + 1), help);
    app->fallthrough();
    made[path] = app;
    return *app;
}

std::map<const Command*, CLI::App*> build(CLI::App& root) {
    root.set_version_flag("--version", "cabroker " + std::string(kVersion), "Print the version");
    for (const Option& option : global_options()) add_option(root, option);
    std::map<std::string, CLI::App*> made;
    std::map<const Command*, CLI::App*> apps;
    for (const Command& command : commands()) {
        CLI::App& app = subcommand(root, command.path, made);
        app.description(command.help);
        for (const Option& option : command.options) add_option(app, option);
        for (const Positional& positional : command.positionals) {
            app.add_option(positional.name, positional.help)
                ->required(positional.required)
                ->expected(1)
                ->type_name(" ");
        }
        apps[&command] = &app;
    }
    root.require_subcommand(1);
    for (const auto& [path, app] : made) {
        const bool leaf =
            std::any_of(commands().begin(), commands().end(),
                        [&, &name = path](const Command& c) { return c.path == name; });
        if (!leaf) app->require_subcommand(1);
    }
    return apps;
}

// An option's value may follow "=" only: "--wait" alone becomes "--wait=", told apart from
// "--wait=10m".
std::vector<std::string> with_bare_wait(std::vector<std::string> words) {
    for (std::string& word : words) {
        if (word == "--") break;
        if (word == "--wait") word = "--wait=forever";
    }
    return words;
}

bool take_word(Output& output, const std::string& word) {
    static const std::map<std::string, Output> words{
        {"table", Output::table}, {"wide", Output::wide}, {"json", Output::json},
        {"jsonl", Output::jsonl}, {"yaml", Output::yaml}, {"csv", Output::csv},
        {"name", Output::name}};
    const auto found = words.find(word);
    if (found != words.end()) output = found->second;
    return found != words.end();
}

bool take_word(ColorChoice& choice, const std::string& word) {
    static const std::map<std::string, ColorChoice> words{{"auto", ColorChoice::automatic},
                                                          {"always", ColorChoice::always},
                                                          {"never", ColorChoice::never}};
    const auto found = words.find(word);
    if (found != words.end()) choice = found->second;
    return found != words.end();
}

Exit usage(const std::string& text) {
    std::cerr << "cabroker: " << text << "\nsee cabroker --help\n";
    return Exit::usage;
}

// "request bogus" when a word after the commands that were understood is none; "" when none is too
// many. The parser knows which words are values of options.
std::string unknown_command(const CLI::App& root) {
    std::string path;
    for (const CLI::App* app = &root; !app->get_subcommands().empty();) {
        app = app->get_subcommands().front();
        path += path.empty() ? app->get_name() : ' ' + app->get_name();
    }
    const bool leaf = std::any_of(commands().begin(), commands().end(),
                                  [&](const Command& c) { return c.path == path; });
    if (leaf) return {};
    for (const std::string& word : root.remaining(true)) {
        if (!word.starts_with('-')) return path.empty() ? word : path + ' ' + word;
    }
    return {};
}

OrExit<Settings> read_settings(const CLI::App& root) {
    Settings settings;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    if (const char* const socket = std::getenv("CABROKER_SOCKET");
        socket != nullptr && *socket != '\0') {
        settings.socket = socket;
    }
    const auto given = [&](const std::string& name) {
        const CLI::Option* const option = root.get_option(name);
        return option->count() == 0 ? std::string() : option->results().back();
    };
    if (const std::string socket = given("--socket"); !socket.empty()) settings.socket = socket;
    if (const std::string word = given("--output");
        !word.empty() && !take_word(settings.output, word)) {
        return usage("no output format \"" + word +
                     "\": use table, wide, json, jsonl, yaml, csv or name");
    }
    if (const std::string word = given("--color");
        !word.empty() && !take_word(settings.color, word)) {
        return usage("--color is auto, always or never, not \"" + word + '"');
    }
    settings.quiet = root.get_option("--quiet")->count() > 0;
    settings.verbose = root.get_option("--verbose")->count() > 0;
    settings.idempotency_key = given("--idempotency-key");
    return settings;
}

Arguments read_arguments(const Command& command, const CLI::App& app) {
    Arguments arguments;
    for (const Option& option : command.options) {
        const std::string key = key_of(option);
        const CLI::Option* const parsed = app.get_option("--" + key);
        for (const std::string& value : parsed->results()) arguments.add(key, value);
    }
    for (const Positional& positional : command.positionals) {
        const CLI::Option* const parsed = app.get_option(positional.name);
        for (const std::string& value : parsed->results()) arguments.add(positional.name, value);
    }
    return arguments;
}

}  // namespace

OrExit<Parsed> parse_command_line(std::vector<std::string> words) {
    CLI::App root("Reissue, revoke, download and look after SSL orders through the broker",
                  "cabroker");
    root.footer(
        "Exit codes: 0 ok, 1 other, 2 usage, 3 ended badly, 4 not allowed, 5 still running,\n"
        "6 needs a person, 7 not found, 8 conflict, 9 invalid, 10 daemon unreachable, 130 Ctrl-C");
    const std::map<const Command*, CLI::App*> apps = build(root);
    words = with_bare_wait(std::move(words));
    std::reverse(words.begin(), words.end());
    try {
        root.parse(words);
    } catch (const CLI::Success& done) {
        root.exit(done, std::cout, std::cerr);
        std::cout.flush();
        return Exit::ok;
    } catch (const CLI::RequiredError& error) {
        const std::string stray = unknown_command(root);
        return usage(stray.empty() ? std::string(error.what())
                                   : "there is no command \"" + stray + '"');
    } catch (const CLI::ParseError& error) {
        return usage(error.what());
    }
    OrExit<Settings> settings = read_settings(root);
    if (settings.has_error()) return settings.error();
    Parsed parsed;
    parsed.settings = *settings;
    for (const auto& [command, app] : apps) {
        if (!app->parsed()) continue;
        parsed.command = command;
        parsed.arguments = read_arguments(*command, *app);
    }
    return parsed;
}

}  // namespace cabroker::cli
