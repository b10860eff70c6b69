#include "adapters/portal/evidence.hpp"

#include <string_view>

#include "adapters/portal/portal.hpp"
#include "adapters/portal/redaction.hpp"
#include "adapters/portal/trace_body.hpp"

namespace cabroker::adapters::portal {

namespace {

constexpr std::size_t kHeadKept = 256UL * 1024;

}  // namespace

std::vector<std::string> secrets_of(const Run& run, const transport::CookieJar& jar) {
    std::vector<std::string> all = run.values.secrets();
    for (std::string& value : cookie_values(jar)) all.push_back(std::move(value));
    all.insert(all.end(), run.cookies_sent.begin(), run.cookies_sent.end());
    return with_disguises(std::move(all));
}

protocol::EvidenceBlob evidence_of(const Run& run, const transport::CookieJar& jar) {
    protocol::EvidenceBlob blob;
    blob.type = domain::EvidenceType::page;
    blob.name = "page-" + run.step + ".html";
    blob.content_type = run.content_type.empty() ? "application/octet-stream" : run.content_type;
    // Of an endless page the beginning is enough to see what it is.
    const bool cut = run.body.size() >= kLargestAnswer;
    std::string shown = run.body.substr(0, cut ? kHeadKept : run.body.size());
    // In UTF-16 no secret would be found.
    std::erase(shown, '\0');
    const std::vector<std::string> secrets = secrets_of(run, jar);
    // A JSON portal's session is a member of an answer, which an unknown page is not read for.
    const std::string document = trace_json(shown, secrets);
    blob.octets = document.empty() ? redact(shown, secrets) : document;
    if (!document.empty()) blob.name = "page-" + run.step + ".json";
    return blob;
}

}  // namespace cabroker::adapters::portal
