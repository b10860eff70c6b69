#include "domain/time.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace cabroker::domain {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || number < 0 || text.front() == '-') return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    for (const auto& [name, milliseconds] : kUnits) {
        if (unit != name) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / milliseconds) return std::nullopt;
        return Duration(number * milliseconds);
    }
    return std::nullopt;
}

std::string duration_text(Duration duration) {
    const std::int64_t count = duration.count();
    for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
        if (count != 0 && count % unit->second == 0) {
            return std::to_string(count / unit->second).append(unit->first);
        }
    }
    return std::to_string(count) + "ms";
}

}  // namespace cabroker::domain
