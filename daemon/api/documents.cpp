#include <boost/json.hpp>

#include "daemon/api/document_json.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/representation.hpp"
#include "daemon/store/store.hpp"
#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

Response not_found(const char* what, const std::string& id) {
    return problem(ErrorCode::not_found, std::string("cannot find ") + what + " " + id);
}

// Only characters that mean nothing in a header or a shell.
std::string file_name(const std::string& name, const std::string& otherwise) {
    std::string clean;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        clean += plain ? c : '_';
    }
    if (clean.empty() || clean.front() == '.') return otherwise;
    return clean;
}

bool is_header_text(const std::string& text) {
    for (const char c : text) {
        if (c < 0x20 || c == 0x7F) return false;
    }
    return !text.empty();
}

Response download(std::string octets, const std::string& type, const std::string& name) {
    const std::string safe_type = is_header_text(type) ? type : "application/octet-stream";
    Response response(200, safe_type, std::move(octets));
    response.set("Content-Disposition", "attachment; filename=\"" + name + "\"");
    return response;
}

}  // namespace

bj::object message_json(const store::MessageRow& row) {
    bj::object body;
    body["id"] = row.id.text();
    body["request_id"] = nullptr;
    if (row.request_id) body["request_id"] = row.request_id->text();
    body["direction"] = row.direction;
    body["status"] = row.status;
    body["class"] = row.message_class;
    body["from"] = row.from;
    body["to"] = row.to;
    body["subject"] = row.subject;
    body["message_id"] = json::to_json(row.message_id);
    body["at"] = json::time_text(row.at);
    body["size"] = row.size;
    body["smtp_reply"] = json::to_json(row.smtp_reply);
    return body;
}

bj::object artifact_json(const store::ArtifactRow& row) {
    bj::object body;
    body["id"] = row.id.text();
    body["request_id"] = row.request_id.text();
    body["name"] = row.name;
    body["format"] = row.format;
    body["content_type"] = row.content_type;
    body["size"] = row.size;
    body["sha256"] = row.sha256;
    body["created_at"] = json::time_text(row.created_at);
    return body;
}

/// GET /v1/messages/{id}: 200, 404.
Answer get_message(Api& api, CallPtr call) {
    const auto id = domain::MessageId::parse(call->id);
    std::optional<store::MessageRow> row;
    if (id) row = api.services.store.reader().messages().get(*id);
    if (!row) co_return not_found("message", call->id);
    co_return object_response(200, message_json(*row));
}

/// GET /v1/messages/{id}/raw: the octets as sent or received; 404, 410 when they were not kept.
Answer get_message_raw(Api& api, CallPtr call) {
    const auto id = domain::MessageId::parse(call->id);
    std::optional<store::MessageRow> row;
    if (id) row = api.services.store.reader().messages().get(*id);
    if (!row) co_return not_found("message", call->id);
    std::optional<std::string> raw = api.services.store.reader().messages().raw(*id);
    if (!raw)
        co_return problem(ErrorCode::gone,
                          "cannot show this message: its octets were not kept, they held a code");
    co_return download(std::move(*raw), "message/rfc822", row->id.text() + ".eml");
}

/// GET /v1/artifacts/{id}/content: the file; 404.
Answer get_artifact_content(Api& api, CallPtr call) {
    const auto id = domain::ArtifactId::parse(call->id);
    std::optional<store::ArtifactRow> row;
    if (id) row = api.services.store.reader().artifacts().get(*id);
    if (!row) co_return not_found("artifact", call->id);
    std::optional<std::string> octets = api.services.store.reader().artifacts().content(*id);
    if (!octets) co_return not_found("artifact", call->id);
    const std::string etag = "\"" + row->sha256 + "\"";
    Response response =
        download(std::move(*octets), row->content_type, file_name(row->name, row->id.text()));
    response.set("ETag", etag);
    if (etag_matches(call->if_none_match, etag)) {
        response.status = 304;
        response.body.clear();
        response.content_type.clear();
    }
    co_return response;
}

}  // namespace cabroker::api
