// What a program writes on stderr, on its way to the log: whole lines, bounded in length and
// number, without the secrets that the program was given.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::adapters::program {

/// Every occurrence of a secret becomes `[secret]`. Secrets of fewer than four octets are left:
/// they are everywhere.
void redact(std::string& text, const std::vector<std::string>& secrets);

class Said {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;
    explicit Said(SteadyTime now) : since_(now) {}

    /// The lines that `octets` complete and that may be logged: at most 512 octets each, a burst of
    /// 50, then 5 a second. A line that says how many were left out comes before the next one.
    [[nodiscard]] std::vector<std::string> take(std::string_view octets,
                                                const std::vector<std::string>& secrets,
                                                SteadyTime now);

  private:
    void finish_line(const std::vector<std::string>& secrets, std::vector<std::string>& lines);

    std::string line_;
    double allowed_ = 50;
    SteadyTime since_;
    std::size_t dropped_ = 0;
};

}  // namespace cabroker::adapters::program
