#include "adapters/portal/browser.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>

#include "adapters/portal/redaction.hpp"

namespace cabroker::adapters::portal {

namespace asio = boost::asio;
using config::Expectation;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using transport::HttpRequest;
using transport::HttpResponse;

/// One run under way.
struct Browser::Course {
    config::PortalOperation operation;
    const config::ProfileOperation* plan = nullptr;
    std::optional<Received> before;
    Run run;
    /// When the exchange under way began.
    std::chrono::steady_clock::time_point began;

    explicit Course(config::PortalOperation what) : operation(what) {}
};

namespace {

bool is_redirect(const HttpResponse& response) {
    switch (response.status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308:
            return response.location.has_value();
        default:
            return false;
    }
}

Stop stop_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::unreachable:
            return Stop::unreachable;
        case ErrorCode::no_answer:
            return Stop::no_answer;
        case ErrorCode::bad_answer:
        case ErrorCode::limit_exceeded:
            return Stop::unknown_page;
        case ErrorCode::not_found:
            return Stop::not_offered;
        default:
            return Stop::misconfigured;
    }
}

/// How a run that does not go on ended, for the trace.
std::string ending_of(const Run& run) {
    switch (run.stop) {
        case Stop::outcome:
            return "outcome " + std::string(config::name_of(run.outcome));
        case Stop::rejected:
            return "rejected " + run.code;
        case Stop::unknown_page:
            return "unknown_page";
        case Stop::unreachable:
            return "unreachable";
        case Stop::no_answer:
            return "no_answer";
        default:
            return "misconfigured";
    }
}

/// A wait for the rate that is shorter than going round by the core.
constexpr domain::Duration kLongestTurn = std::chrono::seconds(2);
constexpr std::size_t kHeadKept = 256UL * 1024;
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

}  // namespace

Browser::Browser(const Portal& portal, BrowserState state,
                 std::chrono::steady_clock::time_point deadline, Visit visit)
    : portal_(&portal), state_(std::move(state)), deadline_(deadline), visit_(std::move(visit)) {}

asio::awaitable<Run> Browser::run(config::PortalOperation operation, Variables given) {
    Course course = begin(operation, std::move(given));
    if (course.plan != nullptr) co_await walk(course, 0);
    shown_ = std::move(course.before);
    co_return std::move(course.run);
}

asio::awaitable<Run> Browser::submit(config::PortalOperation operation, Prepared prepared,
                                     Variables given,
                                     std::chrono::steady_clock::time_point act_until) {
    Course course = begin(operation, std::move(given));
    const std::size_t index = prepared.step;
    if (course.plan == nullptr || index >= course.plan->steps.size()) {
        stop(course, Stop::misconfigured, "the profile changed while the request was prepared");
        co_return std::move(course.run);
    }
    course.run.step = course.plan->steps[index].name;
    if (!transport::same_origin(portal_->origin, prepared.url)) {
        stop(course, Stop::misconfigured, "base_url changed while the request was prepared");
        co_return std::move(course.run);
    }

    for (const auto& [name, value] : prepared.carried) {
        if (!course.run.values.has(name)) course.run.values.set(name, value);
    }
    const Result<void> headed = fill_headers(course.plan->steps[index], portal_->profile.headers,
                                             course.run.values, prepared);
    if (!headed) {
        stop_failed(course, headed.error());
        co_return std::move(course.run);
    }
    HttpRequest request = http_request(prepared);
    request.effect_once = true;
    request.deadline = std::min(deadline_, act_until);
    course.began = std::chrono::steady_clock::now();
    Result<HttpResponse> answer = co_await perform(std::move(request));
    const bool nothing_sent =
        answer.has_error() && (answer.error().code == ErrorCode::unreachable ||
                               answer.error().code == ErrorCode::bad_configuration);
    course.run.once_sent = !nothing_sent;
    if (answer) answer = co_await follow(std::move(*answer), prepared.method);
    const bool answered = answer.has_value();
    const std::optional<std::size_t> next = judge(course, index, std::move(answer));
    tell(course, index, prepared, answered, next);
    if (next) co_await walk(course, *next);
    co_return std::move(course.run);
}

Browser::Course Browser::begin(config::PortalOperation operation, Variables given) const {
    Course course(operation);
    course.run.values = std::move(given);
    for (const auto& [name, value] : state_.kept) {
        if (!course.run.values.has(name)) course.run.values.set(name, value);
    }
    course.plan = portal_->profile.operation(operation);
    if (course.plan == nullptr) {
        stop(course, Stop::misconfigured,
             "the profile has no operation " + std::string(config::name_of(operation)));
    }
    return course;
}

asio::awaitable<void> Browser::walk(Course& course, std::size_t from) {
    std::size_t index = from;
    while (index < course.plan->steps.size()) {
        const config::ProfileStep& step = course.plan->steps[index];
        if (!step.when.empty() && course.run.values.text_or_empty(step.when).empty()) {
            ++index;
            continue;
        }
        course.run.step = step.name;
        const Received* before = course.before ? &*course.before : nullptr;
        Result<Prepared> prepared = prepare(step, index, before, portal_->profile.headers,
                                            course.run.values, portal_->origin);
        if (!prepared) {
            stop_failed(course, prepared.error());
            co_return;
        }
        if (step.effect == domain::EffectClass::once) {
            course.run.stop = Stop::before_once;
            course.run.prepared = std::move(*prepared);
            course.run.prepared->carried = carried_values(course.run.values);
            co_return;
        }
        HttpRequest request = http_request(*prepared);
        course.began = std::chrono::steady_clock::now();
        if (step.effect == domain::EffectClass::repeatable) {
            // Repeating is ours to decide: sent twice unseen, an access code would be used up.
            request.effect_once = true;
            request.deadline = deadline_;
        }
        Result<HttpResponse> answer = co_await perform(std::move(request));
        if (answer) answer = co_await follow(std::move(*answer), prepared->method);
        const bool answered = answer.has_value();
        const std::optional<std::size_t> next = judge(course, index, std::move(answer));
        tell(course, index, *prepared, answered, next);
        if (!next) co_return;
        index = *next;
    }
    course.run.stop = Stop::finished;
}

asio::awaitable<Result<HttpResponse>> Browser::perform(HttpRequest request) {
    request.cookies = state_.jar;
    request.ca_file = portal_->ca_file;
    request.deadline = request.effect_once ? request.deadline : deadline_;
    request.max_body = kLargestAnswer;
    request.cut_body = true;
    const Result<void> allowed = co_await wait_for_turn(request.deadline);
    if (!allowed) co_return allowed.error();
    Result<HttpResponse> answer = co_await portal_->http.perform(std::move(request));
    if (answer) state_.jar = answer->cookies;
    co_return answer;
}

asio::awaitable<Result<void>> Browser::wait_for_turn(
    std::chrono::steady_clock::time_point deadline) {
    if (portal_->meter == nullptr) co_return Result<void>();
    while (true) {
        const std::optional<domain::Duration> wait = portal_->meter->take(visit_.account);
        if (!wait) co_return Result<void>();
        const auto until = std::chrono::steady_clock::now() + *wait;
        if (*wait > kLongestTurn || until >= deadline) {
            Error later = Error(ErrorCode::unreachable,
                                "nothing is sent before the adapter's rate, or the time that the "
                                "portal named, allows it")
                              .with("retry_after_ms", std::to_string(wait->count()));
            co_return later;
        }
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_at(until);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }
}

asio::awaitable<Result<HttpResponse>> Browser::follow(HttpResponse response, std::string method) {
    for (int hops = 0; is_redirect(response); ++hops) {
        // 307 and 308 ask for the same request at another place: nothing is ever sent twice.
        if (response.status >= 307 && method != "GET") break;
        if (hops == kMostRedirects) {
            co_return Error(ErrorCode::bad_answer, "the portal redirects without end");
        }
        const auto url =
            transport::resolve_within(portal_->origin, response.url, *response.location);
        if (!url) {
            co_return Error(ErrorCode::bad_answer,
                            "the portal redirects to another origin, which is not followed");
        }
        HttpRequest request("GET", *url);
        method = "GET";
        Result<HttpResponse> next = co_await perform(std::move(request));
        if (!next) co_return next;
        response = std::move(*next);
    }
    Result<HttpResponse> last(std::move(response));
    co_return last;
}

std::optional<std::size_t> Browser::judge(Course& course, std::size_t index,
                                          Result<HttpResponse> answer) {
    if (!answer) {
        stop_failed(course, answer.error());
        return std::nullopt;
    }
    const std::optional<Received>& shown = course.before ? course.before : shown_;
    Received received(std::move(*answer), shown ? &*shown : nullptr);
    course.before = std::move(received);
    const Received& page = *course.before;
    course.run.body = page.response().body;
    course.run.content_type = page.response().content_type;
    if (page.response().cut) {
        stop(course, Stop::unknown_page, "the portal's answer is too large; its beginning is kept");
        return std::nullopt;
    }

    auto found = page.recognise(portal_->profile, course.plan->steps[index].expect);
    if (found && *found == nullptr)
        found = page.recognise(portal_->profile, portal_->profile.errors);
    if (!found) {
        stop_failed(course, found.error());
        return std::nullopt;
    }
    if (*found != nullptr) return obey(course, index, **found);

    const int status = page.response().status;
    const std::string said = "the portal answered " + std::to_string(status);
    if (status == 429 || status >= 500) {
        stop(course, Stop::unreachable, said);
        keep_away(course, std::nullopt);
    } else {
        stop(course, Stop::unknown_page, said + " with a page that the profile does not know");
    }
    return std::nullopt;
}

void Browser::tell(const Course& course, std::size_t index, const Prepared& sent, bool answered,
                   const std::optional<std::size_t>& next) const {
    if (!portal_->trace) return;
    Exchange told{
        portal_->profile,
        course.plan->steps[index],
        sent,
        answered && course.before ? &*course.before : nullptr,
        secrets(course.run),
        portal_->name,
        visit_.request,
        config::name_of(course.operation),
        next ? (*next < course.plan->steps.size() ? "next" : "done") : ending_of(course.run),
        next ? std::string() : course.run.detail,
        {}};
    const auto took = std::chrono::steady_clock::now() - course.began;
    told.took = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    portal_->trace(trace_of(told));
}

std::optional<std::size_t> Browser::obey(Course& course, std::size_t index,
                                         const Expectation& expectation) {
    const config::ProfileStep& step = course.plan->steps[index];
    const bool goes_on = expectation.then == Expectation::Then::next_step ||
                         expectation.then == Expectation::Then::skip_to ||
                         expectation.then == Expectation::Then::done;
    if (!take_values(course, step, goes_on)) return std::nullopt;

    std::string detail;
    if (!goes_on) detail = redact(course.before->detail(expectation), secrets(course.run));
    switch (expectation.then) {
        case Expectation::Then::next_step:
            return index + 1;
        case Expectation::Then::skip_to:
            // Only forward, so that no profile can make a loop.
            return std::max(expectation.step, index + 1);
        case Expectation::Then::done:
            return course.plan->steps.size();
        case Expectation::Then::outcome:
            course.run.outcome = expectation.outcome;
            stop(course, Stop::outcome, std::move(detail));
            break;
        case Expectation::Then::rejected:
            course.run.code = expectation.code;
            stop(course, Stop::rejected, std::move(detail));
            break;
    }
    keep_away(course, expectation.retry_after);
    return std::nullopt;
}

void Browser::keep_away(Course& course, std::optional<domain::Duration> unless_told) const {
    course.run.retry_after = course.before->retry_after(visit_.now);
    if (!course.run.retry_after) course.run.retry_after = unless_told;
    const int status = course.before->response().status;
    const bool load = course.run.stop == Stop::unreachable || status == 429 || status == 503 ||
                      (course.run.stop == Stop::outcome &&
                       (course.run.outcome == config::PageOutcome::rate_limited ||
                        course.run.outcome == config::PageOutcome::maintenance));
    if (portal_->meter != nullptr && load && course.run.retry_after) {
        portal_->meter->stay_away(visit_.account, *course.run.retry_after);
    }
}

bool Browser::take_values(Course& course, const config::ProfileStep& step, bool strictly) {
    const Result<void> taken = course.before->extract(step.extract, course.run.values);
    if (!taken && (strictly || taken.error().code == ErrorCode::bad_configuration)) {
        stop_failed(course, taken.error());
        return false;
    }
    for (const config::Extraction& extraction : step.extract) {
        const auto value = course.run.values.text(extraction.name);
        if (extraction.keep && value) state_.kept.insert_or_assign(extraction.name, *value);
    }
    return true;
}

void Browser::stop(Course& course, Stop why, std::string detail) const {
    course.run.stop = why;
    course.run.detail = std::move(detail);
    if (course.before) course.run.evidence.push_back(evidence_of(course.run));
}

void Browser::stop_failed(Course& course, const Error& error) const {
    const auto field = error.facts.find("field");
    if (field != error.facts.end()) course.run.code = field->second;
    const auto later = error.facts.find("retry_after_ms");
    if (later != error.facts.end()) {
        course.run.retry_after = domain::Duration(std::strtoll(later->second.c_str(), nullptr, 10));
    }
    stop(course, stop_of(error), redact(one_line(error.detail), secrets(course.run)));
}

protocol::EvidenceBlob Browser::evidence_of(const Run& run) const {
    protocol::EvidenceBlob blob;
    blob.type = domain::EvidenceType::page;
    blob.name = "page-" + run.step + ".html";
    blob.content_type = run.content_type.empty() ? "application/octet-stream" : run.content_type;
    // Of an endless page the beginning is enough to see what it is.
    const bool cut = run.body.size() >= kLargestAnswer;
    const std::string_view shown(run.body.data(), cut ? kHeadKept : run.body.size());
    blob.octets = redact(shown, secrets(run));
    return blob;
}

std::vector<std::string> Browser::secrets(const Run& run) const {
    std::vector<std::string> all = run.values.secrets();
    for (std::string& value : cookie_values(state_.jar)) all.push_back(std::move(value));
    return with_disguises(std::move(all));
}

}  // namespace cabroker::adapters::portal
