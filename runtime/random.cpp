#include "runtime/random.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "runtime/clock.hpp"

namespace cabroker::runtime {

domain::Time SystemClock::now() const {
    return std::chrono::floor<domain::Duration>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point SystemClock::steady() const {
    return std::chrono::steady_clock::now();
}

std::array<std::uint8_t, 10> Random::ten_octets() {
    std::array<std::uint8_t, 10> out{};
    fill(out);
    return out;
}

double Random::fraction() {
    std::array<std::uint8_t, 8> octets{};
    fill(octets);
    std::uint64_t bits = 0;
    for (const std::uint8_t octet : octets) bits = (bits << 8U) | octet;
    return static_cast<double>(bits >> 11U) * 0x1.0p-53;
}

std::string Random::hex(std::size_t octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < octets; ++i) {
        std::array<std::uint8_t, 1> one{};
        fill(one);
        out += kDigits[one[0] >> 4U];
        out += kDigits[one[0] & 15U];
    }
    return out;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
        throw std::runtime_error("cannot get random octets from OpenSSL");
    }
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(engine_());
}

std::array<std::uint8_t, 10> IdMaker::next(domain::Time& at) {
    const std::lock_guard lock(mutex_);
    if (at > last_at_) {
        last_at_ = at;
        random_.fill(last_);
        last_[0] &= 0x7F;  // room to count up
        return last_;
    }
    at = last_at_;
    for (std::size_t i = last_.size(); i-- > 0;) {
        if (++last_[i] != 0) break;
    }
    return last_;
}

}  // namespace cabroker::runtime
