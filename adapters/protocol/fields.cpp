#include "adapters/protocol/fields.hpp"

#include "adapters/protocol/json_text.hpp"
#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;

domain::Secret Fields::secret(std::string_view key) {
    const bj::value* value = reader_.member(key);
    if (value == nullptr) return {};
    const bj::object* object = value->if_object();
    const bj::value* inner = object == nullptr ? nullptr : object->if_contains("secret");
    if (inner == nullptr || !inner->is_string() || inner->get_string().size() > kMaxText) {
        complain(key, "must be {\"secret\": \"...\"} of at most 64 KiB");
        return {};
    }
    const std::string_view text(inner->get_string().data(), inner->get_string().size());
    const bj::value* coded = object->if_contains("base64");
    if (coded == nullptr || !coded->is_bool() || !coded->get_bool()) return domain::Secret(text);
    domain::Result<std::string> octets = from_base64(text);
    if (octets) return domain::Secret(std::move(*octets));
    complain(key, octets.error().detail);
    return {};
}

std::optional<domain::Duration> Fields::milliseconds(std::string_view key) {
    const std::optional<std::int64_t> count = integer(key);
    if (!count) return std::nullopt;
    return domain::Duration(*count);
}

std::map<std::string, std::string> Fields::map(std::string_view key) {
    std::map<std::string, std::string> values;
    const bj::value* value = reader_.member(key);
    if (value == nullptr) return values;
    const bj::object* object = value->if_object();
    if (object == nullptr || object->size() > 64) {
        complain(key, "must be an object of at most 64 strings");
        return values;
    }
    Fields inner(*value, at(key), problems_);
    for (const auto& member : *object) {
        const std::string name(member.key().data(), member.key().size());
        values[name] = inner.text(name);
    }
    return values;
}

std::string Fields::octets(std::string_view key, Blobs& blobs) {
    const bj::value* value = reader_.member(key);
    if (value == nullptr) {
        complain(key, "is missing");
        return {};
    }
    domain::Result<std::string> octets = octets_from_json(*value, blobs);
    if (octets) return std::move(*octets);
    complain(key, octets.error().detail);
    return {};
}

void Fields::each(std::string_view key, std::size_t most,
                  const std::function<void(const bj::value&, const std::string&)>& visit) {
    const bj::value* value = reader_.member(key);
    if (value == nullptr) return;
    const bj::array* array = value->if_array();
    if (array == nullptr || array->size() > most) {
        complain(key, "must be an array of at most " + std::to_string(most));
        return;
    }
    std::size_t index = 0;
    for (const bj::value& element : *array) visit(element, at(key) + "/" + std::to_string(index++));
}

std::optional<domain::Error> error_of(const json::Problems& problems) {
    if (problems.empty()) return std::nullopt;
    std::string detail = "cannot read it:";
    std::size_t told = 0;
    for (const domain::FieldProblem& problem : problems) {
        if (++told > 5) break;
        detail += " " + problem.pointer + " " + problem.detail + ";";
    }
    detail.pop_back();
    return domain::Error(domain::ErrorCode::bad_answer, std::move(detail), problems);
}

std::optional<std::string> text_member(const bj::object& object, std::string_view key) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::uint64_t> number_member(const bj::object& object, std::string_view key) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value->get_int64());
}

bj::value secret_json(const domain::Secret& secret) {
    if (secret.empty()) return nullptr;
    bj::object object;
    // A portal may set a cookie of any octets; one of them must not spoil the whole frame.
    if (is_utf8(secret.reveal())) {
        object["secret"] = bj::string_view(secret.reveal().data(), secret.reveal().size());
    } else {
        std::string coded = base64(secret.reveal());
        object["secret"] = coded;
        object["base64"] = true;
        domain::wipe(coded);
    }
    return object;
}

bj::value milliseconds_json(const std::optional<domain::Duration>& duration) {
    if (!duration) return nullptr;
    return duration->count();
}

bj::object map_json(const std::map<std::string, std::string>& map) {
    bj::object object;
    for (const auto& [name, value] : map) object[name] = value;
    return object;
}

bj::value session_json(const std::optional<Session>& session) {
    // A jar that the other end would refuse is not kept: signing in again is always possible.
    if (!session || session->jar.reveal().size() > kMaxText / 2) return nullptr;
    bj::object object;
    object["key"] = session->key;
    object["expires_at"] = json::to_json(session->expires_at);
    object["jar"] = secret_json(session->jar);
    return object;
}

std::optional<Session> session_from(Fields& fields) {
    const bj::value* value = fields.member("session");
    if (value == nullptr) return std::nullopt;
    Fields inner(*value, fields.at("session"), fields.problems());
    Session session;
    session.key = inner.text("key");
    session.expires_at = inner.time("expires_at");
    session.jar = inner.secret("jar");
    return session;
}

bj::object mail_json(const Mail& mail, const std::string& prefix, Blobs& blobs) {
    bj::object object;
    object["mail_from"] = mail.mail_from;
    object["rcpt_to"] = mail.rcpt_to;
    object["subject"] = mail.subject;
    object["message_id"] = mail.message_id;
    object["octets"] = octets_to_json(mail.octets, prefix, blobs);
    object["text"] = mail.text;
    return object;
}

Mail mail_from(const bj::value& value, const std::string& where, Blobs& blobs,
               json::Problems& problems) {
    Fields fields(value, where, problems);
    Mail mail;
    mail.mail_from = fields.required("mail_from");
    mail.rcpt_to = fields.required("rcpt_to");
    mail.subject = fields.text("subject");
    mail.message_id = fields.required("message_id");
    mail.octets = fields.octets("octets", blobs);
    mail.text = fields.text("text");
    if (mail.octets.size() > kMaxFrame) fields.complain("octets", "a mail has at most 1 MiB");
    return mail;
}

bj::object effect_json(const domain::Effect& effect) {
    bj::object object;
    if (!effect.id.empty()) object["id"] = effect.id.text();
    object["class"] = bj::string_view(domain::name_of(effect.effect_class).data(),
                                      domain::name_of(effect.effect_class).size());
    object["summary"] = effect.summary;
    object["seen_before"] = effect.seen_before;
    return object;
}

domain::Effect effect_from(const bj::value& value, const std::string& where,
                           json::Problems& problems) {
    Fields fields(value, where, problems);
    domain::Effect effect;
    if (const auto id = domain::EffectId::parse(fields.text("id"))) effect.id = *id;
    // Where the class is not said the strictest one holds.
    effect.effect_class = fields.word("class", domain::EffectClass::once);
    effect.summary = fields.required("summary");
    effect.seen_before = fields.text("seen_before");
    return effect;
}

std::vector<domain::Need> needs_from(Fields& fields) {
    std::vector<domain::Need> needs;
    fields.each("needs", 100, [&](const bj::value& value, const std::string& where) {
        auto need = json::need_from_json(value);
        if (need) {
            needs.push_back(std::move(*need));
        } else {
            fields.problems().emplace_back(where, "wrong_type", need.error().detail);
        }
    });
    return needs;
}

}  // namespace cabroker::adapters::protocol
