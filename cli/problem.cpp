#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

std::string forbidden_hint(const bj::value& problem) {
    const std::string role = clean(text_at(problem, "/required_role"));
    if (role.empty()) return "see who you are to the daemon: cabroker whoami";
    return fmt::format("this needs the role {}; yours: cabroker whoami", role);
}

std::string not_found_hint(const std::string& detail) {
    if (detail.ends_with("no such route"))
        return "this daemon does not have that (yet); what it has: cabroker version";
    if (detail.find(" order") != std::string::npos)
        return "look for it: cabroker order list --search TEXT";
    return "check the id; a request: cabroker request list";
}

}  // namespace

std::string problem_text(const bj::value& problem, long status) {
    const std::string title = clean(text_at(problem, "/title"));
    const std::string detail = clean_lines(text_at(problem, "/detail"));
    const std::string code = clean(text_at(problem, "/code"));
    std::string text = detail.empty() ? title : detail;
    if (text.empty()) text = "the daemon refused";
    if (!title.empty() && !detail.empty() && title != detail) text = title + ": " + detail;
    text += code.empty() ? fmt::format(" ({})", status) : fmt::format(" ({} {})", status, code);
    const bj::value* const errors = find(problem, "/errors");
    if (errors == nullptr || !errors->is_array()) return text;
    // A single error stands in the detail already.
    if (const bj::array& all = errors->get_array();
        all.size() == 1 && detail.ends_with(clean(text_at(all[0], "/detail")))) {
        const std::string name = clean(text_at(all[0], "/code"));
        return name.empty() || name == code ? text : text + ": " + name;
    }
    for (const bj::value& error : errors->get_array()) {
        const std::string pointer = clean(text_at(error, "/pointer"));
        text += fmt::format("\n  {}: {} ({})", pointer.empty() ? "(body)" : pointer,
                            clean(text_at(error, "/detail")), clean(text_at(error, "/code")));
    }
    return text;
}

std::string hint_for(const bj::value& problem) {
    const std::string code = text_at(problem, "/code");
    if (code == "ambiguous_order") return "name one of these orders: --order ord_...";
    if (code == "duplicate_active_request") {
        const std::string id = clean(text_at(problem, "/existing_request_id"));
        return fmt::format(
            "look at it: cabroker request show {}; to make another one all the same: "
            "--allow-duplicate",
            id);
    }
    if (code == "order_mismatch" || code == "order_exists") {
        const std::string id = clean(text_at(problem, "/order_id"));
        return "look at the order on record: cabroker order show " + (id.empty() ? "ORDER" : id);
    }
    if (code == "forbidden") return forbidden_hint(problem);
    if (code == "not_found") return not_found_hint(text_at(problem, "/detail"));
    if (code == "state_conflict") return "the request moved on: cabroker request show ID";
    if (code == "input_not_needed") return "nothing is asked for now: cabroker request show ID";
    if (code == "idempotency_key_reused") return "leave --idempotency-key out, or use a new one";
    if (code == "bad_page_token") return "start again without --page-token";
    if (code == "cursor_expired") {
        return "these events are gone; the oldest: --after " +
               clean(text_at(problem, "/first_seq"));
    }
    if (code == "invalid_body" && text_at(problem, "/errors/0/pointer") == "/params/csr" &&
        text_at(problem, "/errors/0/code") == "required")
        return "give the CSR: --csr FILE, or --csr - for stdin";
    if (code == "private_key_pasted") return "send a CSR, never the private key";
    if (code == "store_failed") return "the daemon's disk may be full or broken: see its log";
    if (code == "draining") return "the daemon is about to stop or restart; try again";
    return {};
}

}  // namespace cabroker::cli
