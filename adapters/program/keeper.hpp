// The keeper: a small process between the outside and somebody else's program. It starts the
// program in a process group of its own with little to inherit, and when the outside lets go of it,
// or the program ends, it ends everything the program has started.
#pragma once

namespace cabroker::adapters::program {

/// The word that makes cabroker-adapters a keeper: `--keep MEMORY_MIB PATH ARG...`. Descriptors 0,
/// 1 and 2 become the program's; 3 is read by the keeper, and its end is the end of the program.
inline constexpr const char* kKeepFlag = "--keep";
inline constexpr int kLifeDescriptor = 3;
/// A keeper's exit status: its program could not be started; or, with the signal added, was killed.
inline constexpr int kNotStarted = 127;
inline constexpr int kKilled = 128;

/// Runs as the keeper and never returns. `arguments` are those behind the flag, null at the end.
/// Exits as the program did, or with kKilled + signal, or with kNotStarted.
[[noreturn]] void keep(char** arguments);

}  // namespace cabroker::adapters::program
