// What a change of a request leaves behind: the row, its timeline entries and its events, in one
// transaction. Everything that moves a request goes through save(), so none of the three can be
// forgotten.
#pragma once

#include <map>
#include <string>

#include "daemon/store/views.hpp"
#include "domain/request.hpp"
#include "runtime/random.hpp"

namespace cabroker::engine {

using Details = std::map<std::string, std::string>;

/// Who did it, for the timeline: peer, broker, adapter or ca, and a name.
struct Actor {
    std::string kind;
    std::string name;
};
[[nodiscard]] Actor broker();
[[nodiscard]] Actor adapter_named(std::string name);
[[nodiscard]] Actor peer(const domain::Person& person);

/// Writes within one transaction. Runs on the writer thread; touches nothing else.
class Journal {
  public:
    Journal(store::Tx& tx, runtime::IdMaker& ids, domain::Time now)
        : tx_(tx), ids_(ids), now_(now) {}

    /// A new request, stamped already: row, `request.created`, and what its first state brings.
    void create(const store::StoredRequest& row, const Actor& actor);
    /// The row as it shall be, with the row as it was: checks that the move is allowed, stamps
    /// times, appends timeline and events for what differs, and empties what a settled request must
    /// not keep. conflict when the row moved. `columns`: all that may differ, besides what
    /// settling changes.
    [[nodiscard]] domain::Result<void> save(const domain::Request& before,
                                            store::StoredRequest& after, const Actor& actor,
                                            const std::string& text,
                                            store::Columns columns = store::Columns::all);
    void note(const domain::RequestId& request, const std::string& type, const Actor& actor,
              const std::string& text, const Details& details = {});
    void event(const std::string& type, const domain::Request& request, const Details& data = {});
    void order_event(const std::string& type, const domain::OrderId& order,
                     const Details& data = {});
    /// `adapter.changed`, which belongs to no request and no order.
    void adapter_event(const Details& data);

    [[nodiscard]] store::Tx& tx() { return tx_; }
    [[nodiscard]] runtime::IdMaker& ids() { return ids_; }
    [[nodiscard]] domain::Time now() const { return now_; }

  private:
    /// An event of a request; `data` is a JSON object.
    void put(const std::string& type, const domain::Request& request, std::string data);
    void events_of_state(const domain::Request& request, const std::string& previous);

    store::Tx& tx_;
    runtime::IdMaker& ids_;
    domain::Time now_;
};

}  // namespace cabroker::engine
