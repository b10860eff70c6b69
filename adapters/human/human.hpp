// The adapter of type human: tells an operator exactly what to do by hand and takes the operator's
// word as the proof. Sends nothing anywhere.
#pragma once

#include <memory>
#include <string>

#include "adapters/adapter.hpp"
#include "config/adapter_settings.hpp"

namespace cabroker::adapters::human {

[[nodiscard]] std::unique_ptr<Adapter> make_human(std::string name, config::HumanSettings settings);

}  // namespace cabroker::adapters::human
