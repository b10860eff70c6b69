#include "adapters/protocol/mail_codec.hpp"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "adapters/protocol/fields.hpp"
#include "adapters/protocol/json_text.hpp"
#include "json/domain_codec.hpp"
#include "json/parse.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;
using domain::Result;

namespace {

constexpr std::size_t kMostAddresses = 100;
constexpr std::size_t kMostReadings = 100;
constexpr std::size_t kMaxCursor = 1024;

constexpr std::array<std::pair<Authentication, const char*>, 3> kAuthentications{
    {{Authentication::not_checked, "not_checked"},
     {Authentication::passed, "passed"},
     {Authentication::failed, "failed"}}};

bj::object ref_json(const MailRef& ref) {
    bj::object object;
    if (!ref.file.empty()) {
        object["file"] = ref.file;
    } else {
        object["uidvalidity"] = static_cast<std::int64_t>(ref.uidvalidity);
        object["uid"] = static_cast<std::int64_t>(ref.uid);
    }
    return object;
}

MailRef ref_from(Fields& fields) {
    const bj::value* value = fields.member("ref");
    if (value == nullptr) {
        fields.complain("ref", "is missing");
        return {};
    }
    Fields inner(*value, fields.at("ref"), fields.problems());
    MailRef ref;
    ref.file = inner.text("file");
    ref.uidvalidity = static_cast<std::uint64_t>(inner.integer("uidvalidity").value_or(0));
    ref.uid = static_cast<std::uint64_t>(inner.integer("uid").value_or(0));
    if (ref.file.empty() && ref.uid == 0) inner.complain("file", "a ref has a file or a uid");
    return ref;
}

bj::array lines_json(const std::vector<std::string>& lines) {
    bj::array array;
    for (const std::string& line : lines) {
        if (array.size() == kMostAddresses) break;
        array.emplace_back(line);
    }
    return array;
}

bj::object facts_json(const MailFacts& facts) {
    bj::object object;
    object["from"] = lines_json(facts.from);
    object["to"] = lines_json(facts.to);
    object["subject"] = facts.subject;
    object["message_id"] = facts.message_id;
    object["date"] = json::to_json(facts.date);
    object["body_sha256"] = facts.body_sha256;
    for (const auto& [value, name] : kAuthentications) {
        if (value == facts.authentication) object["authentication"] = name;
    }
    object["size"] = facts.size;
    object["age_ms"] = facts.age.count();
    return object;
}

MailFacts facts_from(Fields& fields) {
    MailFacts facts;
    const bj::value* value = fields.member("facts");
    if (value == nullptr) {
        fields.complain("facts", "is missing");
        return facts;
    }
    Fields inner(*value, fields.at("facts"), fields.problems());
    facts.from = inner.lines("from");
    facts.to = inner.lines("to");
    facts.subject = inner.text("subject");
    facts.message_id = inner.text("message_id");
    facts.date = inner.time("date");
    facts.body_sha256 = inner.text("body_sha256");
    const std::string word = inner.text("authentication");
    // Anything that is not a word of ours is no pass.
    facts.authentication = Authentication::failed;
    for (const auto& [known, name] : kAuthentications) {
        if (word == name) facts.authentication = known;
    }
    facts.size = static_cast<std::size_t>(inner.integer("size").value_or(0));
    facts.age = inner.milliseconds("age_ms").value_or(domain::Duration::zero());
    return facts;
}

bj::object code_json(const std::vector<CodeReading>& readings) {
    bj::array array;
    for (const CodeReading& reading : readings) {
        if (array.size() == kMostReadings) break;
        bj::object object;
        object["adapter"] = reading.adapter;
        object["candidates"] = reading.candidates;
        object["code"] = secret_json(reading.code);
        object["binding"] = reading.binding;
        array.emplace_back(std::move(object));
    }
    bj::object code;
    code["readings"] = std::move(array);
    return code;
}

std::vector<CodeReading> code_from(const bj::value& value, const std::string& where,
                                   json::Problems& problems) {
    std::vector<CodeReading> readings;
    Fields code(value, where, problems);
    code.each("readings", kMostReadings, [&](const bj::value& each, const std::string& at) {
        Fields fields(each, at, problems);
        CodeReading reading;
        reading.adapter = fields.required("adapter");
        reading.candidates = static_cast<std::size_t>(fields.integer("candidates").value_or(0));
        reading.code = fields.secret("code");
        reading.binding = fields.text("binding");
        readings.push_back(std::move(reading));
    });
    return readings;
}

bj::value cursor_json(const std::string& cursor) {
    if (cursor.empty()) return nullptr;
    auto parsed = json::parse(cursor);
    if (!parsed) return nullptr;
    return std::move(*parsed);
}

std::string cursor_from(Fields& fields) {
    const bj::value* value = fields.member("cursor");
    if (value == nullptr) return {};
    std::string text = bj::serialize(*value);
    if (!value->is_object() || text.size() > kMaxCursor) {
        fields.complain("cursor", "must be an object of at most 1 KiB");
        return {};
    }
    return text;
}

}  // namespace

bj::object to_json(const MailboxOpen& open) {
    bj::object object;
    object["name"] = open.name;
    auto settings = json::parse(open.settings);
    object["settings"] = settings ? std::move(*settings) : bj::value(bj::object());
    object["password"] = secret_json(open.password);
    object["cursor"] = cursor_json(open.cursor);
    return object;
}

Result<MailboxOpen> mailbox_open_from(const bj::value& value) {
    json::Problems problems;
    Fields fields(value, "", problems);
    MailboxOpen open;
    open.name = fields.required("name");
    const bj::value* settings = fields.member("settings");
    if (settings == nullptr || !settings->is_object()) {
        fields.complain("settings", "must be an object");
    } else {
        open.settings = bj::serialize(*settings);
    }
    open.password = fields.secret("password");
    open.cursor = cursor_from(fields);
    if (auto error = error_of(problems)) return std::move(*error);
    return open;
}

bj::object to_json(const MailOffer& offer, const std::string& prefix, Blobs& blobs) {
    bj::object object;
    object["mailbox"] = offer.mailbox;
    object["ref"] = ref_json(offer.ref);
    object["sha256"] = offer.sha256;
    object["facts"] = facts_json(offer.facts);
    object["oversize"] = offer.oversize;
    if (offer.is_code) {
        object["code"] = code_json(offer.readings);
    } else {
        object["octets"] = octets_to_json(offer.octets, prefix, blobs);
    }
    clean_texts(object);
    return object;
}

Result<MailOffer> mail_offer_from(const bj::value& value, Blobs& blobs) {
    json::Problems problems;
    Fields fields(value, "", problems);
    MailOffer offer;
    offer.mailbox = fields.required("mailbox");
    offer.ref = ref_from(fields);
    offer.sha256 = fields.required("sha256");
    offer.facts = facts_from(fields);
    offer.oversize = fields.flag("oversize", false);
    const bj::value* code = fields.member("code");
    offer.is_code = code != nullptr;
    if (offer.is_code) {
        offer.readings = code_from(*code, fields.at("code"), problems);
    } else {
        offer.octets = fields.octets("octets", blobs);
    }
    if (auto error = error_of(problems)) return std::move(*error);
    return offer;
}

bj::object to_json(const MailFiled& filed) {
    bj::object object;
    object["mailbox"] = filed.mailbox;
    object["ref"] = ref_json(filed.ref);
    object["cursor"] = cursor_json(filed.cursor);
    return object;
}

Result<MailFiled> mail_filed_from(const bj::value& value) {
    json::Problems problems;
    Fields fields(value, "", problems);
    MailFiled filed;
    filed.mailbox = fields.required("mailbox");
    filed.ref = ref_from(fields);
    filed.cursor = cursor_from(fields);
    if (auto error = error_of(problems)) return std::move(*error);
    return filed;
}

bj::object to_json(const MailboxReport& report) {
    bj::object object;
    object["name"] = report.name;
    object["open"] = report.open;
    object["detail"] = report.detail;
    clean_texts(object);
    return object;
}

Result<MailboxReport> mailbox_report_from(const bj::value& value) {
    json::Problems problems;
    Fields fields(value, "", problems);
    MailboxReport report;
    report.name = fields.required("name");
    report.open = fields.flag("open", false);
    report.detail = fields.text("detail");
    if (auto error = error_of(problems)) return std::move(*error);
    return report;
}

}  // namespace cabroker::adapters::protocol
