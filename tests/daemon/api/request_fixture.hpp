// What the tests of requests over the socket share: an API, a client, and requests in any state.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "domain/request.hpp"
#include "domain/states.hpp"
#include "tests/daemon/api/harness.hpp"

namespace cabroker::api::test {

/// `pointer code` of every error of a problem, in order.
std::vector<std::string> errors_of(const Reply& reply);

class RequestFixture : public testing::Test {
  protected:
    /// The id of a new request for the status of that order.
    std::string create(const std::string& supplier_order_id = "100");
    /// A body that asks for a reissue of order 100; `more` begins with a comma.
    static std::string reissue_body(const std::string& csr, const std::string& more = "");
    /// As the engine would.
    void set_state(const std::string& id, domain::State state,
                   domain::NextActor actor = domain::NextActor::none);

    Harness harness_;
    Client client_ = harness_.client();
};

}  // namespace cabroker::api::test
