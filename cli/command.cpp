#include "cli/command.hpp"

#include <iterator>

namespace cabroker::cli {
namespace {

void append(std::vector<Command>& to, std::vector<Command> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

const std::vector<Command>& commands() {
    static const std::vector<Command> all = [] {
        std::vector<Command> list;
        append(list, kind_commands());
        append(list, request_commands());
        append(list, action_commands());
        append(list, order_commands());
        append(list, adapter_commands());
        append(list, event_commands());
        append(list, tool_commands());
        append(list, doctor_commands());
        return list;
    }();
    return all;
}

const std::vector<std::pair<std::string, std::string>>& command_groups() {
    static const std::vector<std::pair<std::string, std::string>> groups{
        {"request", "Look at requests and act on them"},
        {"order", "The inventory of certificate orders"},
        {"adapter", "The ways to the CAs: state, pause, resume"},
        {"route", "Which adapter serves what, and why"},
        {"csr", "Certificate signing requests"},
        {"batch", "Many requests at once (daemons to come)"},
        {"inbox", "Mail that belongs to no request yet (daemons to come)"},
        {"config", "The daemon's configuration"},
    };
    return groups;
}

const std::vector<Option>& global_options() {
    static const std::vector<Option> options{
        {"-s,--socket", "PATH", "The daemon's socket (also CABROKER_SOCKET)"},
        {"-o,--output", "FORMAT", "table, wide, json, jsonl, yaml, csv or name"},
        {"--color", "WHEN", "auto, always or never (NO_COLOR is honoured)"},
        {"-q,--quiet", "", "No notes and no progress on stderr"},
        {"-v,--verbose", "", "Show requests to the daemon on stderr"},
        {"--idempotency-key", "KEY", "Key of the POST, instead of a random one"},
    };
    return options;
}

std::vector<Option> with_wait_options(std::vector<Option> options) {
    options.push_back({"--wait", "[=DUR]", "Wait until it ends; --wait=10m: so long at most"});
    options.push_back({"--reconnect", "DUR",
                       "While waiting: how long to look for a daemon that went away (60s)"});
    return options;
}

}  // namespace cabroker::cli
