#include "adapters/human/steps.hpp"

#include "runtime/log.hpp"

namespace cabroker::adapters::human {

namespace {

/// What to search for, best first: panels know their own number, then the supplier's, then the
/// name.
std::string search_words(const domain::Order& order) {
    std::string words;
    const auto add = [&](const char* label, const std::optional<std::string>& value) {
        if (!value || value->empty()) return;
        if (!words.empty()) words += ", ";
        words += label + runtime::printable(*value);
    };
    add("order ID ", order.platform_order_id);
    add("supplier order ID ", order.supplier_order_id);
    add("common name ", order.common_name);
    return words;
}

std::string reason_words(const std::string& reason) {
    return reason.empty() ? std::string() : " Reason given: " + runtime::printable(reason);
}

std::vector<std::string> cancel_steps(const domain::Order& order,
                                      const domain::CancelParams& cancel) {
    std::vector<std::string> steps;
    steps.emplace_back("Sign in to the Reseller Control Panel.");
    steps.push_back("Navigate to the trust order: " + search_words(order) + ".");
    steps.emplace_back(
        "Check that it is not completed: a completed order is revoked, not canceled.");
    steps.push_back("Click Cancel at the bottom right of the page." + reason_words(cancel.reason));
    steps.emplace_back("Read the order's page again: it must show the order as cancelled.");
    return steps;
}

std::vector<std::string> transfer_steps(const domain::Order& order,
                                        const domain::TransferParams& transfer) {
    const bool phrase = transfer.verification == domain::TransferVerification::challenge_phrase;
    std::vector<std::string> steps;
    steps.push_back("Sign in to the Trust Center as " +
                    runtime::printable(transfer.target_account) + ".");
    steps.push_back("Under Certificate Services click Search for certificates and search for: " +
                    search_words(order) + ".");
    steps.emplace_back("Click the certificate's name; under Available Actions click Transfer.");
    steps.emplace_back(phrase ? "Enter the challenge phrase of the enrollment; it cannot be reset."
                              : "Enter the user name and password of the previous certificate.");
    steps.emplace_back("Click Transfer and check that the account now shows the certificate.");
    return steps;
}

}  // namespace

std::vector<std::string> steps_for(const domain::Order& order, const domain::Params& params) {
    if (const auto* cancel = std::get_if<domain::CancelParams>(&params)) {
        return cancel_steps(order, *cancel);
    }
    if (const auto* transfer = std::get_if<domain::TransferParams>(&params)) {
        return transfer_steps(order, *transfer);
    }
    return {};
}

}  // namespace cabroker::adapters::human
