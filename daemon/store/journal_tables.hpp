// What happened, in order: events (the outbox), the timeline of a request, and effects (intent
// before, result after).
#pragma once

#include "daemon/store/rows.hpp"

namespace cabroker::store {

class Connection;

class EventTable {
  public:
    explicit EventTable(Connection& connection) : connection_(connection) {}

    /// Events with a number above `seq`, oldest first.
    [[nodiscard]] std::vector<Event> after(std::int64_t seq, std::size_t limit) const;
    /// The number of the oldest event kept; the one to come when none is kept.
    [[nodiscard]] std::int64_t first_seq() const;
    /// The number of the last event ever made, 0 when there was none.
    [[nodiscard]] std::int64_t last_seq() const;

    /// Returns the number it got; the commit reports it.
    std::int64_t append(const Event& event);
    /// Forgets events made before `at`, at most `limit` of them; returns how many.
    std::int64_t prune(domain::Time at, std::size_t limit = 10'000);

  private:
    Connection& connection_;
};

class TimelineTable {
  public:
    explicit TimelineTable(Connection& connection) : connection_(connection) {}

    /// Oldest first, numbers above `after`; of one type, or of all.
    [[nodiscard]] std::vector<TimelineEntry> list(const domain::RequestId& request,
                                                  std::size_t limit = 1000, std::int64_t after = 0,
                                                  std::string_view type = {}) const;

    std::int64_t append(const TimelineEntry& entry);

  private:
    Connection& connection_;
};

class EffectTable {
  public:
    explicit EffectTable(Connection& connection) : connection_(connection) {}

    [[nodiscard]] std::optional<EffectRow> get(const domain::EffectId& id) const;
    /// The open effect of a request, the youngest if there are several.
    [[nodiscard]] std::optional<EffectRow> open_for_request(const domain::RequestId& request) const;
    /// Was a `once` effect of the request answered, or proven to be done?
    [[nodiscard]] bool done_once(const domain::RequestId& request) const;
    /// The open effect of class `once` for an order; there is never more than one.
    [[nodiscard]] std::optional<EffectRow> open_once_for_order(const domain::OrderId& order) const;
    /// All effects of a request, oldest first.
    [[nodiscard]] std::vector<EffectRow> list(const domain::RequestId& request) const;

    /// state_conflict when the order already has an open effect of class `once` and this is another
    /// one.
    [[nodiscard]] domain::Result<void> insert(const EffectRow& row);
    /// The adapter may act until then. not_found when the effect is closed or was never there.
    [[nodiscard]] domain::Result<void> set_leave(const domain::EffectId& id,
                                                 domain::Time act_until);
    /// Every open leave for an effect of class `once` ends so much later, but neither before
    /// `earliest` nor after `latest`.
    void move_leaves(domain::Duration by, domain::Time earliest, domain::Time latest);
    /// Asked, and not known whether done: stays open.
    [[nodiscard]] domain::Result<void> set_unknown(const domain::EffectId& id,
                                                   const std::string& detail);
    /// Ends it as done, not_done or closed (given up). not_found when it is not open.
    [[nodiscard]] domain::Result<void> close(const domain::EffectId& id, EffectState state,
                                             domain::Time at, const std::string& detail);

  private:
    Connection& connection_;
};

}  // namespace cabroker::store
