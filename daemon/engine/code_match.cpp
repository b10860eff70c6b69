#include "daemon/engine/code_match.hpp"

#include <algorithm>

namespace cabroker::engine {

using adapters::protocol::Authentication;
using adapters::protocol::CodeReading;
using adapters::protocol::MailFacts;
using config::CodeMail;

namespace {

bool same(std::string_view a, std::string_view b) {
    const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return low(x) == low(y); });
}

CodeDecision triage(std::string reason) {
    CodeDecision decision;
    decision.reason = std::move(reason);
    return decision;
}

/// Why the mail as a whole cannot be used, if it cannot.
std::optional<std::string> refusal(const MailFacts& facts,
                                   const std::vector<CodeReading>& readings) {
    if (readings.empty() || facts.from.size() != 1) return "sender_not_allowed";
    if (facts.authentication == Authentication::failed) return "not_authenticated";
    std::size_t most = 0;
    for (const CodeReading& reading : readings) most = std::max(most, reading.candidates);
    if (most == 0) return "no_code";
    if (most > 1) return "several_codes";
    return std::nullopt;
}

/// How near a sign-in comes to being the mail's own; the first rule that fails says it.
enum class Fit { sender, recipient, older, late, binding, pending, fits };

Fit fit_of(const MailFacts& facts, const CodeReading& reading, const OpenSignIn& sign_in,
           domain::Duration slack) {
    const config::AccessCodeRules& rules = sign_in.portal->profile.access_code;
    // The outside has looked already; the core believes its own configuration.
    const auto allowed = [&](const std::string& sender) {
        return config::sender_matches(sender, facts.from.front());
    };
    const auto& senders = rules.mail->senders;
    if (reading.candidates != 1 || !rules.pattern.accepts(reading.code.reveal()) ||
        std::none_of(senders.begin(), senders.end(), allowed)) {
        return Fit::sender;
    }
    const auto is_recipient = [&](const std::string& to) { return same(to, sign_in.recipient); };
    if (std::none_of(facts.to.begin(), facts.to.end(), is_recipient)) return Fit::recipient;
    if (facts.age > sign_in.age + slack) return Fit::older;
    if (sign_in.age > rules.ttl) return Fit::late;
    if (rules.mail->binds != CodeMail::Binds::nothing) {
        if (reading.binding.empty()) return Fit::binding;
        if (sign_in.binding && !same(*sign_in.binding, reading.binding)) return Fit::binding;
        if (!sign_in.binding) return sign_in.asked ? Fit::binding : Fit::pending;
    }
    return sign_in.asked ? Fit::fits : Fit::pending;
}

std::string reason_of(Fit nearest) {
    switch (nearest) {
        case Fit::recipient:
            return "wrong_recipient";
        case Fit::older:
            return "older_than_sign_in";
        case Fit::late:
            return "too_late";
        case Fit::binding:
            return "wrong_binding";
        default:
            return "no_sign_in";
    }
}

}  // namespace

CodeDecision match_code(const MailFacts& facts, const std::vector<CodeReading>& readings,
                        const std::vector<OpenSignIn>& sign_ins, domain::Duration slack) {
    if (auto why = refusal(facts, readings)) return triage(std::move(*why));
    CodeDecision decision;
    std::size_t fitting = 0;
    std::size_t pending = 0;
    Fit nearest = Fit::sender;
    for (const OpenSignIn& sign_in : sign_ins) {
        for (std::size_t i = 0; i < readings.size(); ++i) {
            if (readings[i].adapter != sign_in.adapter) continue;
            const Fit fit = fit_of(facts, readings[i], sign_in, slack);
            nearest = std::max(nearest, fit);
            if (fit == Fit::pending) ++pending;
            if (fit != Fit::fits) continue;
            ++fitting;
            decision.request = sign_in.request;
            decision.reading = i;
        }
    }
    // One that fits by a binding is sure, whatever others are under way.
    const bool bound = fitting == 1 && !readings[decision.reading].binding.empty();
    if (fitting == 1 && (pending == 0 || bound)) {
        decision.fate = CodeDecision::Fate::use;
        return decision;
    }
    if (fitting > 0) return triage("ambiguous");
    if (pending > 0) {
        decision.fate = CodeDecision::Fate::wait;
        return decision;
    }
    return triage(reason_of(nearest));
}

}  // namespace cabroker::engine
