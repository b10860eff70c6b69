// The simulated world as a child process, and its control API: what the tests of adapters do to it
// and ask of it.
#pragma once

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace cabroker::adapters {

class SimWorld {
  public:
    /// Starts `cabroker-sim` and waits, 30 s at most, until it is ready. Throws when it does not
    /// come up.
    explicit SimWorld(const std::vector<std::string>& options = {});
    SimWorld(const SimWorld&) = delete;
    SimWorld& operator=(const SimWorld&) = delete;
    ~SimWorld();

    /// A member of the line it says when ready: portal, smtp, ca_file, issuing_root.
    [[nodiscard]] std::string said(const std::string& name) const;
    /// Calls the control API; throws unless it answers 2xx.
    boost::json::value control(const std::string& method, const std::string& path,
                               const std::string& body = "") const;

    /// The newest code mailed to an address.
    [[nodiscard]] std::string code_for(const std::string& address, const std::string& order) const;
    void fault(const std::string& where, const std::string& what, const std::string& more = "");
    void clear_faults();
    void advance_clock(const std::string& by);
    /// A counter of an order's books: reissues, revokes, cancels, logins.
    [[nodiscard]] std::int64_t count(const std::string& order, const std::string& what) const;
    /// How often a place of the simulated world's faults was reached.
    [[nodiscard]] std::int64_t calls(const std::string& place) const;
    void add_order(const std::string& id, const std::string& common_name,
                   const std::string& status = "issued", const std::string& more = "");

  private:
    std::string folder_;
    pid_t pid_ = -1;
    boost::json::value ready_;
};

}  // namespace cabroker::adapters
