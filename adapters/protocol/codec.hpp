// The JSON form of the words between daemon and adapters, as docs/adapter-protocol.md publishes it.
// Reading is lenient about members it does not know and strict about those it does.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "adapters/protocol/messages.hpp"
#include "adapters/protocol/octets.hpp"
#include "domain/error.hpp"

namespace cabroker::adapters::protocol {

/// `prefix` begins the names of blobs (the frame's id); `blobs` gets what must cross before the
/// frame.
[[nodiscard]] boost::json::object to_json(const StepContext& context, const std::string& prefix,
                                          Blobs& blobs);
[[nodiscard]] boost::json::object to_json(const StepResult& result, const std::string& prefix,
                                          Blobs& blobs);
[[nodiscard]] boost::json::object to_json(const ProofContext& context, const std::string& prefix,
                                          Blobs& blobs);
[[nodiscard]] boost::json::object to_json(const Proof& proof, const std::string& prefix,
                                          Blobs& blobs);
[[nodiscard]] boost::json::object to_json(const Capabilities& capabilities);

/// bad_answer, with what is wrong, for anything that is not of the published form or passes its
/// limits.
[[nodiscard]] domain::Result<StepContext> step_context_from(const boost::json::value& value,
                                                            Blobs& blobs);
[[nodiscard]] domain::Result<StepResult> step_result_from(const boost::json::value& value,
                                                          Blobs& blobs);
[[nodiscard]] domain::Result<ProofContext> proof_context_from(const boost::json::value& value,
                                                              Blobs& blobs);
[[nodiscard]] domain::Result<Proof> proof_from(const boost::json::value& value, Blobs& blobs);
[[nodiscard]] domain::Result<Capabilities> capabilities_from(const boost::json::value& value);

}  // namespace cabroker::adapters::protocol
