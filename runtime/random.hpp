// Randomness as a service that tests replace with a seeded one.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <random>
#include <span>
#include <string>

#include "domain/ids.hpp"

namespace cabroker::runtime {

class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;

    [[nodiscard]] std::array<std::uint8_t, 10> ten_octets();
    /// Uniform in [0, 1); for jitter.
    [[nodiscard]] double fraction();
    /// Lower-case hex of `octets` random octets.
    [[nodiscard]] std::string hex(std::size_t octets);
};

/// From the kernel, through OpenSSL. Any thread.
class SystemRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> out) override;
};

/// The same sequence for the same seed. Never for secrets. One thread.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

  private:
    std::mt19937_64 engine_;
};

/// Makes ids that sort by creation even within one millisecond. Any thread.
class IdMaker {
  public:
    explicit IdMaker(Random& random) : random_(random) {}
    template <class Id>
    [[nodiscard]] Id make(domain::Time at) {
        domain::Time when = at;
        const std::array<std::uint8_t, 10> tail = next(when);
        return Id(when, tail);
    }

  private:
    /// The ULID specification's monotonic form: same millisecond (or clock gone back) -> last tail
    /// plus one.
    std::array<std::uint8_t, 10> next(domain::Time& at);
    Random& random_;
    std::mutex mutex_;
    domain::Time last_at_{};
    std::array<std::uint8_t, 10> last_{};
};

}  // namespace cabroker::runtime
