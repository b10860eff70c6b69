// What the sources of the Counter share.
#pragma once

#include "sim/counter_portal.hpp"

namespace cabroker::sim {

/// One request with what is known about it.
struct CounterPortal::Visit {
    const HttpRequest& request;
    Fields form;
    Session* session = nullptr;
    Order* order = nullptr;
};

[[nodiscard]] HttpReply counter_page(unsigned status, const std::string& name, const PageData& data,
                                     const std::string& trouble);
[[nodiscard]] HttpReply counter_note(unsigned status, const std::string& text);
/// The JSON answer to a program that did not get what it wanted.
[[nodiscard]] HttpReply counter_trouble(unsigned status, const char* word, const char* say);
[[nodiscard]] std::string stands_of(const std::string& status);
[[nodiscard]] std::string proof_of(std::string_view method);
/// Changes with everything that is done to the order.
[[nodiscard]] std::string stamp_of(const Session& session, const Order& order);

}  // namespace cabroker::sim
