#include "config/profile_decode.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "config/decode_tools.hpp"
#include "domain/ascii.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

CodePattern decode_pattern(const bj::value& value, const std::string& pointer, Problems& problems) {
    CodePattern pattern;
    ObjectReader reader(value, pointer, problems);
    pattern.min_length = static_cast<std::size_t>(reader.integer("min", 1, 1024).value_or(4));
    pattern.max_length = static_cast<std::size_t>(reader.integer("max", 1, 1024).value_or(64));
    if (pattern.max_length < pattern.min_length)
        reader.complain("max", "out_of_range", "must not be less than min");
    if (const auto classes = reader.lines("characters", 3)) {
        pattern.digits = false;
        for (std::size_t at = 0; at < classes->size(); ++at) {
            const std::string& name = (*classes)[at];
            pattern.digits = pattern.digits || name == "digits";
            pattern.upper = pattern.upper || name == "upper";
            pattern.lower = pattern.lower || name == "lower";
            if (name != "digits" && name != "upper" && name != "lower")
                problems.emplace_back(reader.at("characters") + "/" + std::to_string(at),
                                      "unknown_value", "use one of: digits, upper, lower");
        }
    }
    pattern.others = reader.line("others", 64).value_or("");
    if (!pattern.digits && !pattern.upper && !pattern.lower && pattern.others.empty())
        reader.complain("characters", "required", "name at least one class: no code would fit");
    reader.finish();
    return pattern;
}

/// An address or `@domain`, as CodeMail::senders compares them.
bool is_sender(const std::string& text) {
    const std::size_t at = text.find('@');
    return at != std::string::npos && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
           text.find_first_of(" <>\t") == std::string::npos;
}

/// How long something lives: longer than nothing.
void read_life(ObjectReader& reader, std::string_view key, domain::Duration& into) {
    into = reader.duration(key).value_or(into);
    if (into <= domain::Duration::zero())
        reader.complain(key, "out_of_range", "must be longer than nothing");
}

CodeMail decode_code_mail(const bj::value& value, const std::string& pointer, Problems& problems) {
    CodeMail mail;
    ObjectReader reader(value, pointer, problems);
    if (reader.require("from")) mail.senders = reader.lines("from", 100).value_or(mail.senders);
    for (std::size_t at = 0; at < mail.senders.size(); ++at) {
        if (is_sender(mail.senders[at])) continue;
        problems.emplace_back(reader.at("from") + "/" + std::to_string(at), "bad_format",
                              "must be an address, or `@` and a domain for all of its addresses");
    }
    mail.subject_contains = reader.line("subject_contains").value_or("");
    if (reader.require("code_after"))
        mail.code_after = reader.lines("code_after", 20).value_or(mail.code_after);
    for (std::size_t at = 0; at < mail.code_after.size(); ++at) {
        if (!domain::trimmed(mail.code_after[at]).empty()) continue;
        problems.emplace_back(reader.at("code_after") + "/" + std::to_string(at), "bad_format",
                              "name the words behind which the code stands");
    }
    const auto binds = reader.word(
        "binds",
        [](std::string_view word) -> std::optional<CodeMail::Binds> {
            if (word == "nothing") return CodeMail::Binds::nothing;
            if (word == "order_id") return CodeMail::Binds::order_id;
            if (word == "common_name") return CodeMail::Binds::common_name;
            if (word == "nonce") return CodeMail::Binds::nonce;
            return std::nullopt;
        },
        "nothing, order_id, common_name, nonce");
    if (binds) mail.binds = *binds;
    mail.binding_after = reader.lines("binding_after", 20).value_or(mail.binding_after);
    if (mail.binds != CodeMail::Binds::nothing) reader.require("binding_after");
    reader.finish();
    return mail;
}

AccessCodeRules decode_access_code(const bj::value& value, const std::string& pointer,
                                   Problems& problems) {
    AccessCodeRules rules;
    ObjectReader reader(value, pointer, problems);
    read_life(reader, "ttl", rules.ttl);
    if (const bj::value* pattern = reader.member("pattern"))
        rules.pattern = decode_pattern(*pattern, reader.at("pattern"), problems);
    if (const auto attempts = reader.integer("attempts", 1, 100))
        rules.attempts = static_cast<int>(*attempts);
    if (const bj::value* mail = reader.member("mail"))
        rules.mail = decode_code_mail(*mail, reader.at("mail"), problems);
    reader.finish();
    return rules;
}

PageRule decode_page(const std::string& name, const bj::value& value, const std::string& pointer,
                     Problems& problems) {
    PageRule rule;
    rule.name = name;
    check_name(name, pointer, problems);
    ObjectReader reader(value, pointer, problems);
    if (const bj::value* statuses = reader.member("status")) {
        for_each_entry(
            *statuses, reader.at("status"), 20, problems,
            [&](const bj::value& status, const std::string& where) {
                if (status.is_int64() && status.get_int64() >= 100 && status.get_int64() <= 599) {
                    rule.statuses.push_back(static_cast<int>(status.get_int64()));
                } else {
                    problems.emplace_back(where, "out_of_range",
                                          "must be an HTTP status, 100 to 599");
                }
            });
    }
    rule.path = reader.line("path").value_or("");
    if (reader.has("path") && !rule.path.starts_with('/'))
        reader.complain("path", "bad_format", "must be a path that begins with `/`");
    rule.xpath = reader.line("xpath", 2048).value_or("");
    if (reader.has("xpath")) check_xpath(rule.xpath, reader.at("xpath"), problems);
    rule.json_pointer = reader.line("json").value_or("");
    if (reader.has("json")) check_json_pointer(rule.json_pointer, reader.at("json"), problems);
    if (const bj::value* equals = reader.member("equals"); equals && equals->is_array()) {
        rule.json_equals = reader.lines("equals", 50).value_or(rule.json_equals);
    } else if (equals != nullptr) {
        rule.json_equals.push_back(reader.line("equals").value_or(""));
    }
    rule.json_contains = reader.line("contains").value_or("");
    for (const std::string_view key : {"equals", "contains"}) {
        if (reader.has(key) && rule.json_pointer.empty())
            reader.complain(key, "bad_format", "goes with `json` only");
    }
    rule.content_type = reader.line("content_type", 128).value_or("");
    if (rule.content_type.find(';') != std::string::npos)
        reader.complain("content_type", "bad_format",
                        "give the type alone: what stands behind a `;` is not compared");
    reader.finish();
    if (rule.statuses.empty() && rule.path.empty() && rule.xpath.empty() &&
        rule.json_pointer.empty() && rule.content_type.empty())
        problems.emplace_back(
            pointer, "required",
            "say how to recognise the page: status, path, xpath, json or content_type");
    return rule;
}

void decode_head(ObjectReader& reader, PortalProfile& profile, Problems& problems) {
    if (reader.require("name")) profile.name = reader.line("name", 64).value_or("");
    profile.title = reader.line("title", 256).value_or(profile.name);
    const auto binds = reader.word(
        "binds",
        [](std::string_view word) -> std::optional<Binding> {
            if (word == "order_and_contact") return Binding::order_and_contact;
            if (word == "account") return Binding::account;
            return std::nullopt;
        },
        "order_and_contact, account");
    if (binds) profile.binds = *binds;
    read_life(reader, "session_ttl", profile.session_ttl);
    using Identifier = PortalProfile::OrderIdentifier;
    profile.order_identifiers = word_list(
        reader, "order_identifiers", problems,
        [](std::string_view word) -> std::optional<Identifier> {
            if (word == "supplier_order_id") return Identifier::supplier_order_id;
            if (word == "common_name") return Identifier::common_name;
            return std::nullopt;
        },
        "supplier_order_id, common_name");
    if (profile.order_identifiers.empty())
        profile.order_identifiers = {Identifier::supplier_order_id, Identifier::common_name};
    if (const bj::value* code = reader.member("access_code"))
        profile.access_code = decode_access_code(*code, reader.at("access_code"), problems);
    decode_notations(reader, profile, problems);
    const auto proof = reader.word("proof_format", domain::parse<domain::Format>,
                                   domain::list_of_words<domain::Format>());
    if (proof) profile.proof_format = *proof;
}

bool follows_reading(PortalOperation operation) {
    return operation == PortalOperation::reissue || operation == PortalOperation::download ||
           operation == PortalOperation::revoke ||
           operation == PortalOperation::revoke_certificate ||
           operation == PortalOperation::cancel_reissue;
}

void decode_operations(ObjectReader& reader, PortalProfile& profile, Problems& problems) {
    if (!reader.require("operations")) return;
    const bj::value* operations = reader.member("operations");
    const std::set<std::string> kept = kept_variables(*operations);
    // What the order's page says is known to what is done with the order next.
    std::set<std::string> read = read_variables(*operations);
    read.insert(kept.begin(), kept.end());
    for_each_member(
        reader, "operations",
        [&](const std::string& name, const bj::value& value, const std::string& at) {
            const std::optional<PortalOperation> operation = parse_portal_operation(name);
            if (!operation) {
                problems.emplace_back(at, "unknown_field",
                                      "operations are: " + portal_operation_words());
                return;
            }
            const std::set<std::string>& known = follows_reading(*operation) ? read : kept;
            profile.operations.emplace(
                *operation, decode_operation(*operation, value, at, profile, known, problems));
        });
    const auto need = [&](PortalOperation operation) {
        if (profile.operation(operation) == nullptr)
            problems.emplace_back(
                reader.at("operations"), "required",
                "the operation " + std::string(name_of(operation)) + " is missing");
    };
    need(PortalOperation::read_order);
    if (profile.binds == Binding::order_and_contact) {
        need(PortalOperation::sign_in);
        need(PortalOperation::enter_code);
    }
    if (profile.operation(PortalOperation::reissue) != nullptr) need(PortalOperation::download);
    if (profile.operation(PortalOperation::download) != nullptr &&
        !profile.words.formats.contains(profile.proof_format))
        problems.emplace_back(reader.at("proof_format"), "unknown_value",
                              "must be one of words.formats, which the portal offers");
}

}  // namespace

PortalProfile decode_portal_profile(const bj::value& value, const std::string& pointer,
                                    Problems& problems) {
    PortalProfile profile;
    ObjectReader reader(value, pointer, problems);
    if (!value.is_object()) return profile;
    decode_head(reader, profile, problems);
    if (reader.require("pages")) {
        for_each_member(reader, "pages",
                        [&](const std::string& name, const bj::value& page, const std::string& at) {
                            profile.pages.push_back(decode_page(name, page, at, problems));
                        });
    }
    if (const bj::value* errors = reader.member("errors")) {
        for_each_entry(
            *errors, reader.at("errors"), 200, problems,
            [&](const bj::value& entry, const std::string& at) {
                Expectation error = decode_expectation(entry, at, profile, {}, 0, problems);
                if (error.then != Expectation::Then::outcome &&
                    error.then != Expectation::Then::rejected)
                    problems.emplace_back(
                        at, "required",
                        "give outcome or rejected: this list is for pages that end a step");
                profile.errors.push_back(std::move(error));
            });
    }
    decode_operations(reader, profile, problems);
    check_together(profile, pointer, problems);
    reader.finish();
    return profile;
}

}  // namespace cabroker::config
