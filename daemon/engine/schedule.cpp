#include "daemon/engine/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace cabroker::engine {
namespace {

// Beyond this the power is far over any maximum and would only overflow.
constexpr int kMostSteps = 60;

double grown(const Pace& pace, double factor, int attempt) {
    const int steps = std::clamp(attempt - 1, 0, kMostSteps);
    const double delay = static_cast<double>(pace.first.count()) * std::pow(factor, steps);
    return std::min(delay, static_cast<double>(pace.max.count()));
}

domain::Duration rounded(double milliseconds) {
    return domain::Duration(std::max<std::int64_t>(1, std::llround(milliseconds)));
}

}  // namespace

domain::Duration backoff_delay(const Pace& pace, int attempt, double fraction) {
    const double cap = grown(pace, 2.0, attempt);
    return rounded(cap * (0.1 + 0.9 * fraction));
}

domain::Duration poll_delay(const Pace& pace, int attempt, double fraction) {
    return rounded(grown(pace, 1.5, attempt) * (0.9 + 0.2 * fraction));
}

}  // namespace cabroker::engine
