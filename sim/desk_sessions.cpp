#include "sim/desk_sessions.hpp"

namespace cabroker::sim {
namespace {

constexpr std::size_t kMostDeskSessions = 20'000;
constexpr std::size_t kMostDrafts = 20;
constexpr std::size_t kMostWrong = 5;
constexpr std::chrono::minutes kLock{15};
constexpr std::chrono::minutes kDraftLife{15};

}  // namespace

DeskSession& DeskSessions::open() {
    if (sessions_.size() >= kMostDeskSessions) {
        std::erase_if(sessions_, [&](const auto& entry) {
            return entry.second->login == nullptr || expired(*entry.second);
        });
        if (sessions_.size() >= kMostDeskSessions) sessions_.clear();
    }
    auto session = std::make_unique<DeskSession>();
    session->id = random_.hex(24);
    prolong(*session);
    DeskSession& opened = *session;
    sessions_.emplace(opened.id, std::move(session));
    return opened;
}

DeskSession* DeskSessions::find(std::string_view id) {
    const auto found = sessions_.find(std::string(id));
    return found == sessions_.end() ? nullptr : found->second.get();
}

PasswordVerdict DeskSessions::sign_in(DeskSession& session, const std::string& name,
                                      const std::string& password) {
    Login* login = accounts_.find(name);
    if (login == nullptr) return PasswordVerdict::wrong;
    std::deque<domain::Time>& wrong = wrong_[name];
    while (!wrong.empty() && wrong.front() + kLock <= clock_.now()) wrong.pop_front();
    if (wrong.size() >= kMostWrong) return PasswordVerdict::locked;
    if (login->password.empty() || login->password != password) {
        wrong.push_back(clock_.now());
        ++login->wrong_passwords;
        return PasswordVerdict::wrong;
    }
    wrong.clear();
    ++login->sign_ins;
    auto node = sessions_.extract(session.id);
    session.id = random_.hex(24);
    session.login = login;
    prolong(session);
    node.key() = session.id;
    sessions_.insert(std::move(node));
    return PasswordVerdict::right;
}

void DeskSessions::end(DeskSession& session) {
    const std::string id = session.id;
    sessions_.erase(id);
}

std::string DeskSessions::keep(DeskSession& session, Draft draft) {
    if (session.drafts.size() >= kMostDrafts) session.drafts.clear();
    draft.made_at = clock_.now();
    const std::string number = random_.hex(8);
    session.drafts.emplace(number, std::move(draft));
    return number;
}

Draft* DeskSessions::draft(DeskSession& session, const std::string& number,
                           const std::string& order_id) {
    const auto found = session.drafts.find(number);
    if (found == session.drafts.end() || found->second.order_id != order_id) return nullptr;
    if (found->second.made_at + kDraftLife <= clock_.now()) return nullptr;
    return &found->second;
}

}  // namespace cabroker::sim
