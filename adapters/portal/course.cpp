#include "adapters/portal/course.hpp"

#include <algorithm>
#include <cstdlib>

#include "adapters/portal/evidence.hpp"
#include "adapters/portal/redaction.hpp"

namespace cabroker::adapters::portal {

using config::Expectation;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using transport::HttpResponse;

namespace {

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

}  // namespace

Course::Course(const Portal& portal, const Visit& visit, BrowserState& state, const Received* shown,
               config::PortalOperation operation, Variables given)
    : portal_(portal),
      visit_(visit),
      state_(state),
      shown_(shown),
      operation_(operation),
      plan_(portal.profile.operation(operation)) {
    run.values = std::move(given);
    for (const auto& [name, value] : state_.kept) {
        if (run.values.has(name)) continue;
        // What opened the session or opens it again: no page may show it.
        if (name == "access_code" || portal.profile.stands_in_headers(name)) {
            run.values.set_secret(name, value);
        } else {
            run.values.set(name, value);
        }
    }
    if (plan_ == nullptr) {
        stop(Stop::misconfigured,
             "the profile has no operation " + std::string(config::name_of(operation)));
    }
}

std::optional<std::size_t> Course::index_of(std::string_view step) const {
    if (plan_ == nullptr) return std::nullopt;
    for (std::size_t index = 0; index < plan_->steps.size(); ++index) {
        if (plan_->steps[index].name == step) return index;
    }
    return std::nullopt;
}

void Course::begin_exchange() { began_ = std::chrono::steady_clock::now(); }

std::optional<std::size_t> Course::take(std::size_t index, const Prepared& sent,
                                        Result<HttpResponse> answer) {
    const bool answered = answer.has_value();
    const std::optional<std::size_t> next = judge(index, std::move(answer));
    tell(index, sent, answered, next);
    return next;
}

std::optional<std::size_t> Course::judge(std::size_t index, Result<HttpResponse> answer) {
    if (!answer) {
        stop_failed(answer.error());
        return std::nullopt;
    }
    const Received* const shown = page_ ? &*page_ : shown_;
    Received received(std::move(*answer), shown);
    page_ = std::move(received);
    const Received& page = *page_;
    run.body = page.response().body;
    run.content_type = page.response().content_type;
    if (page.response().cut) {
        stop(Stop::unknown_page, "the portal's answer is too large; its beginning is kept");
        return std::nullopt;
    }

    auto found = page.recognise(portal_.profile, plan_->steps[index].expect);
    if (found && *found == nullptr) found = page.recognise(portal_.profile, portal_.profile.errors);
    if (!found) {
        stop_failed(found.error());
        return std::nullopt;
    }
    if (*found != nullptr) return obey(index, **found);

    const int status = page.response().status;
    const std::string said = "the portal answered " + std::to_string(status);
    if (status == 429 || status >= 500) {
        stop(Stop::unreachable, said);
        keep_away(std::nullopt);
    } else {
        std::string detail = said + " with a page that the profile does not know";
        if (const std::string why = page.unreadable(); !why.empty()) {
            detail += ": " + redact(one_line(why), secrets_of(run, state_.jar));
        }
        stop(Stop::unknown_page, std::move(detail));
    }
    return std::nullopt;
}

std::optional<std::size_t> Course::obey(std::size_t index, const Expectation& expectation) {
    const config::ProfileStep& step = plan_->steps[index];
    const bool goes_on = expectation.then == Expectation::Then::next_step ||
                         expectation.then == Expectation::Then::skip_to ||
                         expectation.then == Expectation::Then::done;
    if (!take_values(step, goes_on)) return std::nullopt;

    std::string detail;
    if (!goes_on) detail = redact(page_->detail(expectation), secrets_of(run, state_.jar));
    switch (expectation.then) {
        case Expectation::Then::next_step:
            return index + 1;
        case Expectation::Then::skip_to:
            // Only forward, so that no profile can make a loop.
            return std::max(expectation.step, index + 1);
        case Expectation::Then::done:
            return plan_->steps.size();
        case Expectation::Then::outcome:
            run.outcome = expectation.outcome;
            stop(Stop::outcome, std::move(detail));
            break;
        case Expectation::Then::rejected:
            run.code = expectation.code;
            stop(Stop::rejected, std::move(detail));
            break;
    }
    keep_away(expectation.retry_after);
    return std::nullopt;
}

bool Course::take_values(const config::ProfileStep& step, bool strictly) {
    const Result<void> taken = page_->extract(step.extract, run.values);
    if (!taken && (strictly || taken.error().code == ErrorCode::bad_configuration)) {
        stop_failed(taken.error());
        return false;
    }
    for (const config::Extraction& extraction : step.extract) {
        const auto value = run.values.text(extraction.name);
        if (!value) continue;
        if (extraction.keep) state_.kept.insert_or_assign(extraction.name, *value);
        if (!extraction.all && portal_.profile.stands_in_headers(extraction.name)) {
            run.values.set_secret(extraction.name, *value);
        }
    }
    return true;
}

void Course::keep_away(std::optional<domain::Duration> unless_told) {
    run.retry_after = page_->retry_after(visit_.now);
    if (!run.retry_after) run.retry_after = unless_told;
    const int status = page_->response().status;
    const bool load =
        run.stop == Stop::unreachable || status == 429 || status == 503 ||
        (run.stop == Stop::outcome && (run.outcome == config::PageOutcome::rate_limited ||
                                       run.outcome == config::PageOutcome::maintenance));
    if (portal_.meter != nullptr && load && run.retry_after) {
        portal_.meter->stay_away(visit_.account, *run.retry_after);
    }
}

void Course::tell(std::size_t index, const Prepared& sent, bool answered,
                  const std::optional<std::size_t>& next) const {
    if (!portal_.trace) return;
    Exchange told{portal_.profile,
                  plan_->steps[index],
                  sent,
                  answered ? page() : nullptr,
                  secrets_of(run, state_.jar),
                  portal_.name,
                  visit_.request,
                  config::name_of(operation_),
                  next ? (*next < plan_->steps.size() ? "next" : "done") : ending_of(run),
                  next ? std::string() : run.detail,
                  {}};
    const auto took = std::chrono::steady_clock::now() - began_;
    told.took = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    portal_.trace(trace_of(told));
}

void Course::stop(Stop why, std::string detail) {
    run.stop = why;
    run.detail = std::move(detail);
    if (page_) run.evidence.push_back(evidence_of(run, state_.jar));
}

void Course::stop_failed(const Error& error) {
    const auto field = error.facts.find("field");
    if (field != error.facts.end()) run.code = field->second;
    const auto later = error.facts.find("retry_after_ms");
    if (later != error.facts.end()) {
        run.retry_after = domain::Duration(std::strtoll(later->second.c_str(), nullptr, 10));
    }
    stop(stop_of(error), redact(one_line(error.detail), secrets_of(run, state_.jar)));
}

}  // namespace cabroker::adapters::portal
