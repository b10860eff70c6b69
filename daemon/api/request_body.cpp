#include "daemon/api/request_body.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "pki/csr.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::Kind;

template <class Enum>
std::optional<Enum> word(json::ObjectReader& reader, std::string_view key) {
    const std::optional<std::string_view> name = reader.line_view(key, 64);
    if (!name) return std::nullopt;
    const std::optional<Enum> value = domain::parse<Enum>(*name);
    if (!value)
        reader.complain(key, "unknown_value", "use one of: " + domain::list_of_words<Enum>());
    return value;
}

std::vector<domain::Format> decode_formats(json::ObjectReader& reader, json::Problems& problems) {
    std::vector<domain::Format> formats;
    const std::optional<std::vector<std::string>> names = reader.lines("formats", 32);
    if (!names) return formats;
    std::size_t index = 0;
    for (const std::string& name : *names) {
        const auto format = domain::parse<domain::Format>(name);
        const std::string where = reader.at("formats") + "/" + std::to_string(index++);
        if (!format) {
            problems.emplace_back(where, "unknown_value",
                                  "use one of: " + domain::list_of_words<domain::Format>());
        } else if (std::find(formats.begin(), formats.end(), *format) == formats.end()) {
            formats.push_back(*format);
        }
    }
    return formats;
}

// Hex with or without colons; stored as lower-case hex.
std::optional<std::string> decode_serial(json::ObjectReader& reader) {
    const std::optional<std::string_view> text = reader.line_view("serial", 128);
    if (!text) return std::nullopt;
    std::string serial;
    for (const char c : *text) {
        if (c == ':') continue;
        serial += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const bool hex = !serial.empty() && std::all_of(serial.begin(), serial.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (!hex) reader.complain("serial", "bad_format", "must be a serial number in hex");
    return serial;
}

domain::Params decode_reissue(json::ObjectReader& reader, bool preview, json::Problems& problems) {
    domain::ReissueParams params;
    if (!preview) reader.require("csr");
    std::optional<std::string> csr = reader.text("csr", pki::kMaxCsrBytes);
    if (csr && csr->empty()) reader.complain("csr", "required", "give a CSR in PEM");
    if (csr) params.csr = std::move(*csr);  // no copy stays behind: it may be a private key
    params.validation_method = word<domain::ValidationMethod>(reader, "validation_method");
    params.reason = reader.text_view("reason", kMaxReason).value_or("");
    params.formats = decode_formats(reader, problems);
    return params;
}

domain::Params decode_revoke(json::ObjectReader& reader) {
    domain::RevokeParams params;
    params.reason = reader.text_view("reason", kMaxReason).value_or("");
    params.reason_code = word<domain::ReasonCode>(reader, "reason_code");
    params.scope = word<domain::RevokeScope>(reader, "scope").value_or(domain::RevokeScope::order);
    params.serial = decode_serial(reader);
    if (params.scope == domain::RevokeScope::certificate && !reader.has("serial"))
        reader.complain("serial", "required", "name the certificate to revoke");
    return params;
}

domain::Params decode_transfer(json::ObjectReader& reader) {
    domain::TransferParams params;
    reader.require("target_account");
    params.target_account = reader.line_view("target_account", 256).value_or("");
    params.verification = word<domain::TransferVerification>(reader, "verification")
                              .value_or(domain::TransferVerification::challenge_phrase);
    return params;
}

domain::Params decode_params(Kind kind, json::ObjectReader& reader, bool preview,
                             json::Problems& problems) {
    switch (kind) {
        case Kind::status:
            return domain::StatusParams{};
        case Kind::reissue:
            return decode_reissue(reader, preview, problems);
        case Kind::revoke:
            return decode_revoke(reader);
        case Kind::cancel: {
            domain::CancelParams params;
            params.reason = reader.text_view("reason", kMaxReason).value_or("");
            return params;
        }
        case Kind::download: {
            domain::DownloadParams params;
            params.formats = decode_formats(reader, problems);
            return params;
        }
        case Kind::transfer:
            if (preview && !reader.has("target_account")) {
                reader.member("target_account");
                word<domain::TransferVerification>(reader, "verification");
                return domain::TransferParams{};
            }
            return decode_transfer(reader);
    }
    return domain::StatusParams{};
}

}  // namespace

std::string* NewRequest::csr() {
    auto* reissue = std::get_if<domain::ReissueParams>(&params);
    return reissue == nullptr || reissue->csr.empty() ? nullptr : &reissue->csr;
}

std::optional<domain::ExternalRef> decode_external_ref(json::ObjectReader& reader,
                                                       json::Problems& problems) {
    const bj::value* member = reader.member("external_ref");
    if (member == nullptr) return std::nullopt;
    json::ObjectReader inner(*member, reader.at("external_ref"), problems);
    domain::ExternalRef ref;
    if (member->is_object()) {
        inner.require("system");
        inner.require("id");
    }
    ref.system = inner.line_view("system", 64).value_or("");
    ref.id = inner.line_view("id", 256).value_or("");
    if (inner.has("system") && (ref.system.empty() || ref.system.find(':') != std::string::npos))
        inner.complain("system", "bad_format", "must be a word without a colon");
    if (inner.has("id") && ref.id.empty()) inner.complain("id", "bad_format", "must not be empty");
    inner.finish();
    return ref;
}

void decode_order_choice(const bj::value& member, const config::BrandCatalogue& brands,
                         json::Problems& problems, OrderChoice& choice) {
    json::ObjectReader reader(member, "/order", problems);
    const bj::object* object = member.if_object();
    if (object == nullptr) return;
    const auto given = std::count_if(object->begin(), object->end(),
                                     [](const auto& entry) { return !entry.value().is_null(); });
    struct Name {
        OrderChoice::By by;
        const char* key;
    };
    for (const Name& name : {Name{OrderChoice::By::id, "id"},
                             Name{OrderChoice::By::supplier_order_id, "supplier_order_id"},
                             Name{OrderChoice::By::platform_order_id, "platform_order_id"},
                             Name{OrderChoice::By::common_name, "common_name"}}) {
        if (given != 1 || !reader.has(name.key)) continue;
        choice.by = name.by;
        const std::optional<std::string_view> value = reader.line_view(name.key, 256);
        if (value && value->empty()) reader.complain(name.key, "required", "it is empty");
        choice.name = value.value_or("");
        return;
    }
    choice.by = OrderChoice::By::description;
    if (reader.member("id") != nullptr)
        reader.complain("id", "bad_format", "must stand alone: the inventory knows the rest");
    decode_order(reader, problems, brands, choice.description);
}

void decode_request(const bj::value& document, bool preview, const config::BrandCatalogue& brands,
                    json::Problems& problems, NewRequest& request) {
    json::ObjectReader reader(document, "", problems);
    reader.require("kind");
    reader.require("order");
    const std::optional<Kind> kind = word<Kind>(reader, "kind");
    if (const bj::value* order = reader.member("order"))
        decode_order_choice(*order, brands, problems, request.order);

    const bj::value* params = reader.member("params");
    const bj::value none = bj::object();
    if (kind) {
        request.kind = *kind;
        json::ObjectReader inner(params == nullptr ? none : *params, "/params", problems);
        request.params = decode_params(*kind, inner, preview, problems);
        inner.finish();
    }
    request.external_ref = decode_external_ref(reader, problems);
    request.labels = decode_labels(reader, "labels", problems).value_or(domain::Labels());
    request.note = reader.text("note", kMaxNote);
    request.dry_run = reader.boolean("dry_run").value_or(false);
    request.allow_duplicate = reader.boolean("allow_duplicate").value_or(false);
    if (preview) request.at = reader.time("at");
    reader.finish();
}

}  // namespace cabroker::api
