#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "adapters/mailbox/source.hpp"
#include "runtime/sha256.hpp"
#include "transport/maildir.hpp"

namespace cabroker::adapters::mailbox {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using protocol::MailRef;

namespace {

/// The file's name, or a digest where it is nothing that can be said.
std::string word_for(const std::string& name) {
    const bool plain =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
    return plain ? name : "sha256:" + runtime::sha256_hex(name);
}

class MaildirSource final : public Source {
  public:
    MaildirSource(std::string path, const asio::any_io_executor& loop)
        : path_(std::move(path)), loop_(loop), timer_(loop) {}

    Result<std::vector<FoundMail>> look(std::size_t most) override {
        if (lost_) {
            // Perhaps another folder stands there by now.
            folder_.reset();
            watched_ = false;
        }
        if (!folder_) {
            auto opened = transport::Maildir::open(path_);
            if (!opened) return opened.error();
            folder_.emplace(std::move(*opened));
        }
        auto found = list(most);
        lost_ = found.has_error();
        return found;
    }

    Result<std::string> read(const MailRef& ref, std::size_t most) override {
        return at_place<std::string>(
            ref, [&](const std::string& path) { return folder_->read(path, most); });
    }
    Result<std::string> read_head(const MailRef& ref, std::size_t most) override {
        return at_place<std::string>(
            ref, [&](const std::string& path) { return folder_->read_head(path, most); });
    }
    Result<void> file(const MailRef& ref, const std::string& folder) override {
        return gone_is_fine(at_place<void>(
            ref, [&](const std::string& path) { return folder_->file_away(path, folder); }));
    }
    Result<void> remove(const MailRef& ref) override {
        // remove() of a place that is gone succeeds; ask for the place first.
        return gone_is_fine(at_place<void>(ref, [&](const std::string& path) -> Result<void> {
            const auto there = folder_->read_head(path, 1);
            if (!there) return there.error();
            return folder_->remove(path);
        }));
    }
    std::string cursor() override { return {}; }

    void stop() override {}

    asio::awaitable<void> wait(std::chrono::steady_clock::time_point until) override {
        timer_.expires_at(until);
        if (folder_ && !watched_) {
            watched_ = folder_->watch(loop_).has_value();
            // What came between the last look and the watch is found by looking once more.
            if (watched_) woken_ = true;
        }
        if (!woken_) {
            waiting_ = true;
            if (watched_) {
                const auto changed = co_await folder_->changed(until);
                watched_ = changed.has_value() || woken_;
            } else {
                boost::system::error_code ignored;
                auto token = asio::redirect_error(asio::use_awaitable, ignored);
                co_await timer_.async_wait(token);
            }
            waiting_ = false;
        }
        woken_ = false;
    }
    void wake() override {
        woken_ = true;
        if (!waiting_) return;
        timer_.cancel();
        if (watched_) folder_->stop_waiting();
    }

  private:
    Result<std::vector<FoundMail>> list(std::size_t most) {
        auto listed = folder_->list(most);
        if (!listed) return listed.error();
        places_.clear();
        std::vector<FoundMail> found;
        for (const transport::MaildirEntry& entry : *listed) {
            FoundMail mail;
            mail.ref = MailRef(word_for(entry.unique()));
            mail.size = entry.size;
            mail.arrived = entry.written;
            // The same name in new and cur: the one in new is told now, the other later.
            if (!places_.emplace(mail.ref.file, entry.path).second) continue;
            found.push_back(std::move(mail));
        }
        return found;
    }

    template <class T, class Act>
    Result<T> at_place(const MailRef& ref, Act act) {
        const auto known = places_.find(ref.file);
        if (known != places_.end()) {
            Result<T> done = act(known->second);
            if (done || done.error().code != ErrorCode::not_found) return done;
        }
        // It may have got other flags or moved from new to cur meanwhile.
        const auto listed = list(kMost);
        if (!listed) return listed.error();
        const auto again = places_.find(ref.file);
        if (again == places_.end())
            return Error(ErrorCode::not_found, "the mail is not there any more");
        return act(again->second);
    }
    static Result<void> gone_is_fine(Result<void> done) {
        if (!done && done.error().code == ErrorCode::not_found) return {};
        return done;
    }

    static constexpr std::size_t kMost = 100'000;
    std::string path_;
    asio::any_io_executor loop_;
    asio::steady_timer timer_;
    std::optional<transport::Maildir> folder_;
    std::map<std::string, std::string> places_;
    bool lost_ = false;
    bool watched_ = false;
    bool waiting_ = false;
    bool woken_ = false;
};

}  // namespace

std::unique_ptr<Source> make_maildir_source(std::string path, const asio::any_io_executor& loop) {
    return std::make_unique<MaildirSource>(std::move(path), loop);
}

}  // namespace cabroker::adapters::mailbox
