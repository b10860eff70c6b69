#include "daemon/engine/sign_in_line.hpp"

#include <algorithm>

#include "daemon/engine/action_parts.hpp"
#include "domain/ascii.hpp"
#include "domain/states.hpp"

namespace cabroker::engine {

using config::CodeMail;
using store::SignInRow;
using store::SignInState;

namespace {

constexpr auto kSignInStep = "sign_in";
constexpr auto kCodeStep = "access_code";
/// Those in line are called when it is their turn; this is for a call that got lost.
constexpr auto kLookAgain = std::chrono::minutes(5);

bool asks_for_code(const domain::Request& request) {
    return std::any_of(request.needs.begin(), request.needs.end(),
                       [](const domain::Need& need) { return need.name == kCode; });
}

bool at_the_gate(const domain::Request& request) {
    return request.step == kSignInStep || request.step == kCodeStep || asks_for_code(request);
}

void open(SignInRow& row, const TwoClocks& moment) {
    row.state = SignInState::open;
    row.opened_at = moment.now;
    row.opened_steady = moment.steady;
    row.run = moment.run;
}

/// Is somebody of the line before this request?
bool must_wait(const store::Reader& tx, const SignInRow& mine) {
    if (mine.line.empty()) return false;
    for (const SignInRow& other : tx.sign_ins().line(mine.line)) {
        if (other.request_id == mine.request_id) continue;
        const bool before = mine.place == 0 || other.place < mine.place;
        if (other.state == SignInState::open || before) return true;
    }
    return false;
}

void call_next(store::Tx& tx, const std::string& line, domain::Time now) {
    if (line.empty()) return;
    const std::vector<SignInRow> others = tx.sign_ins().line(line);
    const bool busy = std::any_of(others.begin(), others.end(), [](const SignInRow& row) {
        return row.state == SignInState::open;
    });
    if (busy || others.empty()) return;
    auto next = tx.requests().get(others.front().request_id);
    if (!next || domain::is_settled(next->request.state)) {
        tx.sign_ins().drop(others.front().request_id);
        return call_next(tx, line, now);
    }
    make_due(*next, now);
    // A change that came in between: then the request is looked at anyway.
    static_cast<void>(tx.requests().update(*next));
}

Transition in_line(const domain::Request& request, const Transition& wanted,
                   const TwoClocks& moment) {
    Transition next;
    next.state = domain::State::backoff;
    next.next_actor = domain::NextActor::broker;
    next.step = wanted.step;
    next.attempt = 1;
    domain::Trouble why;
    why.code = "sign_in_waits";
    why.detail =
        "another request is signing in with this contact; the codes of both could not be "
        "told apart, so this one waits for its turn";
    why.at = moment.now;
    next.last_problem = std::move(why);
    next.due_at = std::min<domain::Time>(moment.now + kLookAgain, request.deadline_at);
    return next;
}

SignInRow row_for(const domain::Request& request, const CodeWay& way) {
    SignInRow row;
    row.request_id = request.id;
    row.adapter = request.adapter.value_or("");
    row.mailbox = way.mailbox;
    row.recipient = way.recipient;
    row.line = way.line;
    return row;
}

std::optional<CodeWay> way_of(const store::Reader& reader, const config::Settings& settings,
                              const domain::Request& request) {
    const auto order = reader.orders().get(request.order.id);
    if (!order || !request.adapter) return std::nullopt;
    return code_way(settings, *request.adapter, *order);
}

}  // namespace

domain::Duration since(domain::Time at, std::int64_t steady, const std::string& run,
                       const TwoClocks& moment) {
    const domain::Duration passed = !run.empty() && run == moment.run
                                        ? domain::Duration(moment.steady - steady)
                                        : moment.now - at;
    return std::max(passed, domain::Duration::zero());
}

std::optional<CodeWay> code_way(const config::Settings& settings, const std::string& adapter,
                                const domain::Order& order) {
    const auto found = settings.adapters.find(adapter);
    if (found == settings.adapters.end()) return std::nullopt;
    const auto* portal = std::get_if<config::GuestPortalSettings>(&found->second.details);
    if (portal == nullptr || !portal->mailbox || !portal->profile.access_code.mail)
        return std::nullopt;
    CodeWay way;
    way.mailbox = *portal->mailbox;
    way.recipient = domain::lower(domain::login_contact(order).value_or(""));
    way.binds = portal->profile.access_code.mail->binds;
    if (way.recipient.empty()) return std::nullopt;
    way.line = way.mailbox + "\n" + way.recipient;
    if (way.binds == CodeMail::Binds::nonce) way.line.clear();
    if (way.binds == CodeMail::Binds::order_id)
        way.line += "\n" + domain::lower(order.supplier_order_id.value_or(""));
    if (way.binds == CodeMail::Binds::common_name)
        way.line += "\n" + domain::lower(order.common_name.value_or(""));
    return way;
}

Transition enter_line(store::Tx& tx, const config::Settings& settings,
                      const domain::Request& request, Transition next, const TwoClocks& moment) {
    const bool sign_in = next.effect == EffectMove::open && next.step == kSignInStep &&
                         next.new_effect &&
                         next.new_effect->effect_class == domain::EffectClass::repeatable;
    if (!sign_in) return next;
    const std::optional<CodeWay> way = way_of(tx, settings, request);
    if (!way) return next;
    SignInRow row = row_for(request, *way);
    const auto known = tx.sign_ins().get(request.id);
    if (known) row.place = known->state == SignInState::served ? 0 : known->place;
    // A new sign-in after a code that was of no use stands at the end again.
    if (known && row.place == 0) tx.sign_ins().drop(request.id);
    if (must_wait(tx, row)) {
        row.state = SignInState::waiting;
        tx.sign_ins().put(row);
        return in_line(request, next, moment);
    }
    open(row, moment);
    tx.sign_ins().put(row);
    return next;
}

void sign_in_again(store::Tx& tx, const domain::RequestId& request, const TwoClocks& moment) {
    auto row = tx.sign_ins().get(request);
    if (!row || row->state == SignInState::waiting) return;
    open(*row, moment);
    tx.sign_ins().put(*row);
}

bool sign_in_for_proof(store::Tx& tx, const config::Settings& settings,
                       const domain::Request& request, const TwoClocks& moment) {
    // A code is on its way or at hand: the proof goes on with that sign-in.
    if (asks_for_code(request) || tx.sign_ins().get(request.id)) return true;
    const std::optional<CodeWay> way = way_of(tx, settings, request);
    if (!way) return true;
    SignInRow row = row_for(request, *way);
    if (must_wait(tx, row)) return false;
    open(row, moment);
    tx.sign_ins().put(row);
    return true;
}

void end_proof(store::Tx& tx, const domain::Request& request, domain::Time now) {
    if (!asks_for_code(request)) leave_line(tx, request.id, now);
}

void leave_line(store::Tx& tx, const domain::RequestId& request, domain::Time now) {
    const auto row = tx.sign_ins().get(request);
    if (!row) return;
    tx.sign_ins().drop(request);
    if (row->state == SignInState::open) call_next(tx, row->line, now);
}

void follow_line(store::Tx& tx, const domain::Request& before, const domain::Request& after,
                 domain::Time now) {
    if (!at_the_gate(before) && !at_the_gate(after)) return;
    auto row = tx.sign_ins().get(after.id);
    if (!row) return;
    if (domain::is_settled(after.state)) return leave_line(tx, after.id, now);
    if (asks_for_code(after)) {
        // Asked again: the code was refused, another one may come; not while others are at it.
        if (row->state != SignInState::served) return;
        if (must_wait(tx, *row)) return leave_line(tx, after.id, now);
        row->state = SignInState::open;
        tx.sign_ins().put(*row);
        return;
    }
    if (asks_for_code(before)) {
        row->state = SignInState::served;
        tx.sign_ins().put(*row);
        return call_next(tx, row->line, now);
    }
    if (!at_the_gate(after)) leave_line(tx, after.id, now);
}

bool waits_for_code(const store::Reader& reader, const domain::Request& request) {
    const bool waits = request.state == domain::State::needs_input ||
                       request.state == domain::State::outcome_unknown;
    if (!waits || !asks_for_code(request)) return false;
    const std::vector<store::InputRow> given = reader.inputs().list(request.id);
    return std::none_of(given.begin(), given.end(),
                        [](const store::InputRow& input) { return input.name == kCode; });
}

}  // namespace cabroker::engine
