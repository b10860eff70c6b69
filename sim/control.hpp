// The control API (HTTP on a Unix socket): books, mailbox, desk, clock, faults, orders. Described
// in sim/README.md.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "sim/desk.hpp"
#include "sim/http.hpp"
#include "sim/sign_in.hpp"

namespace cabroker::sim {

/// One thread.
class Control final : public HttpService {
  public:
    Control(World& world, SignIns& sign_ins, Desk& desk, Faults& faults)
        : world_(world), sign_ins_(sign_ins), desk_(desk), faults_(faults) {}

    /// What GET /state answers: the JSON of ready.json.
    void set_state(std::string json) { state_ = std::move(json); }

    [[nodiscard]] std::string where(const HttpRequest&) const override { return ""; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    [[nodiscard]] HttpReply books() const;
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
    Desk& desk_;
    Faults& faults_;
    std::string state_ = "{}";
};

}  // namespace cabroker::sim
