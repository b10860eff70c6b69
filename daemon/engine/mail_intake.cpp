// The loop's side: offers come in, mailboxes are opened, old codes end.
#include "daemon/engine/mail_intake.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

/// Offers at work; what is over is offered again.
constexpr std::size_t kMostAtOnce = 64;
constexpr auto kCodeWaits = std::chrono::minutes(10);
constexpr auto kSweepEvery = std::chrono::seconds(15);

}  // namespace

MailIntake::MailIntake(MailServices services)
    : services_(std::move(services)), sweep_(services_.loop) {
    link::MailHandlers handlers;
    handlers.offered = [this](const Offer& offer) { offered(offer); };
    handlers.filed = [this](protocol::MailFiled told) { filed(std::move(told)); };
    handlers.reported = [this](const protocol::MailboxReport& told) { reported(told); };
    services_.mail.on_mail(std::move(handlers));
    services_.outside.on_change([this] { open_all(); });
}

TwoClocks MailIntake::moment() const {
    TwoClocks at;
    at.now = services_.clock.now();
    at.steady = std::chrono::duration_cast<std::chrono::milliseconds>(
                    services_.clock.steady().time_since_epoch())
                    .count();
    at.run = services_.run;
    return at;
}

void MailIntake::open_all() {
    if (stopping_) return;
    if (!services_.outside.up()) {
        for (auto& [name, status] : status_) status.open = false;
        return;
    }
    const auto settings = services_.settings();
    std::erase_if(status_,
                  [&](const auto& one) { return !settings->mailboxes.contains(one.first); });
    for (const auto& [name, mailbox] : settings->mailboxes) {
        MailboxStatus& status = status_[name];
        status.name = name;
        protocol::MailboxOpen open;
        open.name = name;
        open.settings = mailbox.json;
        open.cursor = services_.store.reader().mails().cursor(name);
        if (mailbox.password) {
            auto password = mailbox.password->read();
            if (!password) {
                status.last_error = "cannot read its password: " + password.error().detail;
                runtime::log(runtime::Level::error, "a mailbox cannot be opened",
                             {{"mailbox", name}, {"why", status.last_error}});
                continue;
            }
            open.password = std::move(*password);
        }
        services_.mail.open_mailbox(std::move(open));
    }
}

void MailIntake::reported(const protocol::MailboxReport& report) {
    const auto found = status_.find(report.name);
    if (found == status_.end()) return;
    MailboxStatus& status = found->second;
    if (status.open != report.open) {
        const auto level = report.open ? runtime::Level::info : runtime::Level::warning;
        runtime::log(level, report.open ? "a mailbox is open" : "a mailbox cannot be read",
                     {{"mailbox", report.name}, {"why", report.detail}});
    }
    status.open = report.open;
    if (report.open) status.last_seen = services_.clock.now();
    if (!report.open) status.last_error = report.detail;
}

void MailIntake::offered(const Offer& offer) {
    if (stopping_ || taking_ >= kMostAtOnce || !status_.contains(offer->mailbox)) return;
    ++taking_;
    runtime::spawn(services_.loop, "mail", take(offer));
}

asio::awaitable<void> MailIntake::take(Offer offer) {
    const TwoClocks at = moment();
    const auto settings = services_.settings();
    store::Change<Taken> change = [this, offer, settings, at](store::Tx& tx) {
        return commit(tx, *offer, *settings, at);
    };
    const Result<Taken> taken = co_await services_.store.write(std::move(change));
    --taking_;
    if (!taken) {
        // Not taken: it stays where it is and is offered again.
        runtime::log(runtime::Level::error, "cannot commit a mail",
                     {{"mailbox", offer->mailbox}, {"why", taken.error().detail}});
        co_return;
    }
    services_.mail.mail_taken(offer->mailbox, offer->ref);
    const auto status = status_.find(offer->mailbox);
    if (status != status_.end() && taken->fresh) {
        status->second.last_mail = at.now;
        if (taken->used) ++status->second.codes_used;
        if (!taken->reason.empty()) ++status->second.unmatched;
    }
    if (taken->used) services_.kick();
    if (taken->waits) {
        ++waiting_;
        // Its sign-in may have been committed meanwhile.
        requests_changed();
    }
    if (waiting_ > 0 && !sweeping_) {
        sweeping_ = true;
        runtime::spawn(services_.loop, "waiting codes", end_old_ones());
    }
}

void MailIntake::filed(protocol::MailFiled filed) {
    if (stopping_ || filed.cursor.empty() || !status_.contains(filed.mailbox)) return;
    runtime::spawn(services_.loop, "mail cursor",
                   keep_cursor(std::move(filed.mailbox), std::move(filed.cursor)));
}

asio::awaitable<void> MailIntake::keep_cursor(std::string mailbox, std::string cursor) {
    store::Change<bool> change = [mailbox, cursor](store::Tx& tx) -> Result<bool> {
        tx.mails().set_cursor(mailbox, cursor);
        return true;
    };
    const Result<bool> kept = co_await services_.store.write(std::move(change));
    // Without it the same mails are looked at once more.
    if (!kept)
        runtime::log(runtime::Level::warning, "cannot keep a mailbox's cursor",
                     {{"mailbox", mailbox}, {"why", kept.error().detail}});
}

void MailIntake::requests_changed() {
    if (waiting_ == 0 || trying_ || stopping_) return;
    trying_ = true;
    runtime::spawn(services_.loop, "waiting codes", try_waiting());
}

asio::awaitable<void> MailIntake::try_waiting() {
    const TwoClocks at = moment();
    const auto settings = services_.settings();
    trying_ = false;
    store::Change<std::size_t> change = [this, settings, at](store::Tx& tx) -> Result<std::size_t> {
        std::size_t used = 0;
        for (const store::WaitingCodeRow& row : tx.mails().waiting_codes()) {
            const Result<bool> done = try_one(tx, row, *settings, at);
            if (!done) return done.error();
            if (*done) ++used;
        }
        return used;
    };
    const Result<std::size_t> used = co_await services_.store.write(std::move(change));
    if (!used || *used == 0) co_return;
    waiting_ -= std::min(waiting_, *used);
    services_.kick();
}

asio::awaitable<void> MailIntake::end_old_ones() {
    while (waiting_ > 0 && !stopping_) {
        sweep_.expires_after(kSweepEvery);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await sweep_.async_wait(token);
        if (stopping_) break;
        const TwoClocks at = moment();
        store::Change<std::size_t> change = [this, at](store::Tx& tx) -> Result<std::size_t> {
            std::size_t left = 0;
            for (const store::WaitingCodeRow& row : tx.mails().waiting_codes()) {
                if (since(row.arrived_at, row.arrived_steady, row.run, at) < kCodeWaits) {
                    ++left;
                    continue;
                }
                tx.mails().drop_waiting_code(row.message);
                unmatched(tx, at, row.mailbox, row.message, "no_sign_in");
            }
            return left;
        };
        const Result<std::size_t> left = co_await services_.store.write(std::move(change));
        if (left) waiting_ = *left;
    }
    sweeping_ = false;
}

Result<void> MailIntake::recover() {
    const TwoClocks at = moment();
    const auto settings = services_.settings();
    return services_.store.write_and_wait([this, at, settings](store::Tx& tx) -> Result<void> {
        for (const store::WaitingCodeRow& row : tx.mails().waiting_codes()) {
            // Its sign-in may have been answered, and the end came before the code was given.
            const Result<bool> done = try_one(tx, row, *settings, at);
            if (!done) return done.error();
            if (*done) continue;
            tx.mails().drop_waiting_code(row.message);
            unmatched(tx, at, row.mailbox, row.message, "no_sign_in");
        }
        return {};
    });
}

void MailIntake::stop() {
    stopping_ = true;
    sweep_.cancel();
}

std::vector<MailboxStatus> MailIntake::mailboxes() const {
    std::vector<MailboxStatus> list;
    for (const auto& [name, status] : status_) list.push_back(status);
    return list;
}

}  // namespace cabroker::engine
