// One read transaction for all point reads of one turn of the loop. Inside daemon/store/ only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "daemon/store/connection.hpp"

namespace cabroker::store {

/// Each read by itself would take and leave the read lock with system calls of its own, so the
/// reads of one turn share it. All methods on the loop's thread.
class Snapshot {
  public:
    Snapshot(Connection& connection, boost::asio::any_io_executor loop);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    /// Reads from here on share a transaction, until the handlers that are ready now have run.
    void hold();
    /// The next read sees everything committed until then.
    void let_go();

  private:
    Connection& connection_;
    boost::asio::any_io_executor loop_;
    bool held_ = false;
    /// Null once this object is gone.
    std::shared_ptr<Snapshot*> self_;
};

}  // namespace cabroker::store
