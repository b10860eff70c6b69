// Sessions of the Certificate Desk: one per browser, for a whole account, with the form token of
// the page last shown and the drafts of two-step forms. Knows no pages.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "sim/accounts.hpp"
#include "sim/world.hpp"

namespace cabroker::sim {

/// What the first step of a form gave, until it is confirmed.
struct Draft {
    std::string order_id;
    domain::Time made_at{};
    ReissueForm form;
    bool revoke = false;
    /// Of the certificate to revoke; empty: the order.
    std::string serial;
    std::string reason;
};

struct DeskSession {
    std::string id;
    /// The form token of the page last shown.
    std::string key;
    /// nullptr: not signed in.
    Login* login = nullptr;
    domain::Time expires_at{};
    /// Shown once on the next page.
    std::string done;
    std::map<std::string, Draft> drafts;
};

enum class PasswordVerdict { right, wrong, locked };

/// One thread.
class DeskSessions {
  public:
    DeskSessions(const SimClock& clock, Accounts& accounts, runtime::Random& random,
                 domain::Duration ttl)
        : clock_(clock), accounts_(accounts), random_(random), ttl_(ttl) {}

    /// A session without login.
    DeskSession& open();
    /// nullptr: never known or forgotten. An expired one is still found.
    [[nodiscard]] DeskSession* find(std::string_view id);
    [[nodiscard]] bool expired(const DeskSession& session) const {
        return clock_.now() >= session.expires_at;
    }
    void prolong(DeskSession& session) { session.expires_at = clock_.now() + ttl_; }
    /// Right: the session is signed in under a new id.
    [[nodiscard]] PasswordVerdict sign_in(DeskSession& session, const std::string& name,
                                          const std::string& password);
    void end(DeskSession& session);
    void renew_key(DeskSession& session) { session.key = random_.hex(12); }
    /// Keeps a draft, and tells its number.
    std::string keep(DeskSession& session, Draft draft);
    /// The draft of that order; nullptr: none, used, or older than 15 minutes.
    [[nodiscard]] Draft* draft(DeskSession& session, const std::string& number,
                               const std::string& order_id);

  private:
    const SimClock& clock_;
    Accounts& accounts_;
    runtime::Random& random_;
    domain::Duration ttl_;
    std::unordered_map<std::string, std::unique_ptr<DeskSession>> sessions_;
    std::map<std::string, std::deque<domain::Time>> wrong_;
};

}  // namespace cabroker::sim
