// What a person is told to do, step by step, with this order's own numbers to paste.
#pragma once

#include <string>
#include <vector>

#include "domain/order.hpp"
#include "domain/request.hpp"

namespace cabroker::adapters::human {

/// For cancel: in the Reseller Control Panel. For transfer: in the Trust Center. Empty for others.
[[nodiscard]] std::vector<std::string> steps_for(const domain::Order& order,
                                                 const domain::Params& params);

}  // namespace cabroker::adapters::human
