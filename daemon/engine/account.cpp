// Which session and which account of a portal a request is worked on with.
#include "daemon/engine/engine.hpp"

namespace cabroker::engine {

namespace {

const config::GuestPortalSettings* account_portal(const config::Settings& settings,
                                                  const std::string& adapter) {
    const auto found = settings.adapters.find(adapter);
    if (found == settings.adapters.end()) return nullptr;
    const auto* portal = std::get_if<config::GuestPortalSettings>(&found->second.details);
    if (portal == nullptr || portal->profile.binds != config::Binding::account) return nullptr;
    return portal;
}

}  // namespace

std::optional<std::string> Engine::session_key_of(const domain::Order& order,
                                                  const std::string& adapter) const {
    const protocol::Capabilities* capabilities = capabilities_of(adapter);
    if (capabilities == nullptr) return std::nullopt;
    switch (capabilities->sessions) {
        case protocol::SessionBinding::none:
            return std::nullopt;
        case protocol::SessionBinding::account: {
            const auto settings = services_.settings();
            const auto* portal = account_portal(*settings, adapter);
            if (portal == nullptr) {
                return adapter + "/account/" + order.account.value_or("default");
            }
            const auto* account = config::account_for(portal->accounts, order.account);
            if (account == nullptr) return std::nullopt;
            return adapter + "/account/" + account->first;
        }
        case protocol::SessionBinding::order_and_contact:
            return adapter + "/" + order.id.text() + "/" +
                   domain::login_contact(order).value_or("");
    }
    return std::nullopt;
}

domain::Result<void> Engine::give_account(protocol::StepContext& context) const {
    const auto settings = services_.settings();
    const auto* portal = account_portal(*settings, context.adapter);
    if (portal == nullptr) return {};
    const auto* chosen = config::account_for(portal->accounts, context.order.account);
    // Which account is missing or unclear is the adapter's to say.
    if (chosen == nullptr || !chosen->second.password) return {};
    domain::Result<domain::Secret> password = chosen->second.password->read();
    if (!password) {
        return domain::Error(password.error().code, "cannot read the password of account " +
                                                        chosen->first + ": " +
                                                        password.error().detail);
    }
    protocol::Account account;
    account.name = chosen->first;
    account.user = chosen->second.user;
    account.password = std::move(*password);
    context.account = std::move(account);
    return {};
}

}  // namespace cabroker::engine
