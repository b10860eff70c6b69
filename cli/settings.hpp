// What the flags before and after a command say for every command, and the numbers a program ends
// with.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "domain/time.hpp"

namespace cabroker::cli {

enum class Output { table, wide, json, jsonl, yaml, csv, name };
enum class ColorChoice { automatic, always, never };

struct Settings {
    std::string socket = "/run/cabroker/cabroker.sock";
    Output output = Output::table;
    ColorChoice color = ColorChoice::automatic;
    bool quiet = false;
    bool verbose = false;
    /// Used for the first POST instead of a random one.
    std::string idempotency_key;
    /// How long a wait or a stream tries again when the daemon went away.
    domain::Duration reconnect{60'000};
};

/// The exit codes of the contract.
enum class Exit : int {
    ok = 0,
    other = 1,
    usage = 2,
    ended_badly = 3,
    not_allowed = 4,
    still_running = 5,
    needs_person = 6,
    not_found = 7,
    conflict = 8,
    invalid = 9,
    unreachable = 10,
    interrupted = 130,
};

/// A value, or the code to end with after the reason was shown.
template <class T>
using OrExit = boost::system::result<T, Exit>;

/// What an HTTP status means for the caller; `retryable` is the problem's own word.
[[nodiscard]] Exit exit_for_status(long status, bool retryable);
/// succeeded and everything not settled: ok; the other four final states: ended_badly.
[[nodiscard]] Exit exit_for_state(std::string_view state);
[[nodiscard]] bool is_final(std::string_view state);

}  // namespace cabroker::cli
