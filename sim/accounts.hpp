// Who may sign in to the portals with accounts, by password or API key, and what they may do. Knows
// no pages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::sim {

enum class Role { admin, orders, view };

struct Login {
    std::string name;
    /// Whose orders it sees.
    std::string account;
    std::string password;
    std::string api_key;
    Role role = Role::admin;
    // For the books.
    std::uint64_t sign_ins = 0;
    std::uint64_t wrong_passwords = 0;
    std::uint64_t api_calls = 0;
};

/// One thread. Logins stay where they are in memory, and are never taken away.
class Accounts {
  public:
    /// With the built-in logins (sim/README.md).
    Accounts();
    /// Adds a login, or changes that of the same name.
    void put(Login login);
    [[nodiscard]] Login* find(std::string_view name) const;
    /// By API key; nullptr for an empty or unknown one.
    [[nodiscard]] Login* find_key(std::string_view key) const;
    [[nodiscard]] const std::vector<std::unique_ptr<Login>>& all() const { return logins_; }

  private:
    std::vector<std::unique_ptr<Login>> logins_;
};

[[nodiscard]] std::string_view word(Role role);
[[nodiscard]] std::optional<Role> role_of(std::string_view word);

}  // namespace cabroker::sim
