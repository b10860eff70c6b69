#include "sim/accounts.hpp"

#include <algorithm>

namespace cabroker::sim {
namespace {

Login built_in(const char* name, const char* account, const char* password, const char* key,
               Role role) {
    Login login;
    login.name = name;
    login.account = account;
    login.password = password;
    login.api_key = key;
    login.role = role;
    return login;
}

}  // namespace

Accounts::Accounts() {
    put(built_in("hauptkonto", "main", "Haupt-Kennwort-1", "SIMKEY-MAIN-ADMIN-5DQ2", Role::admin));
    put(built_in("sachbearbeitung", "main", "Sach-Kennwort-2", "SIMKEY-MAIN-ORDERS-8KX4",
                 Role::orders));
    put(built_in("leserecht", "main", "Lese-Kennwort-3", "SIMKEY-MAIN-VIEW-3VR7", Role::view));
    put(built_in("nebenkonto", "second", "Neben-Kennwort-4", "SIMKEY-SECOND-ADMIN-6JT1",
                 Role::admin));
}

void Accounts::put(Login login) {
    if (Login* known = find(login.name)) {
        *known = std::move(login);
    } else {
        logins_.push_back(std::make_unique<Login>(std::move(login)));
    }
}

Login* Accounts::find(std::string_view name) const {
    const auto found = std::find_if(logins_.begin(), logins_.end(),
                                    [&](const auto& login) { return login->name == name; });
    return found == logins_.end() ? nullptr : found->get();
}

Login* Accounts::find_key(std::string_view key) const {
    if (key.empty()) return nullptr;
    const auto found = std::find_if(logins_.begin(), logins_.end(),
                                    [&](const auto& login) { return login->api_key == key; });
    return found == logins_.end() ? nullptr : found->get();
}

std::string_view word(Role role) {
    switch (role) {
        case Role::admin:
            return "admin";
        case Role::orders:
            return "orders";
        case Role::view:
            return "view";
    }
    return "view";
}

std::optional<Role> role_of(std::string_view text) {
    for (const Role role : {Role::admin, Role::orders, Role::view}) {
        if (word(role) == text) return role;
    }
    return std::nullopt;
}

}  // namespace cabroker::sim
