#include "adapters/guest_portal/progress.hpp"

#include <boost/json.hpp>

#include "json/time_text.hpp"

namespace cabroker::adapters::guest_portal {

namespace {

using boost::json::object;
using boost::json::value;

constexpr std::int64_t kVersion = 1;

std::string text_at(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    if (found == nullptr || !found->is_string()) return {};
    return std::string(found->get_string());
}

std::optional<std::int64_t> number_at(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    if (found == nullptr || !found->is_int64()) return std::nullopt;
    return found->get_int64();
}

std::string_view word_of(Gate gate) {
    if (gate == Gate::intended) return "intended";
    return gate == Gate::code ? "code" : "none";
}

std::string_view word_of(Job job) {
    if (job == Job::prepared) return "prepared";
    return job == Job::submitted ? "submitted" : "start";
}

bool read_words(const object& from, Progress& into) {
    const std::string gate = text_at(from, "gate");
    const std::string job = text_at(from, "job");
    for (const Gate one : {Gate::none, Gate::intended, Gate::code}) {
        if (word_of(one) == gate) into.gate = one;
    }
    for (const Job one : {Job::start, Job::prepared, Job::submitted}) {
        if (word_of(one) == job) into.job = one;
    }
    return word_of(into.gate) == gate && word_of(into.job) == job;
}

bool read_sign_in(const object& from, Progress& into) {
    const std::string login = text_at(from, "login");
    if (!login.empty()) {
        auto state = portal::BrowserState::parse(login);
        if (!state) return false;
        into.login = std::move(*state);
    }
    if (const auto expires = json::parse_time(text_at(from, "code_expires_at"))) {
        into.code_expires_at = *expires;
    }
    if (const auto left = number_at(from, "attempts_left")) {
        into.attempts_left = static_cast<int>(*left);
    }
    const std::string error = text_at(from, "error");
    if (!error.empty()) {
        domain::LastError last;
        last.code = error;
        last.at = json::parse_time(text_at(from, "error_at")).value_or(domain::Time{});
        into.last_error = std::move(last);
    }
    into.login_reference = text_at(from, "login_reference");
    into.code_sent_to = text_at(from, "code_sent_to");
    into.signed_in_at = json::parse_time(text_at(from, "signed_in_at"));
    into.short_sessions = static_cast<int>(number_at(from, "short_sessions").value_or(0));
    into.codes_used_up = static_cast<int>(number_at(from, "codes_used_up").value_or(0));
    into.codes_interrupted = static_cast<int>(number_at(from, "codes_interrupted").value_or(0));
    into.codes_expired = static_cast<int>(number_at(from, "codes_expired").value_or(0));
    into.code_at_hand = domain::Secret(text_at(from, "code_at_hand"));
    const std::string doubt = text_at(from, "code_doubt");
    if (doubt == "no_answer") into.code_doubt = CodeDoubt::no_answer;
    if (doubt == "interrupted") into.code_doubt = CodeDoubt::interrupted;
    const value* behind = from.if_contains("page_behind_code");
    if (behind != nullptr && behind->is_object()) {
        const object& page = behind->get_object();
        into.page_behind_code = portal::PageBehind{text_at(page, "step"), text_at(page, "url")};
    }
    return true;
}

}  // namespace

domain::Secret Progress::text(const portal::Variables& variables) const {
    object out;
    out["v"] = kVersion;
    out["gate"] = word_of(gate);
    out["job"] = word_of(job);
    if (gate == Gate::code) {
        out["login"] = login.text().reveal();
        out["code_expires_at"] = json::time_text(code_expires_at);
        if (attempts_left) out["attempts_left"] = *attempts_left;
        out["login_reference"] = login_reference;
        out["code_sent_to"] = code_sent_to;
        out["code_at_hand"] = code_at_hand.reveal();
        if (code_doubt == CodeDoubt::no_answer) out["code_doubt"] = "no_answer";
        if (code_doubt == CodeDoubt::interrupted) out["code_doubt"] = "interrupted";
        if (page_behind_code) {
            out["page_behind_code"] =
                object{{"step", page_behind_code->step}, {"url", page_behind_code->url}};
        }
    }
    if (last_error) {
        out["error"] = last_error->code;
        out["error_at"] = json::time_text(last_error->at);
    }
    if (signed_in_at) out["signed_in_at"] = json::time_text(*signed_in_at);
    out["short_sessions"] = short_sessions;
    out["codes_expired"] = codes_expired;
    out["codes_used_up"] = codes_used_up;
    out["codes_interrupted"] = codes_interrupted;
    if (prepared) out["prepared"] = portal::to_json(*prepared, variables);
    if (refusal) {
        out["refusal"] =
            object{{"code", refusal->code}, {"detail", refusal->detail}, {"hint", refusal->hint}};
    }
    out["seen_before"] = seen_before;
    out["seen_serial"] = seen_serial;
    out["tokens_told"] = tokens_told;
    out["tokens_done"] = tokens_done;
    out["page_kept"] = page_kept;
    out["pages_kept"] = pages_kept;
    return domain::Secret(boost::json::serialize(out));
}

std::optional<Progress> Progress::parse(std::string_view text, const portal::Variables& variables) {
    Progress progress;
    if (text.empty()) return progress;
    boost::json::error_code broken;
    const value parsed = boost::json::parse(text, broken);
    if (broken || !parsed.is_object()) return std::nullopt;
    const object& from = parsed.get_object();
    if (number_at(from, "v") != kVersion) return std::nullopt;
    if (!read_words(from, progress) || !read_sign_in(from, progress)) return std::nullopt;
    if (const value* prepared = from.if_contains("prepared")) {
        progress.prepared = portal::prepared_from(*prepared, variables);
        if (!progress.prepared) return std::nullopt;
    }
    if (const value* refusal = from.if_contains("refusal")) {
        if (!refusal->is_object()) return std::nullopt;
        protocol::Rejected said;
        said.code = text_at(refusal->get_object(), "code");
        said.detail = text_at(refusal->get_object(), "detail");
        said.hint = text_at(refusal->get_object(), "hint");
        progress.refusal = std::move(said);
    }
    progress.seen_before = text_at(from, "seen_before");
    progress.seen_serial = text_at(from, "seen_serial");
    progress.tokens_told = text_at(from, "tokens_told");
    progress.tokens_done = text_at(from, "tokens_done");
    progress.page_kept = text_at(from, "page_kept");
    progress.pages_kept = static_cast<int>(number_at(from, "pages_kept").value_or(0));
    return progress;
}

}  // namespace cabroker::adapters::guest_portal
