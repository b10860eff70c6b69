#include "adapters/portal/received.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "adapters/portal/redaction.hpp"
#include "domain/ascii.hpp"
#include "transport/origin.hpp"

namespace cabroker::adapters::portal {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

using domain::lower;
using domain::trimmed;

constexpr std::int64_t kLongestRetryAfter = 7L * 24 * 3600;

bool is_json(std::string_view content_type) {
    return content_type == "application/json" || content_type.ends_with("+json");
}

/// The path of an absolute URL, without query.
std::string_view path_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return url;
    const std::size_t slash = url.find('/', scheme + 3);
    if (slash == std::string_view::npos) return "/";
    const std::string_view rest = url.substr(slash);
    return rest.substr(0, rest.find_first_of("?#"));
}

bool path_fits(std::string_view pattern, std::string_view path) {
    if (pattern.ends_with('*')) return path.starts_with(pattern.substr(0, pattern.size() - 1));
    return path == pattern;
}

bool status_fits(const config::PageRule& rule, int status) {
    if (rule.statuses.empty()) return status == 200;
    return std::find(rule.statuses.begin(), rule.statuses.end(), status) != rule.statuses.end();
}

/// The part between the two marks; empty when one is not there.
std::string cut(std::string text, const config::Extraction& extraction) {
    if (!extraction.after.empty()) {
        const std::size_t at = text.find(extraction.after);
        if (at == std::string::npos) return {};
        text.erase(0, at + extraction.after.size());
    }
    if (!extraction.before.empty()) {
        const std::size_t at = text.find(extraction.before);
        if (at == std::string::npos) return {};
        text.erase(at);
    }
    return std::string(trimmed(text));
}

Result<std::vector<std::string>> one_or_none(const Result<std::optional<std::string>>& found) {
    if (!found) return found.error();
    std::vector<std::string> values;
    if (*found) values.push_back(**found);
    return values;
}

std::vector<std::string> single(std::string value) {
    std::vector<std::string> values;
    values.push_back(std::move(value));
    return values;
}

/// RFC 9110's IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`); curl reads the obsolete forms too, we
/// do not.
std::optional<domain::Time> http_date(const std::string& text) {
    std::tm parts{};
    const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return domain::Time(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

Received::Received(transport::HttpResponse response, const Received* shown_before)
    : response_(std::move(response)) {
    if (is_json(response_.content_type)) {
        json_.emplace(transport::JsonPage::parse(response_.body));
        return;
    }
    const std::string type = response_.header("content-type").value_or(std::string());
    if (shown_before != nullptr && shown_before->page_ &&
        shown_before->response_.body == response_.body &&
        shown_before->response_.header("content-type").value_or(std::string()) == type) {
        page_ = shown_before->page_;
        return;
    }
    page_.emplace(transport::Page::parse(response_.body, type));
}

Result<transport::Page> Received::page() const {
    if (!page_) return Error(ErrorCode::bad_answer, "the answer is no HTML page");
    return *page_;
}

std::string Received::unreadable() const {
    if (json_ && !json_->has_value()) return json_->error().detail;
    if (page_ && !page_->has_value()) return page_->error().detail;
    return {};
}

Result<bool> Received::json_holds(const config::PageRule& rule) const {
    if (!json_ || !json_->has_value()) return false;
    const auto value = json_->value().at(rule.json_pointer);
    if (!value) return value.error();
    const std::string* const text = value->has_value() ? &**value : nullptr;
    if (!rule.json_equals.empty()) {
        const auto& words = rule.json_equals;
        if (text == nullptr || std::find(words.begin(), words.end(), *text) == words.end()) {
            return false;
        }
    }
    if (!rule.json_contains.empty()) {
        return text != nullptr && text->find(rule.json_contains) != std::string::npos;
    }
    if (text != nullptr) return true;
    const auto size = json_->value().size(rule.json_pointer);
    if (!size) return size.error();
    return *size > 0;
}

Result<bool> Received::is(const config::PageRule& rule) const {
    if (!status_fits(rule, response_.status)) return false;
    if (!rule.path.empty() && !path_fits(rule.path, path_of(response_.url))) return false;
    if (!rule.content_type.empty() &&
        !response_.content_type.starts_with(lower(rule.content_type))) {
        return false;
    }
    if (!rule.xpath.empty()) {
        if (!page_ || !page_->has_value()) return false;
        const Result<bool> holds = page_->value().holds(rule.xpath);
        if (!holds || !*holds) return holds;
    }
    if (!rule.json_pointer.empty()) return json_holds(rule);
    return true;
}

std::string Received::why_not(const config::PageRule& rule) const {
    const Result<bool> fits = is(rule);
    if (fits && *fits) return {};
    if (!fits) return fits.error().detail;
    if (!status_fits(rule, response_.status)) return "another status";
    const std::string_view path = path_of(response_.url);
    if (!rule.path.empty() && !path_fits(rule.path, path))
        return "the path is " + std::string(path);
    if (!rule.content_type.empty() &&
        !response_.content_type.starts_with(domain::lower(rule.content_type))) {
        return "the content type is " + response_.content_type;
    }
    if (!rule.xpath.empty()) {
        if (!page_ || !page_->has_value()) return "it is no page to use an XPath on";
        const Result<bool> holds = page_->value().holds(rule.xpath);
        if (!holds || !*holds) return "its xpath does not hold";
    }
    if (!json_ || !json_->has_value()) return "it is no JSON";
    const auto value = json_->value().at(rule.json_pointer);
    if (!value || !value->has_value()) return "there is nothing at " + rule.json_pointer;
    return rule.json_pointer + " is " + **value;
}

Result<const config::Expectation*> Received::recognise(
    const config::PortalProfile& profile,
    const std::vector<config::Expectation>& expectations) const {
    for (const config::Expectation& expectation : expectations) {
        const config::PageRule* rule = profile.page(expectation.page);
        if (rule == nullptr) {
            return Error(ErrorCode::bad_configuration,
                         "the profile names a page that it does not describe: " + expectation.page);
        }
        const Result<bool> fits = is(*rule);
        if (!fits) return fits.error();
        if (*fits) return &expectation;
    }
    return nullptr;
}

Result<std::vector<std::string>> Received::values_of(const config::Extraction& extraction) const {
    using Source = config::Extraction::Source;
    const std::vector<std::string> nothing;
    switch (extraction.source) {
        case Source::xpath:
            if (!page_ || !page_->has_value()) return nothing;
            if (extraction.all) return page_->value().all(extraction.expression);
            return one_or_none(page_->value().first(extraction.expression));
        case Source::json_pointer:
            if (!json_ || !json_->has_value()) return nothing;
            if (extraction.all && !extraction.item.empty()) {
                return json_->value().each(extraction.expression, extraction.item,
                                           extraction.where_pointer, extraction.where_equals);
            }
            if (extraction.all) return json_->value().all(extraction.expression);
            return one_or_none(json_->value().at(extraction.expression));
        case Source::header: {
            std::vector<std::string> values;
            for (const auto& header : response_.headers)
                if (header.name == lower(extraction.expression)) values.push_back(header.value);
            return values;
        }
        case Source::url:
            return single(response_.url);
        case Source::body:
            return single(response_.body);
    }
    return nothing;
}

Result<void> Received::extract(const std::vector<config::Extraction>& extractions,
                               Variables& into) const {
    for (const config::Extraction& extraction : extractions) {
        Result<std::vector<std::string>> found = values_of(extraction);
        if (!found) return found.error();
        std::vector<std::string> values = std::move(*found);
        if (extraction.source != config::Extraction::Source::body) {
            for (std::string& value : values) value = cut(std::move(value), extraction);
        }
        // Of several cookies, say, the one where `after` stands.
        if (extraction.source == config::Extraction::Source::header) std::erase(values, "");
        if (values.empty() || (!extraction.all && values.front().empty())) {
            if (!extraction.required) continue;
            return Error(ErrorCode::bad_answer, "the page does not show " + extraction.name);
        }
        if (extraction.all) {
            into.set_list(extraction.name, std::move(values));
        } else {
            into.set(extraction.name, std::move(values.front()));
        }
    }
    return {};
}

std::string Received::detail(const config::Expectation& expectation) const {
    if (!expectation.detail.empty() && page_ && page_->has_value()) {
        const auto text = page_->value().first(expectation.detail);
        if (text && text->has_value()) return one_line(**text);
    }
    if (!expectation.detail_pointer.empty() && json_ && json_->has_value()) {
        const auto text = json_->value().at(expectation.detail_pointer);
        if (text && text->has_value()) return one_line(**text);
    }
    return {};
}

std::optional<domain::Duration> Received::retry_after(domain::Time now) const {
    const std::optional<std::string> header = response_.header("retry-after");
    if (!header) return std::nullopt;
    const std::string text(trimmed(*header));
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && end == text.data() + text.size()) {
        if (seconds < 0) return std::nullopt;
    } else {
        const std::optional<domain::Time> date = http_date(text);
        if (!date) return std::nullopt;
        const auto left = std::chrono::ceil<std::chrono::seconds>(*date - now);
        seconds = std::max<std::int64_t>(0, left.count());
    }
    return std::chrono::seconds(std::min(seconds, kLongestRetryAfter));
}

std::string Received::base() const {
    const std::string& own = response_.url;
    if (!page_ || !page_->has_value()) return own;
    const std::string reference = page_->value().base();
    if (reference.empty()) return own;
    const Result<std::string> resolved = transport::resolve_url(own, reference);
    return resolved ? *resolved : own;
}

}  // namespace cabroker::adapters::portal
