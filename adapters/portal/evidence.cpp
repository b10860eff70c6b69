#include "adapters/portal/evidence.hpp"

#include <string_view>

#include "adapters/portal/portal.hpp"
#include "adapters/portal/redaction.hpp"

namespace cabroker::adapters::portal {

namespace {

constexpr std::size_t kHeadKept = 256UL * 1024;

}  // namespace

std::vector<std::string> secrets_of(const Run& run, const transport::CookieJar& jar) {
    std::vector<std::string> all = run.values.secrets();
    for (std::string& value : cookie_values(jar)) all.push_back(std::move(value));
    return with_disguises(std::move(all));
}

protocol::EvidenceBlob evidence_of(const Run& run, const transport::CookieJar& jar) {
    protocol::EvidenceBlob blob;
    blob.type = domain::EvidenceType::page;
    blob.name = "page-" + run.step + ".html";
    blob.content_type = run.content_type.empty() ? "application/octet-stream" : run.content_type;
    // Of an endless page the beginning is enough to see what it is.
    const bool cut = run.body.size() >= kLargestAnswer;
    const std::string_view shown(run.body.data(), cut ? kHeadKept : run.body.size());
    blob.octets = redact(shown, secrets_of(run, jar));
    return blob;
}

}  // namespace cabroker::adapters::portal
