// The HTTPS guest portal: which page a URL is, who may see it, and the pages' handlers.
// The pages themselves: sim/pages/*.html; what they promise: sim/README.md.
#pragma once

#include <optional>
#include <string>

#include "sim/http.hpp"
#include "sim/pages.hpp"
#include "sim/sign_in.hpp"

namespace cabroker::sim {

/// One thread.
class GuestPortal final : public HttpService {
  public:
    GuestPortal(World& world, SignIns& sign_ins) : world_(world), sign_ins_(sign_ins) {}

    [[nodiscard]] std::string where(const HttpRequest& request) const override;
    [[nodiscard]] std::string_view connect_place() const override { return "portal.connect"; }
    [[nodiscard]] HttpReply handle(const HttpRequest& request) override;
    [[nodiscard]] HttpReply instead(const Fault& fault, const HttpRequest& request) override;
    [[nodiscard]] HttpReply refused(unsigned status) override;

  private:
    /// One request with what is known about it.
    struct Visit {
        const HttpRequest& request;
        Fields form;
        Session* session = nullptr;
        Order* order = nullptr;
    };
    using Handler = HttpReply (GuestPortal::*)(Visit&);
    struct Route;
    [[nodiscard]] static const Route* route_of(const HttpRequest& request, bool& path_known);
    [[nodiscard]] HttpReply admit(const Route& route, Visit& visit);

    HttpReply login_page(Visit& visit);
    HttpReply login_submit(Visit& visit);
    HttpReply code_page(Visit& visit);
    HttpReply code_submit(Visit& visit);
    HttpReply logout(Visit& visit);
    HttpReply order_page(Visit& visit);
    HttpReply download(Visit& visit);
    HttpReply reissue_page(Visit& visit);
    HttpReply reissue_submit(Visit& visit);
    HttpReply cancel_page(Visit& visit);
    HttpReply cancel_submit(Visit& visit);
    HttpReply revoke_page(Visit& visit);
    HttpReply revoke_submit(Visit& visit);
    HttpReply revoke_confirm(Visit& visit);
    HttpReply help(Visit& visit);
    /// For the fault other_order: the page of an order that the session has nothing to do with.
    HttpReply other_order_page(const HttpRequest& request);

    [[nodiscard]] HttpReply login_form(Session& session, const Visit& visit,
                                       const std::string& error);
    [[nodiscard]] HttpReply code_form(Session& session, const std::string& error);
    [[nodiscard]] HttpReply form_page(const Visit& visit, const std::string& page,
                                      const std::string& error);
    [[nodiscard]] HttpReply refusal_page(const Visit& visit, Refusal refusal,
                                         const std::string& title) const;

    World& world_;
    SignIns& sign_ins_;
};

/// A whole page in the portal's layout.
[[nodiscard]] HttpReply portal_page(const std::string& page, const std::string& title,
                                    PageData data, const Session* session);
[[nodiscard]] HttpReply portal_error(unsigned status, const std::string& title,
                                     const std::string& message, const Session* session = nullptr);
void set_session_cookie(HttpReply& reply, const Session& session);
/// The text of a refusal as the portal words it.
[[nodiscard]] std::string refusal_text(Refusal refusal, const std::string& status);

}  // namespace cabroker::sim
