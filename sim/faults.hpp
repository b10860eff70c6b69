// The fault switchboard: what goes wrong, where and how often. Names of places and faults:
// sim/README.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"

namespace cabroker::sim {

struct Fault {
    /// Empty: nothing goes wrong.
    std::string what;
    /// A place (`portal.reissue.submit`), a prefix with a star (`portal.*`), or `*`.
    std::string where;
    /// How often it still happens; 0 means always.
    std::uint32_t times = 1;
    domain::Duration delay{};
    /// Is the operation done before the answer goes wrong? Absent: as is usual for `what`.
    std::optional<bool> commit;
    /// An SMTP reply, a redirect's address, a Retry-After.
    std::string detail;
    std::uint64_t bytes = 0;
    /// How many calls pass before the first one that is hit.
    std::uint32_t after = 0;
    std::uint64_t hits = 0;

    [[nodiscard]] bool any() const { return !what.empty(); }
    [[nodiscard]] bool is(std::string_view name) const { return what == name; }
    /// Does the world do what it was asked, before or in spite of the fault?
    [[nodiscard]] bool commits() const;
};

/// One thread.
class Faults {
  public:
    void add(Fault fault);
    void clear() { faults_.clear(); }
    /// The first fault that fits the place, used up by one; a Fault with any() false when there is
    /// none.
    [[nodiscard]] Fault take(std::string_view where);
    [[nodiscard]] const std::vector<Fault>& all() const { return faults_; }
    /// How often each place was asked about: pages, connections, mails.
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& calls() const {
        return calls_;
    }

  private:
    std::vector<Fault> faults_;
    std::map<std::string, std::uint64_t, std::less<>> calls_;
};

/// All faults that the switchboard takes.
[[nodiscard]] const std::vector<std::string_view>& known_faults();

}  // namespace cabroker::sim
