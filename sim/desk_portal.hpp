// The Certificate Desk: a reseller's portal in German with accounts, unlike the guest portal on
// purpose. The pages: sim/pages/desk/*.html; what they promise: sim/README.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/desk_sessions.hpp"
#include "sim/http.hpp"
#include "sim/pages.hpp"

namespace cabroker::sim {

/// One thread.
class DeskPortal final : public HttpService {
  public:
    DeskPortal(World& world, DeskSessions& sessions, runtime::Random& random)
        : world_(world), sessions_(sessions), random_(random) {}

    [[nodiscard]] std::string where(const HttpRequest& request) const override;
    [[nodiscard]] std::string_view connect_place() const override { return "desk_portal.connect"; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    struct Visit;
    struct Route;
    struct Found;
    /// What a page shows besides its content.
    struct Frame {
        std::string title;
        std::string heading;
        std::string error;
        unsigned status = 200;
        /// The charset stands in the header, not in the page.
        bool charset_in_header = false;
    };
    [[nodiscard]] static Found route_of(const HttpRequest& request);
    [[nodiscard]] HttpReply admit(const Route& route, Visit& visit);
    [[nodiscard]] std::string handle_of(const Order& order);
    [[nodiscard]] Order* order_of(const std::string& handle, const Login& login);

    HttpReply login_page(Visit& visit);
    HttpReply login_submit(Visit& visit);
    HttpReply start(Visit& visit);
    HttpReply search(Visit& visit);
    HttpReply order_page(Visit& visit);
    HttpReply reissue_page(Visit& visit);
    HttpReply reissue_submit(Visit& visit);
    HttpReply reissue_confirm(Visit& visit);
    HttpReply revoke_page(Visit& visit);
    HttpReply revoke_submit(Visit& visit);
    HttpReply revoke_confirm(Visit& visit);
    HttpReply cancel_page(Visit& visit);
    HttpReply cancel_submit(Visit& visit);
    HttpReply download(Visit& visit);
    HttpReply logout(Visit& visit);

    [[nodiscard]] HttpReply page(Visit& visit, std::string_view name, PageData data, Frame frame);
    /// A page with nothing but a banner.
    [[nodiscard]] HttpReply banner(Visit& visit, unsigned status, const std::string& error);
    [[nodiscard]] HttpReply login_form(Visit& visit, const std::string& error);
    [[nodiscard]] HttpReply form(Visit& visit, std::string_view name, const std::string& heading,
                                 const std::string& error);
    [[nodiscard]] HttpReply confirm_form(Visit& visit, const std::string& number,
                                         const Draft& draft, const std::string& error);
    [[nodiscard]] HttpReply refusal(Visit& visit, Refusal refusal, std::string_view form_name,
                                    const std::string& heading);
    [[nodiscard]] HttpReply done(Visit& visit, const std::string& text);

    World& world_;
    DeskSessions& sessions_;
    runtime::Random& random_;
    std::unordered_map<std::string, std::string> handles_;
    std::unordered_map<std::string, std::string> orders_;
};

/// One request with what is known about it.
struct DeskPortal::Visit {
    const HttpRequest& request;
    Fields form;
    /// The path's parts that the route leaves open.
    std::vector<std::string> parts;
    DeskSession* session = nullptr;
    Order* order = nullptr;
};

/// The desk's words.
[[nodiscard]] std::string desk_state(const std::string& status);
[[nodiscard]] std::string desk_method(std::string_view method);
/// `1` to `4` as a validation method; empty when it is none.
[[nodiscard]] std::string desk_method_of(std::string_view number);
[[nodiscard]] std::string desk_refusal(Refusal refusal, const std::string& status);
/// `0a:1b:2c`, and back.
[[nodiscard]] std::string desk_serial(std::string_view serial);
[[nodiscard]] std::string serial_of_desk(std::string_view text);

}  // namespace cabroker::sim
