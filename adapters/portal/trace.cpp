#include "adapters/portal/trace.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "adapters/portal/trace_body.hpp"
#include "adapters/protocol/json_text.hpp"

namespace cabroker::adapters::portal {

namespace bj = boost::json;

namespace {

constexpr std::size_t kMostTracedFields = 200;
constexpr std::array<std::string_view, 10> kTellingHeaders{
    "content-type", "content-length",   "content-disposition", "content-language", "location",
    "retry-after",  "www-authenticate", "cache-control",       "server",           "refresh"};

bj::string traced(std::string_view text, const Exchange& of) {
    return bj::string(trace_text(text, of.secrets));
}

/// The profile's own text for a field, never its value; what only the page's form had is said so.
bj::object traced_fields(const Exchange& of) {
    bj::object fields;
    for (const auto& [name, value] : of.sent.values) {
        if (fields.size() >= kMostTracedFields) break;
        const auto own =
            std::find_if(of.step.request.fields.begin(), of.step.request.fields.end(),
                         [&field = name](const auto& one) { return one.name == field; });
        fields[traced(name, of)] = own == of.step.request.fields.end()
                                       ? bj::string(value.empty() ? "" : "(the form's)")
                                       : traced(own->value.text(), of);
    }
    return fields;
}

bj::object traced_request(const Exchange& of) {
    bj::object sent;
    sent["method"] = of.sent.method;
    sent["url"] = trace_url(of.sent.url, of.secrets);
    bj::array headers;
    for (const auto& header : of.sent.headers) headers.push_back(traced(header.name, of));
    if (!headers.empty()) sent["headers"] = std::move(headers);
    if (!of.sent.values.empty()) sent["fields"] = traced_fields(of);
    if (!of.step.request.json_body.empty()) sent["json"] = traced(of.step.request.json_body, of);
    return sent;
}

bj::object traced_headers(const Exchange& of) {
    bj::object headers;
    bj::array cookies;
    for (const auto& [name, value] : of.answer->response().headers) {
        if (name == "set-cookie") {
            cookies.push_back(traced(value.substr(0, value.find('=')), of));
        } else if (name == "location" || name == "refresh") {
            headers[name] = trace_url(value, of.secrets);
        } else if (std::find(kTellingHeaders.begin(), kTellingHeaders.end(), name) !=
                   kTellingHeaders.end()) {
            headers[name] = traced(value, of);
        }
    }
    if (!cookies.empty()) headers["set-cookie"] = std::move(cookies);
    return headers;
}

/// Every page that was looked for, in that order, up to the one that it is.
void tell_recognition(const Exchange& of, bj::object& told) {
    bj::array tried;
    for (const auto* list : {&of.step.expect, &of.profile.errors}) {
        for (const config::Expectation& expectation : *list) {
            const config::PageRule* rule = of.profile.page(expectation.page);
            const std::string why = rule == nullptr ? "not described" : of.answer->why_not(*rule);
            if (why.empty()) {
                told["page"] = expectation.page;
                told["tried"] = std::move(tried);
                return;
            }
            bj::object one;
            one["page"] = expectation.page;
            one["why_not"] = traced(why, of);
            tried.push_back(std::move(one));
        }
    }
    told["page"] = nullptr;
    told["tried"] = std::move(tried);
}

/// Which values the page shows; not what they are.
void tell_extraction(const Exchange& of, bj::object& told) {
    bj::array found;
    bj::array missing;
    for (const config::Extraction& extraction : of.step.extract) {
        Variables one;
        const std::vector<config::Extraction> only{extraction};
        const bool there = of.answer->extract(only, one).has_value() && one.has(extraction.name);
        (there ? found : missing).push_back(bj::string(extraction.name));
    }
    if (!found.empty()) told["extracted"] = std::move(found);
    if (!missing.empty()) told["not_there"] = std::move(missing);
}

}  // namespace

std::string trace_of(const Exchange& of) {
    bj::object told;
    told["adapter"] = of.adapter;
    if (!of.request.empty()) told["request"] = of.request;
    told["operation"] = of.operation;
    told["step"] = of.step.name;
    told["sent"] = traced_request(of);
    told["took_ms"] = of.took.count();
    if (of.answer != nullptr) {
        const transport::HttpResponse& response = of.answer->response();
        told["status"] = response.status;
        told["url"] = trace_url(response.url, of.secrets);
        told["headers"] = traced_headers(of);
        tell_recognition(of, told);
        tell_extraction(of, told);
    }
    told["ended"] = traced(of.ended, of);
    if (!of.detail.empty()) told["detail"] = traced(of.detail, of);
    if (of.answer != nullptr) told["body"] = trace_body(of.answer->response(), of.secrets);
    protocol::clean_texts(told);
    return bj::serialize(told);
}

}  // namespace cabroker::adapters::portal
