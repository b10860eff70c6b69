// status, reissue, revoke, cancel, download, transfer: one request each.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/files.hpp"
#include "cli/follow.hpp"
#include "cli/input.hpp"
#include "cli/request_body.hpp"
#include "cli/session.hpp"
#include "cli/story.hpp"
#include "cli/text.hpp"
#include "json/parse.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

// As it was named, and as it is on record: a digit may have been mistyped.
std::string order_words(Session& session, const bj::object& body) {
    std::string words;
    const std::optional<bj::value> known = known_order(session, body.at("order").as_object());
    if (known) {
        for (const char* const part : {"/common_name", "/brand", "/product", "/account"}) {
            const std::string word = clean(text_at(*known, part));
            if (!word.empty()) words += (words.empty() ? "" : ", ") + word;
        }
    }
    for (const auto& [key, value] : body.at("order").as_object()) {
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", clean(key),
                             clean(text_at(value, "")));
    }
    return words;
}

// Shows what the daemon would do, so that a warning (no refund) is seen before the yes.
std::optional<Exit> confirm(Session& session, const std::string& kind, const bj::object& body) {
    if (!session.console.can_ask()) {
        return session.fail(Exit::usage,
                            kind + " cannot be undone: add --yes, there is no terminal to ask on");
    }
    bj::object asked = body;
    for (const char* const key : {"dry_run", "allow_duplicate"}) asked.erase(key);
    const OrExit<Reply> preview = session.post("/v1/route-preview", asked);
    if (preview.has_error()) return preview.error();
    const domain::Result<bj::value> seen = json::parse(preview->body);
    const bj::value* const warnings = seen.has_value() ? find(*seen, "/warnings") : nullptr;
    if (warnings != nullptr && warnings->is_array()) {
        for (const bj::value& warning : warnings->get_array()) {
            session.console.error("warning: " + clean(text_at(warning, "/detail")));
        }
    }
    const bool yes = session.console.confirm(
        fmt::format("{} ({}): this cannot be undone. Go on?", kind, order_words(session, body)));
    if (yes) return std::nullopt;
    return session.fail(Exit::other, "nothing was done");
}

// Waits for a new request, shows it and writes its files.
Exit carry_through(Session& session, Reply reply, const std::optional<WaitPlan>& plan,
                   const FilePlan& files) {
    const Waited waited =
        plan ? follow(session, reply, *plan) : Waited{std::move(reply.body), Exit::ok};
    if (waited.body.empty()) return waited.code;
    const Exit shown = session.show(waited.body, request_view());
    const Exit code = plan ? waited.code : shown;
    if (files.directory.empty() || code != Exit::ok) return code;
    const domain::Result<bj::value> body = json::parse(waited.body);
    if (body.has_error() || text_at(*body, "/state") != "succeeded") return code;
    return write_artifacts(session, text_at(*body, "/id"), files);
}

Exit run_kind(Session& session, const std::string& kind, const Arguments& arguments) {
    const bool dry = arguments.has("dry-run");
    OrExit<std::optional<WaitPlan>> plan = wait_plan(session, arguments);
    if (plan.has_error()) return plan.error();
    FilePlan files{arguments.text("out"), arguments.all("format"), arguments.has("force")};
    if (!files.directory.empty() && !dry) {
        if (!*plan) plan->emplace();
        if (const Exit code = check_directory(session, files.directory); code != Exit::ok)
            return code;
    }
    const OrExit<bj::object> body = request_body(session, kind, arguments);
    if (body.has_error()) return body.error();
    const bool destructive = kind == "revoke" || kind == "cancel" || kind == "transfer";
    if (destructive && !dry && !arguments.has("yes")) {
        if (const std::optional<Exit> stop = confirm(session, kind, *body)) return *stop;
    }
    OrExit<Reply> reply = session.post("/v1/requests", *body);
    if (reply.has_error()) return reply.error();
    if (dry) return session.show(reply->body, preview_view());
    return carry_through(session, std::move(*reply), *plan, files);
}

template <char const* kKind>
Exit run_one(Session& session, const Arguments& arguments) {
    return run_kind(session, kKind, arguments);
}

constexpr char kStatus[] = "status";
constexpr char kReissue[] = "reissue";
constexpr char kRevoke[] = "revoke";
constexpr char kCancel[] = "cancel";
constexpr char kDownload[] = "download";
constexpr char kTransfer[] = "transfer";

std::vector<Option> options_for(std::vector<Option> more) {
    std::vector<Option> options = order_options();
    options.insert(options.end(), more.begin(), more.end());
    for (const Option& option : request_options()) options.push_back(option);
    return with_wait_options(std::move(options));
}

const Option kReason{"--reason", "TEXT", "Why; goes to the CA where it asks for one"};
const Option kYes{"--yes", "", "Do not ask for confirmation"};
const Option kOut{"--out", "DIR", "Wait, then write the files there"};
const Option kFormat{"--format", "FORMAT",
                     "default, apache, default_cer, default_pem, cer, p7b, pem_all, pem_noroot, "
                     "pem_nointermediate, der or pkcs12; again for more",
                     true};
const Option kForce{"--force", "", "Replace files that exist"};

}  // namespace

std::vector<Command> kind_commands() {
    return {
        {"status", "Ask the CA how an order stands", {}, options_for({}), run_one<kStatus>},
        {"reissue",
         "Get a new certificate on the same order",
         {},
         options_for(
             {{"--csr", "FILE|-", "The new CSR, PEM"},
              {"--validation", "METHOD", "email, dns-txt-token, dns-cname-token or http-token"},
              kReason,
              kOut,
              kFormat,
              kForce}),
         run_one<kReissue>},
        {"revoke",
         "End an issued certificate or order",
         {},
         options_for({kReason,
                      {"--reason-code", "CODE",
                       "unspecified, key_compromise, affiliation_changed, superseded, "
                       "cessation_of_operation"},
                      {"--scope", "SCOPE", "order or certificate"},
                      {"--serial", "HEX", "Which certificate, with --scope certificate"},
                      kYes}),
         run_one<kRevoke>},
        {"cancel",
         "Withdraw an order before it is issued, or take back a pending reissue",
         {},
         options_for({kReason, kYes}),
         run_one<kCancel>},
        {"download",
         "Fetch the issued certificate",
         {},
         options_for({kOut, kFormat, kForce}),
         run_one<kDownload>},
        {"transfer",
         "Move a certificate to another Trust Center account",
         {},
         options_for({{"--target-account", "NAME", "The account that gets it"},
                      {"--verification", "HOW", "challenge_phrase or credentials"},
                      kYes}),
         run_one<kTransfer>},
    };
}

}  // namespace cabroker::cli
