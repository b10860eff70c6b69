// Guest sign-ins: anonymous sessions, mailed access codes with their attempts and life, signed-in
// sessions. Shared by all portals that sign in with a mailed code; knows no pages.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "sim/world.hpp"

namespace cabroker::sim {

struct SignInSettings {
    domain::Duration code_ttl = std::chrono::hours(2);
    domain::Duration session_ttl = std::chrono::hours(2);
    int code_attempts = 3;
    /// Sign-ins per contact in 10 minutes; 0: no limit.
    int login_limit = 0;
};

enum class Stage { anonymous, code_sent, signed_in };

struct Session {
    std::string id;
    std::string csrf;
    Stage stage = Stage::anonymous;
    std::string order_id;
    std::string contact;
    std::string code;
    std::string reference;
    int attempts_left = 0;
    domain::Time expires_at{};
    /// Set between the reason and the confirmation of a revoke.
    std::string revocation_token;
    std::string revocation_reason;
};

/// How a portal's codes look and how it words their mail.
struct CodeStyle {
    /// a-z instead of A-Z2-9.
    bool lowercase = false;
    /// Empty: the post's own sender.
    std::string from_name;
    std::string from;
    std::string (*subject)(const Session& session) = nullptr;
    std::string (*body)(const Session& session, const Order& order, domain::Duration ttl) = nullptr;
};
/// The guest portal's.
[[nodiscard]] CodeStyle guest_code_style();

enum class CodeVerdict { right, wrong, dead, expired };

/// One thread. A session's id changes at each stage, so that an id known before is worth nothing
/// after.
class SignIns {
  public:
    SignIns(World& world, runtime::Random& random, SignInSettings settings,
            CodeStyle style = guest_code_style());

    Session& open_anonymous();
    /// nullptr when never known, ended, or forgotten; an expired one is still found (see
    /// expired()).
    [[nodiscard]] Session* find(std::string_view id);
    [[nodiscard]] bool expired(const Session& session) const;

    /// Mails a code and moves the session to code_sent under a new id.
    [[nodiscard]] std::optional<Refusal> start(Session& session, std::string_view email,
                                               std::string_view identifier);
    /// Right: the session is signed_in under a new id. Dead and expired: the session is gone (copy
    /// before).
    [[nodiscard]] CodeVerdict try_code(Session& session, std::string_view code);
    void end(Session& session);
    /// Unguessable, for a form's hidden field.
    [[nodiscard]] std::string new_token() { return random_.hex(16); }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    /// Sign-ins that succeeded, by contact in lower case.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& by_contact() const {
        return by_contact_;
    }

  private:
    struct Choice;
    [[nodiscard]] Choice choose(std::string_view email, std::string_view identifier);
    [[nodiscard]] bool over_limit(const std::string& contact);
    void renew_id(Session& session);
    void purge();

    World& world_;
    runtime::Random& random_;
    SignInSettings settings_;
    CodeStyle style_;
    std::map<std::string, std::uint64_t> by_contact_;
    std::unordered_map<std::string, std::unique_ptr<Session>> sessions_;
    std::deque<std::pair<domain::Time, std::string>> forget_at_;
    std::unordered_map<std::string, std::deque<domain::Time>> recent_;
};

}  // namespace cabroker::sim
