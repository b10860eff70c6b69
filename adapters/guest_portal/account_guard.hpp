// Remembers credentials that a portal refused, so that a wrong password does not lock the account:
// the same ones are not tried again for a while. In memory only, as digests.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace cabroker::adapters::guest_portal {

class AccountGuard {
  public:
    using Moment = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::minutes kPause{15};

    void refused(const std::string& account, std::string credentials_digest, Moment now) {
        refused_.insert_or_assign(account, Refusal{std::move(credentials_digest), now + kPause});
    }
    void accepted(const std::string& account) { refused_.erase(account); }
    /// Were these very credentials refused lately?
    [[nodiscard]] bool blocks(const std::string& account, const std::string& credentials_digest,
                              Moment now) const {
        const auto found = refused_.find(account);
        return found != refused_.end() && found->second.digest == credentials_digest &&
               now < found->second.until;
    }

  private:
    struct Refusal {
        std::string digest;
        Moment until;
    };
    std::map<std::string, Refusal> refused_;
};

}  // namespace cabroker::adapters::guest_portal
