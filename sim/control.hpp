// The control API (HTTP on a Unix socket): books, mailbox, desk, clock, faults, orders. Described
// in sim/README.md.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "sim/accounts.hpp"
#include "sim/desk.hpp"
#include "sim/http.hpp"
#include "sim/sign_in.hpp"

namespace cabroker::sim {

/// One thread.
class Control final : public HttpService {
  public:
    Control(World& world, SignIns& sign_ins, Accounts& accounts, Desk& desk, Faults& faults)
        : world_(world), sign_ins_(sign_ins), accounts_(accounts), desk_(desk), faults_(faults) {}

    /// The sign-ins of another portal, for the books.
    void also_count(const SignIns& sign_ins) { other_sign_ins_ = &sign_ins; }

    /// What GET /state answers: the JSON of ready.json.
    void set_state(std::string json) { state_ = std::move(json); }

    [[nodiscard]] std::string where(const HttpRequest&) const override { return ""; }
    [[nodiscard]] std::string_view connect_place() const override { return ""; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    [[nodiscard]] HttpReply books(const HttpRequest& request) const;
    /// All that was done, oldest first within an order; filters `order`, `reason`, `kind`.
    [[nodiscard]] HttpReply effects(const HttpRequest& request) const;
    [[nodiscard]] HttpReply accounts(const HttpRequest& request);
    [[nodiscard]] HttpReply mailbox(const HttpRequest& request) const;
    [[nodiscard]] HttpReply desk_mails() const;
    [[nodiscard]] HttpReply clock(const HttpRequest& request);
    [[nodiscard]] HttpReply faults(const HttpRequest& request);
    [[nodiscard]] HttpReply orders(const HttpRequest& request);
    [[nodiscard]] HttpReply one_order(const HttpRequest& request, std::string_view rest);
    [[nodiscard]] HttpReply change(Order& order, const std::string& body);
    [[nodiscard]] HttpReply create(const std::string& body);
    [[nodiscard]] HttpReply support_reissue(Order& order, const std::string& body);

    World& world_;
    SignIns& sign_ins_;
    const SignIns* other_sign_ins_ = nullptr;
    Accounts& accounts_;
    Desk& desk_;
    Faults& faults_;
    std::string state_ = "{}";
};

}  // namespace cabroker::sim
