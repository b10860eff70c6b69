#include "adapters/portal/browser.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "adapters/portal/course.hpp"
#include "adapters/portal/evidence.hpp"
#include "adapters/portal/portal_client.hpp"

namespace cabroker::adapters::portal {

namespace asio = boost::asio;
using domain::ErrorCode;
using domain::Result;
using transport::HttpRequest;
using transport::HttpResponse;

namespace {

/// Of the values for steps behind the `once` one: the cookie that carries them is small.
constexpr std::size_t kLongestCarried = 512;
constexpr std::size_t kMostCarried = 4096;

std::map<std::string, std::string> carried_values(const Variables& values) {
    std::map<std::string, std::string> carried;
    std::size_t octets = 0;
    for (const auto& [name, value] : values.small_values(kLongestCarried)) {
        octets += name.size() + value.size();
        if (config::is_given_variable(name) || octets > kMostCarried) continue;
        carried.emplace(name, value);
    }
    return carried;
}

/// Not certainly without a request on its way.
bool may_be_sent(const Result<HttpResponse>& answer) {
    return !answer.has_error() || (answer.error().code != ErrorCode::unreachable &&
                                   answer.error().code != ErrorCode::bad_configuration);
}

/// Those answers that every browser follows with a GET.
std::optional<PageBehind> page_behind(const std::string& step, const Result<HttpResponse>& answer) {
    if (!answer || !is_redirect(*answer) || answer->status >= 307) return std::nullopt;
    return PageBehind{step, *answer->location};
}

}  // namespace

Browser::Browser(const Portal& portal, BrowserState state,
                 std::chrono::steady_clock::time_point deadline, Visit visit)
    : portal_(&portal), state_(std::move(state)), deadline_(deadline), visit_(std::move(visit)) {}

asio::awaitable<Run> Browser::run(config::PortalOperation operation, Variables given) {
    const Received* const shown = shown_ ? &*shown_ : nullptr;
    Course course(*portal_, visit_, state_, shown, operation, std::move(given));
    PortalClient client(*portal_, visit_, state_.jar, course.run.cookies_sent, deadline_);
    if (course.plan() != nullptr) co_await walk(course, client, 0);
    shown_ = course.take_page();
    co_return std::move(course.run);
}

asio::awaitable<Run> Browser::submit(config::PortalOperation operation, Prepared prepared,
                                     Variables given,
                                     std::chrono::steady_clock::time_point act_until) {
    const Received* const shown = shown_ ? &*shown_ : nullptr;
    Course course(*portal_, visit_, state_, shown, operation, std::move(given));
    PortalClient client(*portal_, visit_, state_.jar, course.run.cookies_sent, deadline_);
    const std::size_t index = prepared.step;
    if (course.plan() == nullptr || index >= course.plan()->steps.size()) {
        course.stop(Stop::misconfigured, "the profile changed while the request was prepared");
        co_return std::move(course.run);
    }
    course.run.step = course.plan()->steps[index].name;
    if (!transport::same_origin(portal_->origin, prepared.url)) {
        course.stop(Stop::misconfigured, "base_url changed while the request was prepared");
        co_return std::move(course.run);
    }

    for (const auto& [name, value] : prepared.carried) {
        if (!course.run.values.has(name)) course.run.values.set(name, value);
    }
    const Result<void> headed = fill_headers(course.plan()->steps[index], portal_->profile.headers,
                                             course.run.values, prepared);
    if (!headed) {
        course.stop_failed(headed.error());
        co_return std::move(course.run);
    }
    HttpRequest request = http_request(prepared);
    request.effect_once = true;
    request.deadline = std::min(deadline_, act_until);
    course.begin_exchange();
    Result<HttpResponse> answer = co_await client.perform(std::move(request));
    course.run.once_sent = may_be_sent(answer);
    course.run.moved = answer && is_redirect(*answer);
    if (answer) answer = co_await client.follow(std::move(*answer), prepared.method);
    const std::optional<std::size_t> next = course.take(index, prepared, std::move(answer));
    if (next) {
        course.run.moved = true;
        co_await walk(course, client, *next);
    }
    co_return std::move(course.run);
}

asio::awaitable<Run> Browser::go_on(config::PortalOperation operation, PageBehind behind,
                                    Variables given) {
    Course course(*portal_, visit_, state_, nullptr, operation, std::move(given));
    PortalClient client(*portal_, visit_, state_.jar, course.run.cookies_sent, deadline_);
    course.run.step = behind.step;
    const std::optional<std::size_t> index = course.index_of(behind.step);
    const auto url = transport::resolve_within(portal_->origin, behind.url, behind.url);
    if (!index || !url) {
        course.stop(Stop::misconfigured, "the profile or base_url changed during the sign-in");
        co_return std::move(course.run);
    }
    Prepared prepared;
    prepared.step = *index;
    prepared.url = *url;
    HttpRequest request = http_request(prepared);
    course.begin_exchange();
    Result<HttpResponse> answer = co_await client.perform(std::move(request));
    if (answer) answer = co_await client.follow(std::move(*answer), prepared.method);
    const std::optional<std::size_t> next = course.take(*index, prepared, std::move(answer));
    course.run.behind = std::move(behind);
    if (next) co_await walk(course, client, *next);
    shown_ = course.take_page();
    co_return std::move(course.run);
}

asio::awaitable<void> Browser::walk(Course& course, PortalClient& client, std::size_t from) {
    std::size_t index = from;
    while (index < course.plan()->steps.size()) {
        const config::ProfileStep& step = course.plan()->steps[index];
        if (!step.when.empty() && course.run.values.text_or_empty(step.when).empty()) {
            ++index;
            continue;
        }
        course.run.step = step.name;
        Result<Prepared> prepared = prepare(step, index, course.page(), portal_->profile.headers,
                                            course.run.values, portal_->origin);
        if (!prepared) {
            course.stop_failed(prepared.error());
            co_return;
        }
        if (step.effect == domain::EffectClass::once) {
            course.run.stop = Stop::before_once;
            course.run.prepared = std::move(*prepared);
            course.run.prepared->carried = carried_values(course.run.values);
            co_return;
        }
        HttpRequest request = http_request(*prepared);
        course.begin_exchange();
        if (step.effect == domain::EffectClass::repeatable) {
            // Repeating is ours to decide: sent twice unseen, an access code would be used up.
            request.effect_once = true;
            request.deadline = deadline_;
        }
        Result<HttpResponse> answer = co_await client.perform(std::move(request));
        if (step.effect == domain::EffectClass::repeatable) {
            course.run.repeatable_sent = course.run.repeatable_sent || may_be_sent(answer);
            course.run.behind = page_behind(step.name, answer);
        }
        if (answer) answer = co_await client.follow(std::move(*answer), prepared->method);
        const std::optional<std::size_t> next = course.take(index, *prepared, std::move(answer));
        if (!next) co_return;
        index = *next;
    }
    course.run.stop = Stop::finished;
}

protocol::EvidenceBlob Browser::evidence_of(const Run& run) const {
    return portal::evidence_of(run, state_.jar);
}

}  // namespace cabroker::adapters::portal
