// A value that must not be seen: not printable, not copied by accident, wiped on destruction.
#pragma once

#include <string>
#include <string_view>

namespace cabroker::domain {

/// Move-only holder of secret octets. Reading them needs a visible `reveal()`.
class Secret {
  public:
    Secret() = default;
    /// Takes the octets over and wipes the string it was given.
    explicit Secret(std::string&& value);
    explicit Secret(std::string_view value) : value_(value) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    /// The octets; valid as long as this object lives and is not moved from.
    [[nodiscard]] std::string_view reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    /// A second copy, where one is really meant.
    [[nodiscard]] Secret clone() const { return Secret(std::string_view(value_)); }

  private:
    void wipe() noexcept;
    std::string value_;
};

/// Overwrites the whole buffer of a string (capacity included) in a way the compiler keeps, then
/// empties it.
void wipe(std::string& text) noexcept;

}  // namespace cabroker::domain
