#include "daemon/store/snapshot.hpp"

#include <sqlite3.h>

#include <boost/asio/post.hpp>

namespace cabroker::store {

Snapshot::Snapshot(Connection& connection, boost::asio::any_io_executor loop)
    : connection_(connection), loop_(std::move(loop)), self_(std::make_shared<Snapshot*>(this)) {}

Snapshot::~Snapshot() { *self_ = nullptr; }

void Snapshot::hold() {
    if (held_) return;
    static const std::string begin = "BEGIN";
    Query(connection_, begin).run();
    held_ = true;
    boost::asio::post(loop_, [self = self_] {
        if (*self != nullptr) (*self)->let_go();
    });
}

void Snapshot::let_go() {
    if (!held_) return;
    held_ = false;
    // A read that failed may have ended the transaction already.
    if (sqlite3_get_autocommit(connection_.database().getHandle()) != 0) return;
    static const std::string end = "COMMIT";
    Query(connection_, end).run();
}

}  // namespace cabroker::store
