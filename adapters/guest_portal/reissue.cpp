// A submitted reissue: what to publish, and whether our certificate is there.
#include "adapters/guest_portal/answers.hpp"
#include "adapters/guest_portal/jobs.hpp"
#include "adapters/guest_portal/sign_in.hpp"
#include "runtime/sha256.hpp"

namespace cabroker::adapters::guest_portal {

namespace asio = boost::asio;
using domain::OrderStatus;
using domain::ValidationMethod;
using protocol::StepResult;

namespace {

std::string still_shown(const OrderView& view) {
    std::string text = "the portal shows " + view.status.raw;
    if (!view.awaits_approval.empty())
        text += " and an approval is awaited for: " + view.awaits_approval;
    return text;
}

std::string digest_of_tokens(const std::vector<Token>& tokens) {
    std::string all;
    for (const Token& token : tokens) {
        all += token.domain + '\n' + token.method + '\n' + token.where + '\n' + token.value + '\n';
    }
    return runtime::sha256_hex(all);
}

/// Short enough for the cookie of an order with many names.
std::string mark_of(const Token& token) { return digest_of_tokens({token}).substr(0, 16); }

/// Tokens that somebody can publish. The e-mail method shows none: its mail goes to the domain.
std::vector<Token> publishable(const OrderView& view) {
    std::vector<Token> tokens;
    for (const Token& token : view.tokens) {
        if (!token.value.empty()) tokens.push_back(token);
    }
    return tokens;
}

std::map<std::string, std::string> details_of(const Work& work, const Token& token) {
    std::map<std::string, std::string> details;
    details.emplace("domain", token.domain);
    details.emplace("method", token.method);
    details.emplace("where", token.where);
    details.emplace("value", token.value);
    // In the portal's own words where they are no date that the profile knows.
    const bool is_time = page_time(work.profile(), token.until).has_value();
    details.emplace(is_time ? "expires_at" : "until", token.until);
    return details;
}

/// `a DNS TXT record at x.example.com`; a method in the portal's own words stays as it is.
std::string place_of(const Token& token) {
    const auto method = domain::parse<ValidationMethod>(token.method);
    std::string what = "the token (" + token.method + ")";
    if (method == ValidationMethod::dns_txt_token) what = "a DNS TXT record";
    if (method == ValidationMethod::dns_cname_token) what = "a DNS CNAME record";
    if (method == ValidationMethod::http_token) what = "a file";
    return what + " at " + token.where;
}

domain::Need need_of(const Work& work, const Token& token) {
    domain::Need need;
    need.name = "dcv_publication";
    need.hint = "publish " + place_of(token) + " with " + token.value + " in it, for " +
                token.domain + "; the input `done` makes the broker look at once";
    need.expires_at = page_time(work.profile(), token.until);
    need.details = details_of(work, token);
    return need;
}

void tell(Work& work, const std::vector<Token>& tokens) {
    for (const Token& token : tokens) {
        protocol::Note note;
        note.text = token.value.empty()
                        ? "the CA validates " + token.domain + " by a mail to " + token.where
                        : "to publish for " + token.domain + ": " + place_of(token);
        note.details = details_of(work, token);
        work.notes.push_back(std::move(note));
    }
}

/// What nobody said to be published. Each `done` is about the first that is asked for.
std::vector<Token> still_to_publish(Work& work, const OrderView& view) {
    std::string& done = work.progress.tokens_done;
    std::vector<Token> open;
    for (Token& token : publishable(view)) {
        if (done.find(mark_of(token)) != std::string::npos) continue;
        if (work.take_input("dcv_publication")) {
            done += mark_of(token) + " ";
        } else {
            open.push_back(std::move(token));
        }
    }
    return open;
}

StepResult still_pending(Work& work, const OrderView& view) {
    Progress& progress = work.progress;
    const std::string all = digest_of_tokens(view.tokens);
    const bool is_new = !view.tokens.empty() && all != progress.tokens_told;
    if (is_new) {
        progress.tokens_told = all;
        tell(work, view.tokens);
    }
    const std::vector<Token> tokens = still_to_publish(work, view);
    if (tokens.empty()) return wait_for(work, still_shown(view));
    protocol::NeedInput needs;
    for (const Token& token : tokens) needs.needs.push_back(need_of(work, token));
    return work.answer(std::move(needs), "dcv_publication");
}

StepResult ended_without(Work& work, const OrderView& view) {
    return end_change(work, "reissue_ended",
                      "the portal shows " + view.status.raw + " and not our certificate",
                      "ask the reseller platform's support what became of the reissue");
}

asio::awaitable<Step> look_for_certificate(Work& work, OrderView view) {
    const bool is_old = !view.serial.empty() && view.serial == work.progress.seen_serial;
    if (is_old) {
        const std::string row = own_state(work, view);
        const auto state = work.profile().reissue_state_of(row);
        if (state == config::ReissueState::canceled) {
            co_return end_change(
                work, "reissue_canceled", "the portal shows our reissue as " + row,
                "a cancel of this order, here or at the portal, ended it; send a new request if it "
                "is wanted");
        }
        if (state == config::ReissueState::rejected) {
            co_return end_change(
                work, "approval_rejected", "the portal shows our reissue as " + row,
                "ask who approves requests at the portal why, then send a new one");
        }
        if (!view.awaits_approval.empty()) co_return wait_for(work, still_shown(view));
        co_return wait_for(work, "the portal still shows the old certificate");
    }
    Download fetched = co_await download(work);
    if (fetched.ended) co_return std::move(*fetched.ended);
    // With another key the core does not believe it: it waits on, and says why (`key_mismatch`).
    protocol::Done done;
    done.code = "issued";
    done.detail = fetched.our_key ? "the portal issued a certificate with our CSR's key"
                                  : "the portal issued a certificate with another key";
    co_return work.answer(std::move(done), "done");
}

}  // namespace

asio::awaitable<Step> poll_reissue(Work& work, OrderView view) {
    const bool pending = view.status.status == OrderStatus::reissue_pending ||
                         view.status.status == OrderStatus::processing;
    if (pending && work.session_ends_soon() && work.mails_codes()) {
        work.note("the session ends soon and the reissue is still pending: a new sign-in begins");
        co_return intend_sign_in(work);
    }
    switch (view.status.status) {
        case OrderStatus::issued:
            co_return co_await look_for_certificate(work, std::move(view));
        case OrderStatus::rejected:
        case OrderStatus::revoked:
        case OrderStatus::canceled:
        case OrderStatus::expired:
            co_return ended_without(work, view);
        default:
            co_return still_pending(work, view);
    }
}

}  // namespace cabroker::adapters::guest_portal
