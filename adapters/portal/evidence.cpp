#include "adapters/portal/evidence.hpp"

#include <algorithm>
#include <string_view>

#include "adapters/portal/portal.hpp"
#include "adapters/portal/redaction.hpp"
#include "adapters/portal/trace_body.hpp"
#include "transport/page.hpp"

namespace cabroker::adapters::portal {

namespace {

constexpr std::size_t kHeadKept = 256UL * 1024;
constexpr std::size_t kMostJson = 256UL * 1024;

/// Without what some servers send before a document: the mark of its encoding, and a guard against
/// those who would read it as a script.
std::string_view document_of(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    constexpr std::string_view kGuard = ")]}'";
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    if (text.starts_with(kGuard)) text.remove_prefix(std::min(text.find('\n'), text.size()));
    const std::size_t first = text.find_first_not_of(" \t\r\n,");
    return text.substr(std::min(first, text.size()));
}

bool holds_json(std::string_view document, const std::string& type) {
    if (document.empty() || document.front() == '<') return false;
    const bool begins = document.front() == '{' || document.front() == '[';
    return type.find("json") != std::string::npos ||
           (begins && type.find("html") == std::string::npos);
}

/// A JSON portal's session is a member of an answer, which an unknown page is not read for: what
/// cannot be read is not kept.
std::string json_shown(std::string_view document, const std::vector<std::string>& secrets) {
    const std::string size = std::to_string(document.size()) + " octets";
    if (document.size() > kMostJson) return "[" + size + " of JSON, too many to be kept]";
    const std::string shown = trace_json(document, secrets);
    // A code may stand there as a number.
    return shown.empty() ? "[" + size + " that are no JSON]" : redact(shown, secrets);
}

/// Letters and digits alone, in one case.
std::string core_of(std::string_view text) {
    std::string core;
    for (const char c : text) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if ((small >= 'a' && small <= 'z') || (small >= '0' && small <= '9')) core += small;
    }
    return core;
}

/// Does a secret stand there for those who see the page: with entities for its letters, tags
/// between them, or in groups? Base64 and the like are not looked through. What cannot be looked
/// through counts as a page that does.
bool discloses(const std::string& html, const std::vector<std::string>& secrets) {
    constexpr std::size_t kShortest = 6;
    const auto page = transport::Page::parse(html, "text/html");
    if (!page) return page.error().code == domain::ErrorCode::limit_exceeded;
    const auto attributes = page->all("//@*");
    if (!attributes) return true;
    std::string all = page->text();
    for (const std::string& value : *attributes) all += value;
    const std::string shown = core_of(all);
    return std::any_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
        const std::string core = core_of(secret);
        return core.size() >= kShortest && shown.find(core) != std::string::npos;
    });
}

/// In UTF-16 no secret would be found.
std::string text_shown(const std::string& body, const std::vector<std::string>& secrets) {
    std::string plain = body;
    std::erase(plain, '\0');
    std::string shown = redact(plain, secrets);
    if (discloses(shown, secrets)) {
        return "[" + std::to_string(body.size()) +
               " octets, not kept: a secret stands there in disguise, or nothing tells whether one "
               "does]";
    }
    // A file without secrets is kept to the octet.
    return shown == plain ? body : shown;
}

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
    const std::vector<std::string> secrets = secrets_of(run, jar);
    blob.content_type =
        run.content_type.empty() ? "application/octet-stream" : redact(run.content_type, secrets);
    const std::string_view document = document_of(run.body);
    if (holds_json(document, run.content_type)) {
        blob.name = "page-" + run.step + ".json";
        blob.octets = json_shown(document, secrets);
    } else {
        // Of a large page the beginning is enough to see what it is.
        blob.octets = text_shown(run.body.substr(0, kHeadKept), secrets);
    }
    return blob;
}

}  // namespace cabroker::adapters::portal
