#include "adapters/program/said.hpp"

#include <algorithm>

namespace cabroker::adapters::program {
namespace {

constexpr std::size_t kLeastSecret = 4;
/// Longer than what is shown, so that a secret across the cut is still known as one.
constexpr std::size_t kLongestLine = 8192;
constexpr std::size_t kShown = 512;
constexpr double kBurst = 50;
constexpr double kEachSecond = 5;

}  // namespace

void redact(std::string& text, const std::vector<std::string>& secrets) {
    for (const std::string& secret : secrets) {
        if (secret.size() < kLeastSecret) continue;
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
            text.replace(at, secret.size(), "[secret]");
            at += 8;
        }
    }
}

void Said::finish_line(const std::vector<std::string>& secrets, std::vector<std::string>& lines) {
    std::string line = std::move(line_);
    line_.clear();
    if (line.empty()) return;
    if (allowed_ < 1) {
        ++dropped_;
        return;
    }
    allowed_ -= 1;
    if (dropped_ > 0) lines.push_back("(" + std::to_string(dropped_) + " lines were left out)");
    dropped_ = 0;
    redact(line, secrets);
    if (line.size() > kShown) {
        line.resize(kShown);
        line += " (cut)";
    }
    lines.push_back(std::move(line));
}

std::vector<std::string> Said::take(std::string_view octets,
                                    const std::vector<std::string>& secrets, SteadyTime now) {
    const std::chrono::duration<double> passed = now - since_;
    since_ = now;
    allowed_ = std::min(kBurst, allowed_ + passed.count() * kEachSecond);
    std::vector<std::string> lines;
    for (const char octet : octets) {
        if (octet == '\n') {
            finish_line(secrets, lines);
        } else if (line_.size() < kLongestLine) {
            line_ += octet;
        }
    }
    return lines;
}

}  // namespace cabroker::adapters::program
