// Reading the order and fetching its certificates.
#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/jobs.hpp"
#include "pki/certificate.hpp"
#include "pki/csr.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using config::PortalOperation;
using portal::Run;
using portal::Stop;

namespace {

std::string spki_of_csr(const domain::Params& params) {
    const auto* reissue = std::get_if<domain::ReissueParams>(&params);
    if (reissue == nullptr) return {};
    const pki::CsrReport report = pki::inspect_csr(reissue->csr);
    return report.key ? report.key->spki_sha256 : std::string();
}

void take_certificates(Work& work, const std::vector<pki::Certificate>& found,
                       const pki::Certificate* leaf) {
    work.certificates.clear();
    if (leaf != nullptr) work.certificates.push_back(leaf->der());
    for (const pki::Certificate& certificate : found) {
        if (leaf != nullptr && certificate == *leaf) continue;
        work.certificates.push_back(certificate.der());
    }
}

}  // namespace

asio::awaitable<Reading> read_order(Work& work) {
    portal::Variables given = work.given;
    Run run = co_await work.browser.run(PortalOperation::read_order, std::move(given));
    Reading reading;
    if (run.stop == Stop::finished) {
        OrderView view = view_of(work.profile(), run.values);
        const auto other = other_order(view, work.context.order);
        if (other) {
            run.stop = Stop::unknown_page;
            run.detail = *other;
            run.evidence.push_back(work.browser.evidence_of(run));
            reading.other_order = true;
        } else {
            work.session_serves();
            work.status = view.status;
            work.read = run.values;
            reading.view = std::move(view);
        }
    }
    reading.run = std::move(run);
    co_return reading;
}

Step no_view(Work& work, const Reading& reading) {
    Step step = interpret(work, *reading.run);
    auto* const rejected = step ? std::get_if<protocol::Rejected>(&step->answer) : nullptr;
    if (reading.other_order && rejected != nullptr) {
        rejected->hint =
            "compare the order on record (its common name and supplier order ID) with the portal's "
            "page, which is kept, and correct the record";
    }
    return step;
}

bool left_a_trace(const Work& work, const OrderView& view) {
    const auto seen = parse_seen(work.progress.seen_before);
    return seen && left_a_trace(*seen, view, domain::kind_of(work.context.params), work.reason());
}

std::string own_state(const Work& work, const OrderView& view) {
    if (!left_a_trace(work, view)) return {};
    const bool revoke = domain::kind_of(work.context.params) == domain::Kind::revoke;
    return state_of_reason(revoke ? view.revokes : view.reissues, work.reason());
}

const CertificateRow* shown_revoked(const Work& work, const OrderView& view) {
    const auto* revoke = std::get_if<domain::RevokeParams>(&work.context.params);
    if (revoke == nullptr || revoke->scope == domain::RevokeScope::order) return nullptr;
    const CertificateRow* row = view.certificate(revoke->serial.value_or(""));
    const bool revoked = row != nullptr && work.profile().certificate_state_of(row->state) ==
                                               config::CertificateState::revoked;
    return revoked ? row : nullptr;
}

asio::awaitable<Download> download(Work& work) {
    portal::Variables given = work.known();
    Run run = co_await work.browser.run(PortalOperation::download, std::move(given));
    Download result;
    if (run.stop != Stop::finished) {
        result.ended.emplace(interpret(work, run));
        co_return result;
    }
    const auto found = pki::certificates_from(run.body);
    if (!found) {
        run.stop = Stop::unknown_page;
        run.detail = "no certificates can be read from the download: " + found.error().detail;
        run.evidence.push_back(work.browser.evidence_of(run));
        result.ended.emplace(interpret(work, run));
        co_return result;
    }
    const std::string spki = spki_of_csr(work.context.params);
    const auto ours = pki::leaf_of(*found, spki);
    result.our_key = !spki.empty() && ours.has_value() && ours->spki_sha256() == spki;
    const auto leaf = result.our_key ? ours : pki::leaf_of(*found);
    take_certificates(work, *found, leaf ? &*leaf : nullptr);
    if (leaf) result.leaf = *leaf;
    result.fetched = true;
    co_return result;
}

}  // namespace cabroker::adapters::guest_portal
