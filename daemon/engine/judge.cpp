#include "daemon/engine/judge.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "config/portal_profile.hpp"
#include "pki/certificate.hpp"
#include "pki/csr.hpp"
#include "pki/name_match.hpp"

namespace cabroker::engine {
namespace {

Judged doubted(std::string reason, std::string detail) {
    Judged judged;
    judged.judgement.reason = std::move(reason);
    judged.judgement.detail = std::move(detail);
    return judged;
}

Judged doubted(const domain::Error& error) {
    const auto reason = error.facts.find("reason");
    return doubted(reason == error.facts.end() ? "certificate_unreadable" : reason->second,
                   error.detail);
}

Judged believed() {
    Judged judged;
    judged.judgement.believed = true;
    return judged;
}

std::vector<domain::Format> wanted_formats(const domain::Params& params) {
    const auto* reissue = std::get_if<domain::ReissueParams>(&params);
    const auto* download = std::get_if<domain::DownloadParams>(&params);
    std::vector<domain::Format> formats;
    if (reissue != nullptr) formats = reissue->formats;
    if (download != nullptr) formats = download->formats;
    if (formats.empty()) formats.push_back(domain::Format::pem_all);
    return formats;
}

/// Names that nobody asked for: a certificate for them is somebody else's affair as well.
std::string unasked_names(const pki::Certificate& leaf, const domain::ReissueParams& reissue) {
    const pki::CsrFacts csr = pki::facts_of(pki::inspect_csr(reissue.csr));
    std::set<std::string, std::less<>> asked;
    for (const std::string& name : csr.dns_names) asked.insert(pki::plain_name(name));
    if (csr.common_name) asked.insert(pki::plain_name(*csr.common_name));
    std::string names;
    std::size_t more = 0;
    for (const std::string& name : leaf.facts().dns_names) {
        const std::string plain = pki::plain_name(name);
        if (asked.contains(plain) || asked.contains("*." + plain)) continue;
        constexpr std::size_t kMostNamed = 5;
        if (++more <= kMostNamed) names += (names.empty() ? "" : ", ") + name;
    }
    if (more == 0) return {};
    return "it also holds names that the CSR did not: " + names + (more > 5 ? ", ..." : "");
}

Judged judge_certificates(const JudgeTask& task, const pki::TrustRoots& roots) {
    std::optional<std::string> expected_key;
    if (const auto* reissue = std::get_if<domain::ReissueParams>(&task.params)) {
        expected_key = pki::csr_key_sha256(reissue->csr);
        if (!expected_key) return doubted("csr_unparsable", "the stored CSR cannot be read");
    }
    std::vector<pki::Certificate> certificates;
    for (const std::string& der : task.certificates) {
        const auto certificate = pki::Certificate::from_der(der);
        if (!certificate) return doubted(certificate.error());
        certificates.push_back(*certificate);
    }
    const auto leaf = pki::leaf_of(certificates, expected_key.value_or(""));
    if (!leaf) {
        const bool some = std::any_of(certificates.begin(), certificates.end(),
                                      [](const auto& one) { return !one.is_ca(); });
        if (expected_key && some)
            return doubted("key_mismatch",
                           "the certificate shown has another key than the CSR: somebody may have "
                           "reissued the order too; compare at the supplier, then resolve it");
        return doubted(leaf.error());
    }
    std::vector<std::string> names;
    if (task.common_name) names.push_back(*task.common_name);
    const auto fits = pki::judge_certificate(*leaf, expected_key, names, task.now);
    if (!fits) return doubted(fits.error());
    const auto chain = pki::verify_chain(*leaf, certificates, roots, task.now);
    if (!chain) return doubted(chain.error());

    Judged judged = believed();
    judged.facts = leaf->facts();
    judged.spki_sha256 = leaf->spki_sha256();
    if (const auto* reissue = std::get_if<domain::ReissueParams>(&task.params)) {
        judged.remark = unasked_names(*leaf, *reissue);
    }
    for (const pki::Certificate& certificate : *chain) judged.chain.push_back(certificate.der());
    for (const domain::Format format : wanted_formats(task.params)) {
        auto file =
            pki::convert(format, *chain, task.common_name.value_or(leaf->facts().common_name));
        if (!file) return doubted(file.error());
        judged.files.push_back(JudgedFile{format, std::move(*file)});
    }
    return judged;
}

bool revokes_one(const domain::Params& params) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&params);
    return revoke != nullptr && revoke->scope == domain::RevokeScope::certificate;
}

Judged judge_revoked_certificate(const JudgeTask& task) {
    const std::string asked =
        config::plain_serial(std::get<domain::RevokeParams>(task.params).serial.value_or(""));
    if (asked.empty() || config::plain_serial(task.revoked_serial.value_or("")) != asked) {
        return doubted("status_not_shown",
                       "the upstream does not show the certificate as revoked yet");
    }
    return believed();
}

}  // namespace

Judged judge(const JudgeTask& task, const pki::TrustRoots& roots) {
    const domain::Kind kind = domain::kind_of(task.params);
    if (task.done_code != domain::success_code_of(kind)) {
        return doubted("wrong_answer", "the adapter says " + task.done_code +
                                           " to a request of kind " +
                                           std::string(domain::name_of(kind)));
    }
    switch (kind) {
        case domain::Kind::reissue:
        case domain::Kind::download:
            return judge_certificates(task, roots);
        case domain::Kind::status:
            if (!task.status) return doubted("status_not_shown", "the answer holds no status");
            return believed();
        case domain::Kind::revoke:
            if (revokes_one(task.params)) return judge_revoked_certificate(task);
            if (!task.status || task.status->status != domain::OrderStatus::revoked) {
                return doubted("status_not_shown",
                               "the upstream does not show the order as revoked yet");
            }
            return believed();
        case domain::Kind::transfer:
            if (!task.account)
                return doubted("account_not_shown", "the answer does not say where it is now");
            return believed();
        case domain::Kind::cancel:
            return believed();
    }
    return doubted("wrong_answer", "unknown kind of request");
}

}  // namespace cabroker::engine
