// The adapter of type program: hands steps to somebody else's program over its stdin and stdout,
// and believes nothing of what it says but its form.
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "config/adapter_settings.hpp"

namespace cabroker::adapters::program {

/// The program runs from start() until the adapter is destroyed.
[[nodiscard]] std::unique_ptr<Adapter> make_program(std::string name,
                                                    config::ProgramSettings settings);

}  // namespace cabroker::adapters::program
