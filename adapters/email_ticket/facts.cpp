#include "adapters/email_ticket/facts.hpp"

#include <algorithm>

#include "pki/csr.hpp"
#include "transport/mail_text.hpp"

namespace cabroker::adapters::email_ticket {

namespace {

constexpr std::size_t kLongestName = 100;

void put(Facts& facts, const char* name, const std::optional<std::string>& value) {
    if (value && !value->empty()) facts.insert_or_assign(name, *value);
}

struct AddParams {
    Facts& facts;

    void operator()(const domain::StatusParams&) const {}
    void operator()(const domain::ReissueParams& params) const {
        // What is sent is the request alone, written anew: nothing glued to it goes along.
        const pki::CsrReport report = pki::inspect_csr(params.csr);
        put(facts, "csr", report.pem.empty() ? params.csr : report.pem);
        put(facts, "reason", params.reason);
        if (params.validation_method) {
            put(facts, "validation_method",
                std::string(domain::name_of(*params.validation_method)));
        }
    }
    void operator()(const domain::RevokeParams& params) const {
        put(facts, "reason", params.reason);
        put(facts, "serial", params.serial);
        if (params.reason_code) {
            put(facts, "reason_code", std::string(domain::name_of(*params.reason_code)));
        }
    }
    void operator()(const domain::CancelParams& params) const {
        put(facts, "reason", params.reason);
    }
    void operator()(const domain::DownloadParams&) const {}
    void operator()(const domain::TransferParams& params) const {
        put(facts, "target_account", params.target_account);
    }
};

protocol::Rejected rejected(std::string code, std::string detail, std::string hint) {
    protocol::Rejected answer;
    answer.code = std::move(code);
    answer.detail = std::move(detail);
    answer.hint = std::move(hint);
    return answer;
}

/// Facts are of one line; a reason may have several, but no control characters.
bool is_clean(const std::string& name, const std::string& value) {
    if (name == "csr") return true;
    if (name != "reason") return transport::is_header_text(value);
    return std::none_of(value.begin(), value.end(), [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return (octet < 0x20 && c != '\n' && c != '\r' && c != '\t') || octet == 0x7F;
    });
}

}  // namespace

Facts facts_of(const protocol::StepContext& context) {
    const domain::Order& order = context.order;
    Facts facts;
    put(facts, "common_name", order.common_name);
    put(facts, "supplier_order_id", order.supplier_order_id);
    put(facts, "platform_order_id", order.platform_order_id);
    put(facts, "product", order.product);
    facts["brand"] = std::string(domain::name_of(order.brand));
    facts["reference"] = context.request.text();
    facts["subject_tag"] = "[" + context.request.text() + "]";
    std::visit(AddParams{facts}, context.params);
    return facts;
}

std::optional<protocol::Rejected> refusal(const Facts& facts,
                                          const std::vector<std::string>& needed) {
    std::string missing;
    for (const std::string& name : needed) {
        if (facts.contains(name)) continue;
        if (!missing.empty()) missing += ", ";
        missing += name;
    }
    if (!missing.empty()) {
        return rejected("missing_facts", "support needs facts that are not known: " + missing,
                        "complete the order in the inventory (or the request) and retry");
    }
    for (const auto& [name, value] : facts) {
        if (pki::holds_private_key(value)) {
            return rejected("private_key_pasted", name + " holds a private key",
                            "treat this key as lost: make a new key and a new CSR");
        }
        if (!is_clean(name, value)) {
            return rejected("bad_facts", name + " holds characters that no mail may carry",
                            "correct the order in the inventory (or the request) and retry");
        }
    }
    const auto csr = facts.find("csr");
    if (csr != facts.end() && pki::inspect_csr(csr->second).pem.empty()) {
        return rejected("csr_unparsable", "the CSR cannot be read", "send a new CSR");
    }
    return std::nullopt;
}

std::string attachment_name(const Facts& facts) {
    const auto found = facts.find("common_name");
    std::string name;
    for (const char c : found == facts.end() ? std::string("request") : found->second) {
        if (name.size() >= kLongestName) break;
        if (c == '*') {
            name += "wildcard";
        } else if (c >= 'A' && c <= 'Z') {
            name += static_cast<char>(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-') {
            name += c;
        } else {
            name += '_';
        }
    }
    return name + ".csr";
}

}  // namespace cabroker::adapters::email_ticket
