// What the outside told of its adapters, with `configured` and with pongs: what they can do, and
// what keeps them from working. Internal to this folder.
#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <string>

#include "daemon/link/outside.hpp"

namespace cabroker::link {

/// One thread: the loop's.
class Roster {
  public:
    /// Replaces what was told before; logs each problem that is new. What cannot be read of an
    /// adapter is its problem.
    void take(const boost::json::object& told);
    /// By adapter's name, as is problems().
    [[nodiscard]] const std::map<std::string, adapters::protocol::Capabilities>& capabilities()
        const {
        return capabilities_;
    }
    [[nodiscard]] const std::map<std::string, AdapterProblem>& problems() const {
        return problems_;
    }

  private:
    std::map<std::string, adapters::protocol::Capabilities> capabilities_;
    std::map<std::string, AdapterProblem> problems_;
};

}  // namespace cabroker::link
