// Ctrl-C as a fact that loops ask for, so that a wait can detach in good order instead of dying.
#pragma once

#include "domain/time.hpp"

namespace cabroker::cli {

/// Catches SIGINT from now on. Call once, at start.
void catch_interrupts();
[[nodiscard]] bool interrupted();
/// Becomes readable with the first Ctrl-C and stays so; -1 before catch_interrupts().
[[nodiscard]] int interrupt_fd();
/// Sleeps, or less when interrupted; false then.
bool pause_for(domain::Duration time);

}  // namespace cabroker::cli
