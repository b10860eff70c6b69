// One operation of a profile under way: what each answer means for it, as the profile says, which
// values it brings, and how it ends. Sends nothing; that is the browser's.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "adapters/portal/browser_state.hpp"
#include "adapters/portal/portal.hpp"
#include "adapters/portal/received.hpp"
#include "adapters/portal/run.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::portal {

class Course {
  public:
    /// All that is referred to outlives the course. `shown`: the page that the operation before
    /// ended with; nullptr: none. Has ended at once when the profile has no such operation.
    Course(const Portal& portal, const Visit& visit, BrowserState& state, const Received* shown,
           config::PortalOperation operation, Variables given);
    Course(const Course&) = delete;
    Course& operator=(const Course&) = delete;

    /// nullptr: the profile has no such operation.
    [[nodiscard]] const config::ProfileOperation* plan() const { return plan_; }
    /// Of the step with this name; nullopt: there is none.
    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view step) const;
    /// The page before the next step; nullptr before the first answer.
    [[nodiscard]] const Received* page() const { return page_ ? &*page_ : nullptr; }
    /// Gives that page away.
    [[nodiscard]] std::optional<Received> take_page() { return std::move(page_); }

    /// An exchange begins now: its time is told with its answer.
    void begin_exchange();
    /// What the answer to `sent`, the request of step `index`, means; tells the trace, if there is
    /// one. The index of the step to go on with, the number of steps when all are done; nullopt:
    /// the course ended, `run` says how.
    [[nodiscard]] std::optional<std::size_t> take(std::size_t index, const Prepared& sent,
                                                  domain::Result<transport::HttpResponse> answer);
    /// Ends it, with the last page as evidence.
    void stop(Stop why, std::string detail);
    /// Ends it for an error of preparing, sending or reading.
    void stop_failed(const domain::Error& error);

    /// What it has brought so far.
    Run run;

  private:
    std::optional<std::size_t> judge(std::size_t index,
                                     domain::Result<transport::HttpResponse> answer);
    std::optional<std::size_t> obey(std::size_t index, const config::Expectation& expectation);
    bool take_values(const config::ProfileStep& step, bool strictly);
    void keep_away(std::optional<domain::Duration> unless_told);
    /// `next` as judge() said, an answer came or not.
    void tell(std::size_t index, const Prepared& sent, bool answered,
              const std::optional<std::size_t>& next) const;

    const Portal& portal_;
    const Visit& visit_;
    BrowserState& state_;
    const Received* shown_;
    config::PortalOperation operation_;
    const config::ProfileOperation* plan_;
    std::optional<Received> page_;
    /// When the exchange under way began.
    std::chrono::steady_clock::time_point began_;
};

}  // namespace cabroker::adapters::portal
