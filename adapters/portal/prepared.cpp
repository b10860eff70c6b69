#include "adapters/portal/prepared.hpp"

#include <algorithm>

#include "adapters/portal/multipart.hpp"

namespace cabroker::adapters::portal {

using config::BodyEncoding;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

Error not_known(const std::string& step, const std::string& what) {
    return Error(ErrorCode::bad_answer, "step " + step + ": " + what);
}

Error no_variable(const config::ProfileStep& step, const config::TextTemplate& text) {
    return Error(ErrorCode::bad_configuration, "step " + step.name +
                                                   " of the profile needs a value that is not "
                                                   "there: " +
                                                   text.text());
}

/// The one form that the step names.
Result<transport::Form> form_of(const config::ProfileStep& step, const transport::Page& page) {
    const auto form = page.form(step.request.form);
    if (!form) return Error(form.error().code, "step " + step.name + ": " + form.error().detail);
    if (!*form) return not_known(step.name, "the page has no form " + step.request.form);
    return **form;
}

/// Name and value of the submit button, if the step names one. Its XPath is relative to the form.
Result<void> press_button(const config::ProfileStep& step, const transport::Page& page,
                          transport::FormValues& values) {
    const std::string& button = step.request.button;
    if (button.empty()) return {};
    const auto forms = page.nodes(step.request.form);
    if (!forms) return forms.error();
    if (forms->size() != 1) return not_known(step.name, "the page has not one such form");
    const transport::PageNode& form = forms->front();
    const auto found = form.all(button);
    if (!found) return found.error();
    if (found->size() != 1) return not_known(step.name, "the form has not one button " + button);
    const auto name = form.first(button + "/@name");
    if (!name) return name.error();
    const auto value = form.first(button + "/@value");
    if (!value) return value.error();
    if (*name && !(*name)->empty()) values.emplace_back(**name, value->value_or(std::string()));
    return {};
}

/// A select or a group of radio buttons that does not hold `value`.
bool refuses_choice(const transport::Form& form, const std::string& name,
                    const std::string& value) {
    bool is_choice = false;
    for (const transport::FormField& field : form.fields) {
        if (field.name != name || (field.type != "select" && field.type != "radio")) continue;
        if (field.value == value) return false;
        is_choice = true;
    }
    return is_choice;
}

Error not_offered(const transport::Form& form, const std::string& name, const std::string& value) {
    std::string offered;
    for (const transport::FormField& field : form.fields) {
        if (field.name != name || field.value.empty()) continue;
        if (!offered.empty()) offered += ", ";
        offered += field.value;
    }
    return Error(ErrorCode::not_found,
                 "the portal does not offer " + value + "; it offers: " + offered)
        .with("field", name);
}

Result<void> fill_fields(const config::ProfileStep& step, const transport::Form* form,
                         const Variables& variables, Prepared& prepared) {
    for (const config::RequestField& field : step.request.fields) {
        const auto value = field.value.render(variables.lookup());
        if (!value) {
            // A field that the form has keeps its preset value when we have none.
            if (form != nullptr && form->has(field.name)) continue;
            if (field.value.is_one_variable()) continue;
            return no_variable(step, field.value);
        }
        if (form != nullptr && refuses_choice(*form, field.name, *value)) {
            return not_offered(*form, field.name, *value);
        }
        if (field.file_name) {
            prepared.values.emplace_back(field.name, *value);
            prepared.files.resize(prepared.values.size());
            prepared.files.back() = {*field.file_name, field.content_type};
        } else {
            transport::set_value(prepared.values, field.name, *value);
        }
    }
    prepared.files.resize(prepared.values.size());
    return {};
}

Result<void> fill_form(const config::ProfileStep& step, const Received* before,
                       const Variables& variables, const transport::Origin& origin,
                       Prepared& prepared) {
    if (before == nullptr) return not_known(step.name, "there is no page before with a form");
    const Result<transport::Page> page = before->page();
    if (!page) return not_known(step.name, page.error().detail);
    const Result<transport::Form> form = form_of(step, *page);
    if (!form) return form.error();
    const auto action = transport::resolve_within(
        origin, form->action.empty() ? before->response().url : before->base(), form->action);
    if (!action) return not_known(step.name, "the form leads away: " + action.error().detail);

    prepared.url = *action;
    prepared.method = form->method;
    const bool multipart =
        form->enctype == "multipart/form-data" || step.request.body == BodyEncoding::multipart;
    prepared.encoding = multipart ? BodyEncoding::multipart : BodyEncoding::form;
    prepared.values = form->values();
    const Result<void> pressed = press_button(step, *page, prepared.values);
    if (!pressed) return pressed.error();
    return fill_fields(step, &*form, variables, prepared);
}

Result<void> follow_link(const config::ProfileStep& step, const Received* before,
                         const transport::Origin& origin, Prepared& prepared) {
    if (before == nullptr) return not_known(step.name, "there is no page before with a link");
    const Result<transport::Page> page = before->page();
    if (!page) return not_known(step.name, page.error().detail);
    const auto links = page->all(step.request.link);
    if (!links) return links.error();
    if (links->size() != 1) {
        return not_known(step.name, "the page has not one link " + step.request.link);
    }
    const auto url = transport::resolve_within(origin, before->base(), links->front());
    if (!url) return not_known(step.name, "the link leads away: " + url.error().detail);
    prepared.url = *url;
    return {};
}

Result<void> fill_plain(const config::ProfileStep& step, const Received* before,
                        const Variables& variables, const transport::Origin& origin,
                        Prepared& prepared) {
    prepared.method = config::name_of(step.request.method);
    prepared.encoding = step.request.body;
    if (!step.request.link.empty()) {
        const Result<void> linked = follow_link(step, before, origin, prepared);
        if (!linked) return linked.error();
    } else {
        const auto path = step.request.path.render_url(variables.lookup());
        if (!path) return no_variable(step, step.request.path);
        prepared.url = origin.text() + *path;
    }
    if (step.request.body == BodyEncoding::json) {
        const auto document = config::render_json(
            step.request.json_body, variables.lookup(),
            [&variables](std::string_view name) { return variables.list(name); });
        if (!document) {
            return Error(ErrorCode::bad_configuration,
                         "step " + step.name + " of the profile needs a value that is not there");
        }
        prepared.document = *document;
        return {};
    }
    return fill_fields(step, nullptr, variables, prepared);
}

/// Header names are case-blind.
bool same_name(std::string_view one, std::string_view other) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

Result<void> fill_headers(const config::ProfileStep& step, const Headers& common,
                          const Variables& variables, Prepared& prepared) {
    prepared.headers.clear();
    const Headers& own = step.request.headers;
    for (const Headers* headers : {&common, &own}) {
        for (const auto& [name, text] : *headers) {
            const bool replaced =
                headers == &common &&
                std::any_of(own.begin(), own.end(),
                            [&what = name](const auto& one) { return same_name(one.first, what); });
            if (replaced) continue;
            const auto value = text.render(variables.lookup());
            if (!value) return no_variable(step, text);
            prepared.headers.emplace_back(name, *value);
        }
    }
    return {};
}

Result<Prepared> prepare(const config::ProfileStep& step, std::size_t index, const Received* before,
                         const Headers& common, const Variables& variables,
                         const transport::Origin& origin) {
    Prepared prepared;
    prepared.step = index;
    const Result<void> filled = step.request.form.empty()
                                    ? fill_plain(step, before, variables, origin, prepared)
                                    : fill_form(step, before, variables, origin, prepared);
    if (!filled) return filled.error();
    const Result<void> headed = fill_headers(step, common, variables, prepared);
    if (!headed) return headed.error();
    return prepared;
}

transport::HttpRequest http_request(const Prepared& prepared) {
    transport::HttpRequest request(prepared.method, prepared.url);
    request.headers = prepared.headers;
    if (prepared.encoding == BodyEncoding::json) {
        request.body = prepared.document;
        request.content_type = "application/json";
        return request;
    }
    if (prepared.method == "GET") {
        if (!prepared.values.empty()) {
            const bool has_query = request.url.find('?') != std::string::npos;
            request.url += has_query ? '&' : '?';
            request.url += transport::urlencode_form(prepared.values);
        }
        return request;
    }
    if (prepared.encoding == BodyEncoding::multipart) {
        Multipart multipart = encode_multipart(prepared.values, prepared.files);
        request.body = std::move(multipart.body);
        request.content_type = std::move(multipart.content_type);
        return request;
    }
    request.body = transport::urlencode_form(prepared.values);
    request.content_type = "application/x-www-form-urlencoded";
    return request;
}

}  // namespace cabroker::adapters::portal
