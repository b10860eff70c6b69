// The events of the inventory, written in the same transaction as the change.
#pragma once

#include "daemon/store/views.hpp"
#include "runtime/random.hpp"

namespace cabroker::api {

/// `order.created` or `order.changed`; runs on the writer's thread.
void append_order_event(store::Tx& tx, runtime::IdMaker& ids, const domain::Order& order,
                        bool created);

}  // namespace cabroker::api
