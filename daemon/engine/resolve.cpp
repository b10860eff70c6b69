// An operator's word on how a request really ended.
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/action_parts.hpp"
#include "daemon/engine/apply.hpp"
#include "daemon/engine/engine.hpp"
#include "domain/states.hpp"
#include "pki/certificate.hpp"
#include "runtime/sha256.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Request;
using domain::Result;
using domain::State;

namespace {

// An operator's certificate: read again here, because only octets came in.
Result<void> keep_certificates(Journal& journal, store::StoredRequest& row, const Resolution& what,
                               domain::Outcome& outcome) {
    if (what.certificates.empty()) return {};
    std::string pem;
    for (const std::string& der : what.certificates) {
        const auto certificate = pki::Certificate::from_der(der);
        if (!certificate) return certificate.error();
        pem += certificate->pem();
    }
    const auto leaf = pki::Certificate::from_der(what.certificates.front());
    if (!leaf) return leaf.error();
    store::ArtifactRow artifact;
    artifact.id = journal.ids().make<domain::ArtifactId>(journal.now());
    artifact.request_id = row.request.id;
    artifact.name = pki::file_stem(leaf->facts().common_name, leaf->facts().serial) + ".pem";
    artifact.format = "pem_noroot";
    artifact.content_type = "application/x-pem-file";
    artifact.size = static_cast<std::int64_t>(pem.size());
    artifact.sha256 = runtime::sha256_hex(pem);
    artifact.created_at = journal.now();
    journal.tx().artifacts().insert(artifact, pem);
    domain::CertificateResult product;
    product.certificate = leaf->facts();
    product.artifacts.push_back(artifact.id);
    row.request.result = std::move(product);
    domain::Evidence proof;
    proof.type = domain::EvidenceType::certificate;
    proof.id = artifact.id.text();
    proof.detail = "given by the operator; its key is the CSR's";
    outcome.evidence.push_back(std::move(proof));
    return {};
}

}  // namespace

asio::awaitable<Result<Request>> Engine::resolve(domain::RequestId id, Resolution what,
                                                 domain::Person who, Also also) {
    const domain::Time now = services_.clock.now();
    Edit edit = [this, what, who, now](store::Tx& tx,
                                       store::StoredRequest& row) -> Result<Request> {
        const Request before = row.request;
        if (domain::is_settled(before.state)) return settled_conflict(before);
        const bool open = before.state == State::waiting_ca || before.state == State::needs_input ||
                          before.state == State::outcome_unknown || before.state == State::backoff;
        if (!open) {
            return Error(ErrorCode::state_conflict,
                         "only a request in waiting_ca, needs_input, outcome_unknown or backoff "
                         "can be resolved; this "
                         "one is " +
                             std::string(domain::name_of(before.state)));
        }
        Journal journal(tx, services_.ids, now);
        const Result<void> closed = close_open_effect(journal, row, "resolved by " + who.name);
        if (!closed) return closed.error();
        const std::string code = what.code.empty() ? "resolved_by_operator" : what.code;
        settle_row(row, what.succeeded ? State::succeeded : State::failed, code, what.note, "");
        domain::Evidence word;
        word.type = domain::EvidenceType::operator_;
        word.detail = peer(who).name + ": " + what.note;
        row.request.outcome->evidence.push_back(std::move(word));
        const Result<void> kept = keep_certificates(journal, row, what, *row.request.outcome);
        if (!kept) return kept.error();
        const Result<void> saved =
            journal.save(before, row, peer(who), "resolved by an operator: " + what.note);
        if (!saved) return saved.error();
        return row.request;
    };
    co_return co_await change(std::move(id), std::move(edit), std::move(also));
}

}  // namespace cabroker::engine
