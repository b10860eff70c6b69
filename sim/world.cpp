#include "sim/world.hpp"

#include <algorithm>

#include "runtime/log.hpp"
#include "sim/clock.hpp"
#include "sim/text.hpp"

namespace cabroker::sim {
namespace {

using domain::Error;
using domain::ErrorCode;

constexpr std::size_t kTokenLength = 32;

std::optional<Refusal> refusal_of(CsrFault fault) {
    switch (fault) {
        case CsrFault::none:
            return std::nullopt;
        case CsrFault::missing:
            return Refusal::csr_missing;
        case CsrFault::unreadable:
            return Refusal::csr_unreadable;
        case CsrFault::bad_signature:
            return Refusal::csr_bad_signature;
        case CsrFault::weak_key:
            return Refusal::csr_weak_key;
        case CsrFault::private_key:
            return Refusal::csr_private_key;
    }
    return Refusal::csr_unreadable;
}

std::optional<Refusal> check_form(const Order& order, const ReissueForm& form) {
    const CsrFacts csr = read_csr(form.csr);
    if (const auto refusal = refusal_of(csr.fault)) return refusal;
    if (lower(csr.common_name) != order.facts.common_name) return Refusal::csr_name_mismatch;
    if (form.method != "email" && form.method != "dns-txt-token" &&
        form.method != "dns-cname-token" && form.method != "http-token") {
        return Refusal::method_unknown;
    }
    const std::vector<std::string> names = order.names();
    const bool wildcard = std::any_of(
        names.begin(), names.end(), [](const std::string& name) { return name.starts_with("*."); });
    if (wildcard && form.method == "http-token") return Refusal::method_not_for_wildcard;
    return std::nullopt;
}

ValidationToken token_for(const std::string& name, const std::string& method,
                          const std::string& token, domain::Time until) {
    ValidationToken out;
    out.domain = name.starts_with("*.") ? name.substr(2) : name;
    out.until = until;
    if (method == "dns-txt-token") {
        out.where = out.domain;
        out.value = token;
    } else if (method == "dns-cname-token") {
        out.where = "_dnsauth." + out.domain;
        out.value = token + ".dcv.example";
    } else if (method == "http-token") {
        out.where = "http://" + out.domain + "/.well-known/pki-validation/fileauth.txt";
        out.value = token;
    } else {
        out.where = "admin@" + out.domain;
    }
    return out;
}

bool had_certificate(const std::string& status) {
    return status == "issued" || status == "reissue_pending" || status == "revoked" ||
           status == "expired";
}

}  // namespace

World::World(SimClock& clock, CertificateAuthority& ca, Post& post, runtime::Random& random,
             WorldSettings settings)
    : clock_(clock), ca_(ca), post_(post), random_(random), settings_(settings) {}

domain::Result<Order*> World::add(NewOrder facts) {
    if (by_id_.contains(facts.supplier_order_id)) {
        return Error(ErrorCode::order_exists,
                     "cannot add the order: its supplier order ID is taken");
    }
    auto order = std::make_unique<Order>();
    order->facts = std::move(facts);
    order->status = order->facts.status;
    const domain::Time now = clock_.now();
    if (had_certificate(order->status)) {
        const bool old = order->status == "expired";
        const domain::Time at = order->facts.issued_at.value_or(now - (old ? 220 : 20) * kDay);
        auto first = ca_.issue_first(order->facts.common_name, order->names(), at);
        if (!first) return first.error();
        keep(*order, std::move(*first));
    }
    if (order->status == "revoked") {
        order->revoked_at = now - 5 * kDay;
        order->revocation_reason = "Superseded by another order";
        order->certificates.back().revoked_at = order->revoked_at;
    }
    if (order->status == "reissue_pending") {
        // Its domain control is never proven by itself: it stays pending until confirmed or
        // canceled.
        Reissue reissue;
        reissue.requested_at = now - kDay;
        reissue.id = next_request_id();
        reissue.certificate_id = next_certificate_id_++;
        reissue.state = "pending";
        reissue.method = "dns-txt-token";
        reissue.reason = "Server moved";
        give_tokens(*order, reissue, reissue.requested_at);
        order->reissues.push_back(std::move(reissue));
    }
    Order* added = order.get();
    by_id_.emplace(added->facts.supplier_order_id, added);
    by_name_[added->facts.common_name].push_back(added);
    orders_.push_back(std::move(order));
    return added;
}

Order* World::find(std::string_view supplier_order_id) {
    settle();
    const auto found = by_id_.find(std::string(supplier_order_id));
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<Order*> World::find_name(std::string_view common_name) {
    settle();
    const auto found = by_name_.find(lower(common_name));
    if (found == by_name_.end()) return {};
    return found->second;
}

std::optional<Refusal> World::may_reissue(const Order& order) const {
    if (order.status == "reissue_pending") return Refusal::already_pending;
    if (order.status != "issued") return Refusal::not_reissuable;
    return std::nullopt;
}

std::optional<Refusal> World::check_reissue(const Order& order, const ReissueForm& form) const {
    const std::optional<Refusal> refusal = may_reissue(order);
    return refusal ? refusal : check_form(order, form);
}

std::optional<Refusal> World::submit_reissue(Order& order, const ReissueForm& form) {
    if (const std::optional<Refusal> refusal = check_reissue(order, form)) {
        ++order.books.refusals;
        return refusal;
    }
    Reissue reissue;
    reissue.id = form.id != 0 ? form.id : next_request_id();
    reissue.certificate_id = next_certificate_id_++;
    reissue.requested_at = clock_.now();
    reissue.state = "pending";
    reissue.method = form.method;
    reissue.reason = form.reason;
    reissue.csr = form.csr;
    give_tokens(order, reissue, reissue.requested_at);
    order.reissues.push_back(std::move(reissue));
    order.status = "reissue_pending";
    ++order.books.reissues;
    order.record("reissue", form.reason, form.via, clock_.now());
    notify(order, "Reissue requested", "A reissue of your certificate was requested.");
    if (!order.facts.dcv_manual.value_or(settings_.dcv_manual)) confirm_dcv(order);
    return std::nullopt;
}

bool World::confirm_dcv(Order& order) {
    Reissue* pending = order.pending_reissue();
    if (pending == nullptr) return false;
    if (!pending->confirmed) {
        pending->confirmed = true;
        due_.emplace(clock_.now() + settings_.issue_delay, &order);
    }
    return true;
}

void World::issue_pending(Order& order) {
    Reissue* pending = order.pending_reissue();
    if (pending == nullptr || !pending->confirmed) return;
    auto issued =
        pending->csr.empty()
            ? ca_.issue_first(order.facts.common_name, order.names(), clock_.now())
            : ca_.issue(pending->csr, order.facts.common_name, order.names(), clock_.now());
    if (!issued) {
        runtime::log(runtime::Level::error, "cannot issue a certificate",
                     {{"order", order.facts.supplier_order_id}, {"why", issued.error().detail}});
        return;
    }
    pending->state = "issued";
    pending->serial = issued->serial;
    pending->issued_at = clock_.now();
    issued->id = pending->certificate_id;
    keep(order, std::move(*issued));
    order.status = "issued";
    ++order.books.reissues_issued;
    notify(order, "Certificate issued", "Your certificate was reissued and can be downloaded.");
}

void World::settle() {
    const domain::Time now = clock_.now();
    while (!due_.empty() && due_.begin()->first <= now) {
        Order* order = due_.begin()->second;
        due_.erase(due_.begin());
        issue_pending(*order);
    }
    post_.deliver_due();
}

domain::Result<Certificate> World::reissue_by_support(Order& order, const std::string& csr) {
    const CsrFacts facts = read_csr(csr);
    if (facts.fault != CsrFault::none) {
        return Error(ErrorCode::invalid_body, "cannot reissue: the CSR is not acceptable");
    }
    auto issued = ca_.issue(csr, order.facts.common_name, order.names(), clock_.now());
    if (!issued) return issued;
    Reissue reissue;
    issued->id = next_certificate_id_++;
    reissue.id = next_request_id();
    reissue.certificate_id = issued->id;
    reissue.requested_at = clock_.now();
    reissue.issued_at = clock_.now();
    reissue.state = "issued";
    reissue.method = "email";
    reissue.reason = "support ticket";
    reissue.csr = csr;
    reissue.serial = issued->serial;
    order.reissues.push_back(std::move(reissue));
    keep(order, *issued);
    order.status = "issued";
    ++order.books.reissues;
    ++order.books.reissues_issued;
    order.record("reissue", "support ticket", "support", clock_.now());
    return issued;
}

void World::give_tokens(const Order& order, Reissue& reissue, domain::Time at) {
    reissue.random_value = random_letters(random_, kTokenLength);
    reissue.tokens.clear();
    for (const std::string& name : order.names()) {
        reissue.tokens.push_back(
            token_for(name, reissue.method, reissue.random_value, at + 30 * kDay));
    }
}

void World::keep(Order& order, Certificate certificate) {
    if (certificate.id == 0) certificate.id = next_certificate_id_++;
    by_certificate_[certificate.serial] = &order;
    by_certificate_[certificate.sha1] = &order;
    by_certificate_[std::to_string(certificate.id)] = &order;
    order.certificates.push_back(std::move(certificate));
}

Order* World::find_by_certificate(std::string_view key) {
    settle();
    const auto found = by_certificate_.find(upper(key));
    return found == by_certificate_.end() ? nullptr : found->second;
}

std::optional<ChainPem> World::chain_of(const Order& order) const {
    if (order.certificates.empty()) return std::nullopt;
    return ChainPem{order.certificates.back().pem, ca_.intermediate_pem(), ca_.root_pem()};
}

void World::notify(const Order& order, const std::string& subject, const std::string& text) {
    NewMail mail;
    mail.kind = "notice";
    mail.to = order.facts.admin_email;
    mail.subject = subject + ": order " + order.facts.supplier_order_id;
    mail.order_id = order.facts.supplier_order_id;
    mail.body = text + "\n\nOrder ID: " + order.facts.supplier_order_id +
                "\nCommon name: " + order.facts.common_name + "\n";
    if (!mail.to.empty()) post_.send(std::move(mail));
}

}  // namespace cabroker::sim
