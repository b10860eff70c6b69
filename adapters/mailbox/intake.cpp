#include "adapters/mailbox/intake.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "adapters/mailbox/reading.hpp"
#include "runtime/log.hpp"
#include "runtime/spawn.hpp"

namespace cabroker::adapters::mailbox {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;
using protocol::MailRef;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t kMostFound = 1'000;
/// Octets of mails that were offered and not taken.
constexpr std::size_t kMostOctets = 32UL * 1024 * 1024;
constexpr auto kLongestPause = std::chrono::minutes(5);

/// A mail that was offered and is not filed.
struct Untaken {
    SteadyTime offered_at;
    std::size_t octets = 0;
    bool may_delete = false;
    bool oversize = false;
    bool filing = false;
};

}  // namespace

struct Intake::State : std::enable_shared_from_this<Intake::State> {
    State(IntakeOptions given, IntakeEvents told, std::unique_ptr<Source> from,
          const runtime::Clock& time, asio::any_io_executor executor)
        : options(std::move(given)),
          events(std::move(told)),
          source(std::move(from)),
          clock(time),
          loop(std::move(executor)) {}

    IntakeOptions options;
    IntakeEvents events;
    std::unique_ptr<Source> source;
    const runtime::Clock& clock;
    asio::any_io_executor loop;
    std::map<MailRef, Untaken> untaken;
    /// Of each mail there is: when a look last did not see it; nullopt for those of the first look.
    std::map<MailRef, std::optional<SteadyTime>> unseen_at;
    std::optional<SteadyTime> looked_at;
    int failures = 0;
    bool stopping = false;
    /// Last, so that it is joined before what its work uses is gone.
    asio::thread_pool worker{1};

    /// Runs `work` on the worker.
    template <class T>
    asio::awaitable<Result<T>> aside(std::function<Result<T>()> work) {
        auto call = [](std::function<Result<T>()> inner) -> asio::awaitable<Result<T>> {
            co_return inner();
        };
        auto running = call(std::move(work));
        co_return co_await asio::co_spawn(worker, std::move(running), asio::use_awaitable);
    }

    [[nodiscard]] std::size_t octets_untaken() const {
        std::size_t sum = 0;
        for (const auto& [ref, mail] : untaken) sum += mail.octets;
        return sum;
    }
    [[nodiscard]] bool has_room(std::size_t octets) const {
        return untaken.size() < options.most_untaken &&
               (untaken.empty() || octets_untaken() + octets <= kMostOctets);
    }
    void note_seen(const std::vector<FoundMail>& found, SteadyTime began);
    [[nodiscard]] domain::Duration age_of(const FoundMail& mail) const;
    void report(bool open, std::string detail) const;
    asio::awaitable<void> offer(FoundMail found);
    asio::awaitable<void> offer_all(std::vector<FoundMail> found);
    static asio::awaitable<void> run(std::shared_ptr<State> self);
    static asio::awaitable<void> file(std::shared_ptr<State> self, MailRef ref);
};

void Intake::State::note_seen(const std::vector<FoundMail>& found, SteadyTime began) {
    std::map<MailRef, std::optional<SteadyTime>> now;
    // A list that was cut tells nothing about what it does not hold.
    const bool whole = found.size() < kMostFound;
    for (const FoundMail& mail : found) {
        const auto known = unseen_at.find(mail.ref);
        std::optional<SteadyTime> unseen;
        if (known != unseen_at.end()) {
            unseen = known->second;
        } else if (whole) {
            unseen = looked_at;
        }
        now.emplace(mail.ref, unseen);
    }
    unseen_at = std::move(now);
    looked_at = began;
}

domain::Duration Intake::State::age_of(const FoundMail& mail) const {
    domain::Duration age = domain::Duration::max();
    if (mail.arrived) age = std::max(domain::Duration::zero(), clock.now() - *mail.arrived);
    const auto known = unseen_at.find(mail.ref);
    if (known != unseen_at.end() && known->second) {
        const auto since = clock.steady() - *known->second;
        age = std::min(age, std::chrono::duration_cast<domain::Duration>(since));
    }
    // What nobody knows the age of is old.
    constexpr domain::Duration kOld = std::chrono::hours(24 * 365);
    return std::min(age, kOld);
}

void Intake::State::report(bool open, std::string detail) const {
    protocol::MailboxReport report;
    report.name = options.name;
    report.open = open;
    report.detail = std::move(detail);
    events.report(std::move(report));
}

asio::awaitable<void> Intake::State::offer(FoundMail found) {
    std::function<Result<MailRead>()> work = [this, found] {
        return read_offer(*source, found, options.rules);
    };
    Result<MailRead> read = co_await aside(std::move(work));
    if (stopping) co_return;
    if (!read) {
        if (read.error().code != ErrorCode::not_found) {
            runtime::log(runtime::Level::warning, "a mail cannot be read",
                         {{"mailbox", options.name},
                          {"mail", found.ref.text()},
                          {"why", read.error().detail}});
        }
        co_return;
    }
    auto offer = std::make_shared<protocol::MailOffer>(std::move(read->offer));
    offer->mailbox = options.name;
    offer->facts.age = age_of(found);
    Untaken& mail = untaken[found.ref];
    mail.offered_at = clock.steady();
    mail.octets = offer->octets.size();
    mail.may_delete = read->may_delete;
    mail.oversize = offer->oversize;
    events.offer(std::move(offer));
}

asio::awaitable<void> Intake::State::offer_all(std::vector<FoundMail> found) {
    for (FoundMail& mail : found) {
        if (stopping) co_return;
        const auto known = untaken.find(mail.ref);
        if (known != untaken.end()) {
            const bool waits = known->second.filing ||
                               clock.steady() - known->second.offered_at < options.patience;
            if (waits) continue;
        } else if (!has_room(mail.size)) {
            continue;
        }
        co_await offer(std::move(mail));
    }
}

asio::awaitable<void> Intake::State::run(std::shared_ptr<State> self) {
    while (!self->stopping) {
        const SteadyTime began = self->clock.steady();
        // Not `self`: the last owner must not go on the worker, which it would wait for.
        Source* const from = self->source.get();
        std::function<Result<std::vector<FoundMail>>()> work = [from] {
            return from->look(kMostFound);
        };
        Result<std::vector<FoundMail>> found = co_await self->aside(std::move(work));
        if (self->stopping) co_return;
        auto pause = self->options.poll;
        if (found) {
            self->failures = 0;
            self->note_seen(*found, began);
            // What is gone from the mailbox, by whosever hand, is nobody's to take any more.
            std::erase_if(self->untaken, [&](const auto& mail) {
                return !mail.second.filing && !self->unseen_at.contains(mail.first);
            });
            self->report(true, "");
            co_await self->offer_all(std::move(*found));
        } else {
            const int doublings = std::min(self->failures++, 8);
            pause = std::min<std::chrono::milliseconds>(pause * (1 << doublings), kLongestPause);
            self->report(false, found.error().detail);
        }
        if (self->stopping) co_return;
        const SteadyTime until = std::chrono::steady_clock::now() + pause;
        co_await self->source->wait(until);
    }
}

asio::awaitable<void> Intake::State::file(std::shared_ptr<State> self, MailRef ref) {
    const auto known = self->untaken.find(ref);
    if (known == self->untaken.end() || known->second.filing) co_return;
    known->second.filing = true;
    const bool remove = known->second.may_delete && self->options.delete_code_mails;
    std::string folder = "Processed";
    if (known->second.oversize) folder = "Oversize";
    Source* const from = self->source.get();
    std::function<Result<std::string>()> work = [from, ref, remove,
                                                 folder]() -> Result<std::string> {
        const Result<void> done = remove ? from->remove(ref) : from->file(ref, folder);
        if (!done) return done.error();
        return from->cursor();
    };
    const Result<std::string> filed = co_await self->aside(std::move(work));
    if (self->stopping) co_return;
    if (!filed) {
        // It stays where it is, is offered again when its time has come, and recognised.
        runtime::log(runtime::Level::warning, "a mail cannot be filed away",
                     {{"mailbox", self->options.name}, {"why", filed.error().detail}});
        self->report(false, filed.error().detail);
        const auto still = self->untaken.find(ref);
        if (still != self->untaken.end()) still->second.filing = false;
        co_return;
    }
    self->untaken.erase(ref);
    protocol::MailFiled told;
    told.mailbox = self->options.name;
    told.ref = ref;
    told.cursor = *filed;
    self->events.filed(std::move(told));
    // There may be more than fitted.
    self->source->wake();
}

Intake::Intake(IntakeOptions options, IntakeEvents events, std::unique_ptr<Source> source,
               const runtime::Clock& clock, const asio::any_io_executor& loop)
    : state_(std::make_shared<State>(std::move(options), std::move(events), std::move(source),
                                     clock, loop)) {
    runtime::spawn(loop, "mailbox " + state_->options.name, State::run(state_));
}

Intake::~Intake() {
    state_->stopping = true;
    state_->source->stop();
    state_->source->wake();
}

void Intake::taken(const MailRef& ref) {
    runtime::spawn(state_->loop, "filing", State::file(state_, ref));
}

}  // namespace cabroker::adapters::mailbox
