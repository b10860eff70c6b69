#include "policy/facts.hpp"

#include <algorithm>

#include "policy/decide.hpp"

namespace cabroker::policy {
namespace {

using config::EmailTicketSettings;
using config::GuestPortalSettings;
using config::HumanSettings;
using config::PortalProfile;

bool given(const std::optional<std::string>& fact) { return fact && !fact->empty(); }

// The fact of a mail template's `needs`; names nobody knows count as missing, so that no mail goes
// out without.
bool has_fact(const std::string& name, const domain::Order& order, const domain::Params& params) {
    if (name == "common_name") return given(order.common_name);
    if (name == "supplier_order_id") return given(order.supplier_order_id);
    if (name == "platform_order_id") return given(order.platform_order_id);
    if (name == "product") return given(order.product);
    if (name == "admin_email") return given(order.admin_email);
    const auto* reissue = std::get_if<domain::ReissueParams>(&params);
    const auto* revoke = std::get_if<domain::RevokeParams>(&params);
    const auto* cancel = std::get_if<domain::CancelParams>(&params);
    if (name == "serial") return revoke != nullptr && given(revoke->serial);
    if (name == "reason") {
        if (reissue != nullptr) return !reissue->reason.empty();
        if (revoke != nullptr) return !revoke->reason.empty();
        return cancel != nullptr && !cancel->reason.empty();
    }
    return false;
}

std::vector<std::string> missing_for_portal(const GuestPortalSettings& portal,
                                            const domain::Order& order) {
    std::vector<std::string> missing;
    const bool has_contact = given(domain::login_contact(order));
    if (portal.profile.binds == config::Binding::order_and_contact && !has_contact)
        missing.emplace_back("login_email or admin_email");
    if (portal.profile.binds == config::Binding::account &&
        config::account_for(portal.accounts, order.account) == nullptr)
        missing.emplace_back("account");
    const auto& identifiers = portal.profile.order_identifiers;
    const bool identified =
        std::any_of(identifiers.begin(), identifiers.end(), [&](auto identifier) {
            return identifier == PortalProfile::OrderIdentifier::supplier_order_id
                       ? given(order.supplier_order_id)
                       : given(order.common_name);
        });
    if (!identified) missing.emplace_back("supplier_order_id or common_name");
    return missing;
}

std::vector<std::string> missing_for_ticket(const EmailTicketSettings& ticket,
                                            const domain::Order& order,
                                            const domain::Params& params) {
    std::vector<std::string> missing;
    const auto mail = ticket.templates.find(domain::kind_of(params));
    if (mail == ticket.templates.end()) return missing;
    for (const std::string& name : mail->second.needs) {
        if (name != "csr" && !has_fact(name, order, params)) missing.push_back(name);
    }
    return missing;
}

}  // namespace

std::optional<domain::Outcome> refused_by_channel(const config::AdapterSettings& adapter,
                                                  const domain::Order& order,
                                                  const domain::Params& params) {
    const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details);
    if (portal == nullptr) return std::nullopt;
    const auto* cancel = std::get_if<domain::CancelParams>(&params);
    if (cancel != nullptr && order.status != domain::OrderStatus::reissue_pending)
        return outcome("not_supported_by_channel", "the portal cancels pending reissues only",
                       control_panel_steps(order));
    const auto* revoke = std::get_if<domain::RevokeParams>(&params);
    const auto offers = [&](config::PortalOperation operation) {
        return portal->profile.operation(operation) != nullptr;
    };
    if (revoke != nullptr && revoke->scope == domain::RevokeScope::order &&
        !offers(config::PortalOperation::revoke) &&
        offers(config::PortalOperation::revoke_certificate))
        return outcome("not_supported_by_channel",
                       "the portal revokes single certificates only, never a whole order",
                       "Use scope \"certificate\" with the serial number.");
    if (revoke != nullptr && revoke->scope == domain::RevokeScope::certificate &&
        !offers(config::PortalOperation::revoke_certificate))
        return outcome("not_supported_by_channel",
                       "the portal revokes whole orders only, never one certificate",
                       "Use scope \"order\" if every certificate of the order may end; else ask "
                       "the platform's support.");
    const auto* reissue = std::get_if<domain::ReissueParams>(&params);
    const auto& methods = portal->profile.words.validation_methods;
    if (reissue != nullptr && reissue->validation_method && !methods.empty() &&
        !methods.contains(*reissue->validation_method)) {
        std::string offered;
        for (const auto& [method, word] : methods)
            offered += (offered.empty() ? "" : ", ") + std::string(domain::name_of(method));
        return outcome("validation_method_not_offered",
                       "the portal does not offer " +
                           std::string(domain::name_of(*reissue->validation_method)),
                       "Use one of: " + offered + ".");
    }
    return std::nullopt;
}

std::optional<domain::Outcome> refused_for_facts(const config::AdapterSettings& adapter,
                                                 const domain::Order& order,
                                                 const domain::Params& params) {
    std::vector<std::string> missing;
    if (const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details))
        missing = missing_for_portal(*portal, order);
    if (const auto* ticket = std::get_if<EmailTicketSettings>(&adapter.details))
        missing = missing_for_ticket(*ticket, order, params);
    if (missing.empty()) return std::nullopt;
    std::string list;
    for (const std::string& name : missing) list += (list.empty() ? "" : ", ") + name;
    return outcome("missing_facts", "adapter " + adapter.name + " needs what is not known: " + list,
                   "Add it to the order, or give it with the request, and send the request again.");
}

std::vector<std::string> expected_inputs(const config::AdapterSettings& adapter,
                                         const domain::Params& params) {
    std::vector<std::string> names;
    // Only previews come without a CSR; a real request is not taken without one.
    const auto* reissue = std::get_if<domain::ReissueParams>(&params);
    if (reissue != nullptr && reissue->csr.empty()) names.emplace_back("csr");
    const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details);
    if (portal != nullptr && portal->profile.binds == config::Binding::order_and_contact)
        names.emplace_back("access_code");
    // A person has secrets of their own: only the word that it is done comes back.
    if (std::holds_alternative<HumanSettings>(adapter.details))
        names.emplace_back("channel_confirmation");
    return names;
}

}  // namespace cabroker::policy
