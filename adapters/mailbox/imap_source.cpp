#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <set>

#include "adapters/mailbox/source.hpp"
#include "json/parse.hpp"
#include "json/reader.hpp"
#include "transport/imap_session.hpp"

namespace cabroker::adapters::mailbox {

namespace asio = boost::asio;
namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using protocol::MailRef;

namespace {

/// All mails up to this one were filed.
struct Cursor {
    std::uint64_t uidvalidity = 0;
    std::uint64_t uid = 0;
};

Cursor cursor_from(const std::string& text) {
    Cursor cursor;
    const auto value = json::parse(text);
    if (!value) return cursor;
    json::Problems problems;
    json::ObjectReader reader(*value, "", problems);
    constexpr std::int64_t kMost = std::int64_t{1} << 40;
    cursor.uidvalidity =
        static_cast<std::uint64_t>(reader.integer("uidvalidity", 0, kMost).value_or(0));
    cursor.uid = static_cast<std::uint64_t>(reader.integer("uid", 0, kMost).value_or(0));
    return problems.empty() ? cursor : Cursor();
}

transport::ImapServer server_from(const config::MailboxSettings& settings,
                                  domain::Secret password) {
    transport::ImapServer server;
    server.url = settings.imap.value_or("");
    server.ca_file = settings.ca_file.value_or("");
    server.user = settings.user.value_or("");
    server.password = std::move(password);
    return server;
}

class ImapSource final : public Source {
  public:
    ImapSource(const config::MailboxSettings& settings, domain::Secret password, Cursor cursor,
               const asio::any_io_executor& loop)
        : session_(server_from(settings, std::move(password))), cursor_(cursor), timer_(loop) {}

    Result<std::vector<FoundMail>> look(std::size_t most) override {
        const Result<std::uint64_t> validity = session_.select();
        if (!validity) return validity.error();
        validity_ = *validity;
        // Another UIDVALIDITY: what the numbers meant is over, the whole folder is offered.
        if (cursor_.uidvalidity != *validity) cursor_ = Cursor{*validity, 0};
        const auto listed = session_.list(cursor_.uid, most);
        if (!listed) return listed.error();
        open_.clear();
        std::vector<FoundMail> found;
        for (const transport::ImapMail& mail : *listed) {
            FoundMail one;
            one.ref = MailRef(*validity, mail.uid);
            one.size = mail.size;
            one.arrived = mail.arrived;
            found.push_back(std::move(one));
            open_.insert(mail.uid);
        }
        return found;
    }
    Result<std::string> read(const MailRef& ref, std::size_t most) override {
        if (ref.uidvalidity != validity_) return gone();
        return session_.read(ref.uid, most);
    }
    Result<std::string> read_head(const MailRef& ref, std::size_t most) override {
        if (ref.uidvalidity != validity_) return gone();
        return session_.read_head(ref.uid, most);
    }
    Result<void> file(const MailRef& ref, const std::string& folder) override {
        const Result<bool> there = stands(ref);
        if (!there) return there.error();
        if (!*there) return {};
        return done_with(ref, session_.move(ref.uid, folder));
    }
    Result<void> remove(const MailRef& ref) override {
        const Result<bool> there = stands(ref);
        if (!there) return there.error();
        if (!*there) return {};
        return done_with(ref, session_.remove(ref.uid));
    }
    std::string cursor() override {
        bj::object object;
        object["uidvalidity"] = cursor_.uidvalidity;
        object["uid"] = cursor_.uid;
        return bj::serialize(object);
    }

    void stop() override { session_.stop(); }

    asio::awaitable<void> wait(std::chrono::steady_clock::time_point until) override {
        if (!woken_) {
            timer_.expires_at(until);
            boost::system::error_code ignored;
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            co_await timer_.async_wait(token);
        }
        woken_ = false;
    }
    void wake() override {
        woken_ = true;
        timer_.cancel();
    }

  private:
    static Error gone() { return {ErrorCode::not_found, "the mail is not there any more"}; }
    /// Does the number still mean this mail?
    Result<bool> stands(const MailRef& ref) {
        const Result<std::uint64_t> validity = session_.select();
        if (!validity) return validity.error();
        return *validity == ref.uidvalidity;
    }
    /// New mails get higher numbers than all that are there, so everything below the lowest one
    /// that is still there is done.
    Result<void> done_with(const MailRef& ref, Result<void> filed) {
        if (!filed) return filed;
        open_.erase(ref.uid);
        cursor_.uid = std::max(cursor_.uid, open_.empty() ? ref.uid : *open_.begin() - 1);
        return filed;
    }

    transport::ImapSession session_;
    Cursor cursor_;
    std::uint64_t validity_ = 0;
    /// Found by the last look and not filed.
    std::set<std::uint64_t> open_;
    asio::steady_timer timer_;
    bool woken_ = false;
};

}  // namespace

std::unique_ptr<Source> make_imap_source(const config::MailboxSettings& settings,
                                         domain::Secret password, const std::string& cursor,
                                         const asio::any_io_executor& loop) {
    return std::make_unique<ImapSource>(settings, std::move(password), cursor_from(cursor), loop);
}

}  // namespace cabroker::adapters::mailbox
