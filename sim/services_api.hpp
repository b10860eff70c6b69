// The account API of DigiCert (Services API v2) over the world: JSON, an API key per login. What it
// promises: sim/README.md.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/accounts.hpp"
#include "sim/http.hpp"
#include "sim/world.hpp"

namespace cabroker::sim {

/// Something asked for that another login must approve, or that one did.
struct ApiRequest {
    std::uint64_t id = 0;
    std::string order_id;
    /// `reissue` or `revoke`.
    std::string type;
    /// `pending`, `approved` or `rejected`.
    std::string status = "pending";
    std::string comments;
    std::string processor_comment;
    std::string requester;
    domain::Time date{};
    ReissueForm form;
    /// Of the certificate to revoke; empty: the order.
    std::string serial;
};

/// One thread.
class ServicesApi final : public HttpService {
  public:
    /// `limit`: requests per key in 5 seconds; 0: none.
    ServicesApi(World& world, Accounts& accounts, runtime::Random& random, int limit)
        : world_(world), accounts_(accounts), random_(random), limit_(limit) {}

    [[nodiscard]] std::string where(const HttpRequest& request) const override;
    [[nodiscard]] std::string_view connect_place() const override { return "api.connect"; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    struct Call;
    struct Route;
    struct Found;
    [[nodiscard]] static Found route_of(const HttpRequest& request);
    [[nodiscard]] HttpReply answer(const HttpRequest& request);
    [[nodiscard]] HttpReply spoilt(const Fault& fault, const HttpRequest& request);
    [[nodiscard]] HttpReply numbered(HttpReply reply);
    [[nodiscard]] bool over_limit(const Login& login);
    [[nodiscard]] Order* visible(std::string_view key, const Login& login);
    [[nodiscard]] std::vector<ApiRequest> requests_of(const Order& order) const;

    HttpReply me(Call& call);
    HttpReply list(Call& call);
    HttpReply status_changes(Call& call);
    HttpReply info(Call& call);
    HttpReply reissue(Call& call);
    HttpReply reissues(Call& call);
    HttpReply duplicates(Call& call);
    HttpReply revoke_order(Call& call);
    HttpReply revoke_certificate(Call& call);
    HttpReply set_status(Call& call);
    HttpReply dcv_value(Call& call);
    HttpReply dcv_method(Call& call);
    HttpReply check_dcv(Call& call);
    HttpReply download(Call& call);
    HttpReply download_by_order(Call& call);
    HttpReply chain(Call& call);
    HttpReply requests(Call& call);
    HttpReply request_info(Call& call);
    HttpReply request_status(Call& call);
    HttpReply revoke(Call& call, Order& order, const std::string& serial);
    HttpReply approve(ApiRequest& request);

    World& world_;
    Accounts& accounts_;
    runtime::Random& random_;
    int limit_;
    std::deque<ApiRequest> requests_;
    std::map<std::string, std::deque<std::chrono::steady_clock::time_point>> recent_;
};

}  // namespace cabroker::sim
