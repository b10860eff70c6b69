// What the engine remembers of one adapter: how much is in flight and for whom, whose turn it was,
// whose login is warm, and whether the upstream answers. In memory only.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "daemon/engine/breaker.hpp"
#include "daemon/link/outside.hpp"
#include "daemon/store/due_table.hpp"
#include "domain/error.hpp"

namespace cabroker::engine {

/// A login whose work just ended: the next request of the same order comes first.
struct Warm {
    domain::OrderId order;
    std::string requester;
    /// How many of this order were done one after another.
    int in_a_row = 0;
};

/// One requester's due rows for one adapter, read as far as they are wanted.
struct Turn {
    std::string requester;
    std::size_t in_flight = 0;
    std::vector<store::DueRow> rows;
    std::size_t next = 0;
    std::size_t seen = 0;
    bool ended = false;
};

struct Lane {
    std::size_t in_flight = 0;
    std::map<std::string, std::size_t> per_requester;
    std::string served_last;
    std::deque<Warm> warm;
    Breaker breaker;
    /// A portion of what is due is being put off right now.
    bool putting_off = false;
};

/// What an answer of the outside shows of the upstream. A refusal that names a time to come back is
/// an answer.
[[nodiscard]] Sign sign_of(const adapters::protocol::StepResult& result);
[[nodiscard]] Sign sign_of(const adapters::protocol::Proof& proof);
/// Of no answer at all; `link_up`: the outside itself is well.
[[nodiscard]] Sign sign_of(const domain::Error& error, bool link_up);

}  // namespace cabroker::engine
