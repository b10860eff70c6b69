// The Counter: a third portal, one page and a query string, with PUT and DELETE and JSON answers.
// The pages: sim/pages/counter/*.html; what its vendor promises: sim/README.md.
#pragma once

#include <string>

#include "sim/http.hpp"
#include "sim/pages.hpp"
#include "sim/sign_in.hpp"

namespace cabroker::sim {

/// How the Counter's codes look and are mailed.
[[nodiscard]] CodeStyle counter_code_style();

/// One thread.
class CounterPortal final : public HttpService {
  public:
    /// `sign_ins` must have counter_code_style().
    CounterPortal(World& world, SignIns& sign_ins) : world_(world), sign_ins_(sign_ins) {}

    [[nodiscard]] std::string where(const HttpRequest& request) const override;
    [[nodiscard]] std::string_view connect_place() const override { return "extra.connect"; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    struct Visit;
    struct Route;
    [[nodiscard]] static const Route* route_of(const HttpRequest& request);

    HttpReply door(Visit& visit);
    HttpReply knock(Visit& visit);
    HttpReply word(Visit& visit);
    HttpReply paper(Visit& visit);
    HttpReply file(Visit& visit);
    HttpReply rekey(Visit& visit);
    HttpReply take_back(Visit& visit);
    HttpReply revoke(Visit& visit);

    [[nodiscard]] HttpReply word_form(const Session& session, const std::string& trouble);
    [[nodiscard]] HttpReply answer(Visit& visit);
    [[nodiscard]] Order* other_than(const Order* order) const;

    World& world_;
    SignIns& sign_ins_;
};

}  // namespace cabroker::sim
