#include <algorithm>
#include <boost/json.hpp>

#include "config/decode_tools.hpp"
#include "config/profile_decode.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
using domain::EffectClass;
using json::ObjectReader;
using json::Problems;

/// Reads the steps of one operation, remembering which variables templates may name by then.
class StepReader {
  public:
    StepReader(const PortalProfile& profile, std::set<std::string> known,
               std::vector<std::string> step_names, Problems& problems)
        : profile_(profile),
          known_(std::move(known)),
          step_names_(std::move(step_names)),
          problems_(problems) {}

    ProfileStep read(const bj::value& value, const std::string& pointer, std::size_t index) {
        ProfileStep step;
        ObjectReader reader(value, pointer, problems_);
        if (reader.require("step")) step.name = reader.line("step", 64).value_or("");
        read_target(reader, step.request);
        read_body(reader, step.request);
        read_effect(reader, step);
        if (reader.require("expect")) {
            const bj::value* expect = reader.member("expect");
            for_each_entry(*expect, reader.at("expect"), 50, problems_,
                           [&](const bj::value& entry, const std::string& at) {
                               step.expect.push_back(decode_expectation(
                                   entry, at, profile_, step_names_, index, problems_));
                           });
        }
        step.when = reader.line("when", 64).value_or("");
        if (!step.when.empty() && !is_known(step.when))
            reader.complain("when", "unknown_value", "no variable of this name is known here");
        for_each_member(
            reader, "extract",
            [&](const std::string& name, const bj::value& entry, const std::string& at) {
                step.extract.push_back(decode_extraction(name, entry, at, problems_));
                known_.insert(name);
            });
        reader.finish();
        return step;
    }

  private:
    [[nodiscard]] bool is_known(const std::string& name) const {
        return is_given_variable(name) || known_.contains(name);
    }

    TextTemplate check_template(const std::string& text, const std::string& pointer) {
        std::string why;
        const std::optional<TextTemplate> parsed = TextTemplate::parse(text, why);
        if (!parsed) {
            problems_.emplace_back(pointer, "bad_format", why);
            return {};
        }
        for (const std::string& name : parsed->variables()) {
            const bool of_account = name == "username" || name == "password";
            if (!is_known(name)) {
                problems_.emplace_back(
                    pointer, "unknown_value",
                    "no variable {{" + name + "}} is known here: extract it before");
            } else if (of_account && profile_.binds != Binding::account) {
                problems_.emplace_back(pointer, "unknown_value",
                                       "{{" + name +
                                           "}} is an account's: it goes with `binds: "
                                           "account`");
            }
        }
        return *parsed;
    }

    void read_path(ObjectReader& reader, std::string_view key, Method method,
                   RequestTemplate& request) {
        const std::optional<std::string> path = reader.line(key, 2048);
        if (!path) return;
        request.method = method;
        request.path = check_template(*path, reader.at(key));
        if (!path->starts_with('/') || path->starts_with("//"))
            reader.complain(key, "bad_format",
                            "must be a path below base_url that begins with one `/`");
    }

    void read_target(ObjectReader& reader, RequestTemplate& request) {
        int targets = 0;
        for (const std::string_view key : {"get", "post", "put", "delete", "form", "link"}) {
            if (reader.has(key)) ++targets;
        }
        read_path(reader, "get", Method::get, request);
        read_path(reader, "post", Method::post, request);
        read_path(reader, "put", Method::put, request);
        read_path(reader, "delete", Method::delete_, request);
        if (const auto form = reader.line("form", 2048)) {
            request.form = *form;
            request.method = Method::post;
            request.body = BodyEncoding::form;
            check_xpath(*form, reader.at("form"), problems_);
        }
        if (const auto link = reader.line("link", 2048)) {
            request.link = *link;
            check_xpath(*link, reader.at("link"), problems_);
        }
        if (targets != 1)
            reader.complain(targets == 0 ? "get" : "form", targets == 0 ? "required" : "bad_format",
                            "give exactly one of get, post, put, delete, form and link");
        if (const auto button = reader.line("button", 2048)) {
            request.button = *button;
            check_xpath(*button, reader.at("button"), problems_);
            if (request.form.empty())
                reader.complain("button", "bad_format", "goes with `form` only");
        }
    }

    RequestField read_field(const std::string& name, const bj::value& value, const std::string& at,
                            const RequestTemplate& request) {
        RequestField field;
        field.name = name;
        if (value.is_string()) {
            field.value = check_template(
                std::string(value.get_string().data(), value.get_string().size()), at);
            return field;
        }
        ObjectReader reader(value, at, problems_);
        if (reader.require("value")) {
            if (const auto text = reader.text("value"))
                field.value = check_template(*text, reader.at("value"));
        }
        field.file_name = reader.line("file_name", 128);
        field.content_type = reader.line("content_type", 128).value_or("");
        if (field.file_name && request.body != BodyEncoding::multipart)
            reader.complain("file_name", "bad_format", "files go with `body: multipart` only");
        reader.finish();
        return field;
    }

    // Checks every template in a JSON body.
    void check_json_strings(const bj::value& value, const std::string& at) {
        if (value.is_string()) {
            check_template(std::string(value.get_string().data(), value.get_string().size()), at);
        } else if (value.is_array()) {
            std::size_t index = 0;
            for (const bj::value& entry : value.get_array())
                check_json_strings(entry, at + "/" + std::to_string(index++));
        } else if (value.is_object()) {
            for (const auto& member : value.get_object()) {
                const std::string key(member.key().data(), member.key().size());
                check_json_strings(member.value(), at + "/" + json::pointer_segment(key));
            }
        }
    }

    void read_body(ObjectReader& reader, RequestTemplate& request) {
        const auto body = reader.word(
            "body",
            [](std::string_view word) -> std::optional<BodyEncoding> {
                if (word == "none") return BodyEncoding::none;
                if (word == "form") return BodyEncoding::form;
                if (word == "multipart") return BodyEncoding::multipart;
                if (word == "json") return BodyEncoding::json;
                return std::nullopt;
            },
            "none, form, multipart, json");
        if (!body && reader.has("fields") && request.body == BodyEncoding::none)
            request.body = BodyEncoding::form;
        if (!body && reader.has("json")) request.body = BodyEncoding::json;
        if (body) request.body = *body;
        for_each_member(
            reader, "fields",
            [&](const std::string& name, const bj::value& value, const std::string& at) {
                request.fields.push_back(read_field(name, value, at, request));
            });
        if (reader.has("json") && reader.has("fields"))
            reader.complain("fields", "bad_format", "a body is either `json` or `fields`");
        if (const bj::value* document = reader.member("json")) {
            check_json_strings(*document, reader.at("json"));
            request.json_body = bj::serialize(*document);
            if (request.body != BodyEncoding::json || !request.form.empty())
                reader.complain("json", "bad_format",
                                "goes with `body: json` only, not with forms");
        } else if (request.body == BodyEncoding::json) {
            reader.complain("json", "required", "give the document to send");
        }
        const bool sends = request.method != Method::get;
        if (request.body != BodyEncoding::none && !sends)
            reader.complain("body", "bad_format",
                            "a body goes with post, put, delete and form only");
        for_each_member(
            reader, "headers",
            [&](const std::string& name, const bj::value& value, const std::string& at) {
                check_name(name, at, problems_);
                check_header(name, value, at, problems_);
                if (!value.is_string()) {
                    problems_.emplace_back(at, "wrong_type", "must be a string");
                    return;
                }
                const std::string text(value.get_string().data(), value.get_string().size());
                request.headers.emplace_back(name, check_template(text, at));
            });
    }

    void read_effect(ObjectReader& reader, ProfileStep& step) {
        const auto effect =
            reader.word("effect", domain::parse<EffectClass>, "free, repeatable, once");
        if (effect) step.effect = *effect;
        if (step.request.method != Method::get && !reader.has("effect"))
            reader.complain(
                "effect", "required",
                "say what sending this does: free, repeatable or once (never sent twice)");
    }

    const PortalProfile& profile_;
    std::set<std::string> known_;
    std::vector<std::string> step_names_;
    Problems& problems_;
};

bool changes_orders(PortalOperation operation) {
    return operation == PortalOperation::reissue || operation == PortalOperation::revoke ||
           operation == PortalOperation::revoke_certificate ||
           operation == PortalOperation::cancel_reissue;
}

std::vector<std::string> names_of_steps(const bj::array& steps) {
    std::vector<std::string> names;
    for (const bj::value& step : steps) {
        const bj::value* name = step.is_object() ? step.get_object().if_contains("step") : nullptr;
        names.push_back(name != nullptr && name->is_string()
                            ? std::string(name->get_string().data(), name->get_string().size())
                            : std::string());
    }
    return names;
}

void check_once(PortalOperation operation, ProfileOperation& made, const std::string& pointer,
                Problems& problems) {
    for (std::size_t at = 0; at < made.steps.size(); ++at) {
        if (made.steps[at].effect != EffectClass::once) continue;
        const std::string where = pointer + "/" + std::to_string(at) + "/effect";
        if (!changes_orders(operation))
            problems.emplace_back(where, "bad_format",
                                  "`once` is for reissue, revoke, revoke_certificate and "
                                  "cancel_reissue only");
        if (made.once_step)
            problems.emplace_back(where, "bad_format",
                                  "only one step of an operation may be `once`");
        if (!made.once_step) made.once_step = at;
    }
    if (changes_orders(operation) && !made.once_step)
        problems.emplace_back(pointer, "required",
                              "one step must say `effect: once`: the one that changes the order");
}

template <class Use>
void for_each_extraction(const bj::value& steps, const Use& use) {
    if (!steps.is_array()) return;
    for (const bj::value& step : steps.get_array()) {
        const bj::value* extract =
            step.is_object() ? step.get_object().if_contains("extract") : nullptr;
        if (extract == nullptr || !extract->is_object()) continue;
        for (const auto& entry : extract->get_object())
            use(std::string(entry.key().data(), entry.key().size()), entry.value());
    }
}

}  // namespace

std::set<std::string> kept_variables(const bj::value& operations) {
    std::set<std::string> kept;
    if (!operations.is_object()) return kept;
    for (const auto& operation : operations.get_object()) {
        for_each_extraction(operation.value(), [&](const std::string& name, const bj::value& how) {
            const bj::value* keep =
                how.is_object() ? how.get_object().if_contains("keep") : nullptr;
            if (keep != nullptr && keep->is_bool() && keep->get_bool()) kept.insert(name);
        });
    }
    return kept;
}

std::set<std::string> read_variables(const bj::value& operations) {
    std::set<std::string> read;
    const bj::value* steps =
        operations.is_object() ? operations.get_object().if_contains("read_order") : nullptr;
    if (steps == nullptr) return read;
    for_each_extraction(*steps,
                        [&](const std::string& name, const bj::value&) { read.insert(name); });
    return read;
}

ProfileOperation decode_operation(PortalOperation operation, const bj::value& value,
                                  const std::string& pointer, const PortalProfile& profile,
                                  const std::set<std::string>& known, Problems& problems) {
    ProfileOperation made;
    if (!value.is_array() || value.get_array().empty()) {
        problems.emplace_back(pointer, "wrong_type", "must be a list of steps, at least one");
        return made;
    }
    const std::vector<std::string> names = names_of_steps(value.get_array());
    StepReader steps(profile, known, names, problems);
    for_each_entry(
        value, pointer, 50, problems, [&](const bj::value& entry, const std::string& at) {
            const std::size_t index = made.steps.size();
            made.steps.push_back(steps.read(entry, at, index));
            const std::string& name = names[index];
            if (!name.empty() &&
                std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(index),
                          name) != names.begin() + static_cast<std::ptrdiff_t>(index))
                problems.emplace_back(at + "/step", "bad_format",
                                      "a step before has this name already");
        });
    check_once(operation, made, pointer, problems);
    return made;
}

}  // namespace cabroker::config
