#include "cli/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/text.hpp"

namespace cabroker::cli {
namespace {

namespace bj = boost::json;

std::string at(const bj::value& from, std::string_view pointer) {
    return clean(text_at(from, pointer));
}

// "  label     value" unless there is no value.
std::string line(std::string_view label, const std::string& value) {
    return value.empty() ? std::string() : fmt::format("  {:<11}{}\n", label, value);
}

std::string joined(std::initializer_list<std::string> parts) {
    std::string out;
    for (const std::string& part : parts) {
        if (part.empty()) continue;
        if (!out.empty()) out += "  ";
        out += part;
    }
    return out;
}

std::string labelled(std::string_view label, const std::string& value) {
    return value.empty() ? std::string() : std::string(label) + ' ' + value;
}

std::string indented(const std::string& text, std::string_view indent) {
    std::string out(indent);
    for (const char c : text) {
        out += c;
        if (c == '\n') out += indent;
    }
    return text.empty() ? std::string() : out + '\n';
}

std::string need_story(const bj::value& need, const std::string& id, const Style& style) {
    const std::string name = at(need, "/name");
    std::string out = "  " + style.paint(Tone::bold, name) + '\n';
    out += indented(clean_lines(text_at(need, "/hint")), "    ");
    if (const bj::value* const details = find(need, "/details"); details && details->is_object()) {
        const std::string hint = text_at(need, "/hint");
        for (const auto& [key, value] : details->get_object()) {
            const std::string text = text_at(value, "");
            // A sentence that the hint has said already is not said again; a word to copy is.
            const bool said = text.find(' ') != text.npos && hint.find(text) != hint.npos;
            if (!value.is_null() && !said)
                out += fmt::format("    {}: {}\n", clean(key), clean(text));
        }
    }
    const std::string error = at(need, "/last_error/code");
    const std::string facts = joined({labelled("expires", when(need, "/expires_at", style)),
                                      labelled("attempts left", at(need, "/attempts_left")),
                                      labelled("last try:", error)});
    if (!facts.empty()) out += "    " + facts + '\n';
    return out + fmt::format("    cabroker request input {} {}\n", id, shell_word(name));
}

std::string trouble(const bj::value& request, const Style& style) {
    const std::string code = at(request, "/last_problem/code");
    if (code.empty()) return {};
    return line("problem", fmt::format("{}: {} ({})", code, at(request, "/last_problem/detail"),
                                       when(request, "/last_problem/at", style)));
}

std::string outcome(const bj::value& request, const Style& style) {
    const std::string code = at(request, "/outcome/code");
    if (code.empty()) return {};
    std::string out =
        "\nOutcome: " + style.paint(tone_of_state(text_at(request, "/state")), code) + '\n';
    out += indented(clean_lines(text_at(request, "/outcome/detail")), "  ");
    out += indented(clean_lines(text_at(request, "/outcome/hint")), "  ");
    const bj::value* const evidence = find(request, "/outcome/evidence");
    if (evidence == nullptr || !evidence->is_array()) return out;
    for (const bj::value& item : evidence->get_array()) {
        out += "  evidence: " + joined({at(item, "/type"), at(item, "/id"), at(item, "/detail")}) +
               '\n';
    }
    return out;
}

std::string result(const bj::value& request, const Style& style) {
    const bj::value* const found = find(request, "/result");
    if (found == nullptr || !found->is_object()) return {};
    std::string text = plain_story(*found, style);
    while (text.ends_with('\n')) text.pop_back();
    return text.empty() ? std::string() : "\nResult\n" + indented(text, "  ");
}

/// What was asked for, as far as one line can say it; not the CSR.
std::string asked(const bj::value& request) {
    std::string out;
    for (const char* const name : {"scope", "serial", "reason_code", "validation_method",
                                   "target_account", "verification", "formats", "reason"}) {
        const std::string pointer = std::string("/params/") + name;
        const bj::value* const value = find(request, pointer);
        if (value == nullptr) continue;
        const std::string text = cell_text(request, {"", pointer, Cell::list}, Style());
        out = joined({out, labelled(name, text)});
    }
    return out;
}

std::string head(const bj::value& request, const Style& style) {
    const std::string state = at(request, "/state");
    std::string out =
        joined({style.paint(Tone::bold, at(request, "/id")), at(request, "/kind"),
                at(request, "/order/common_name"), style.paint(tone_of_state(state), state)});
    out += '\n';
    out += line("order", joined({at(request, "/order/id"), at(request, "/order/brand"),
                                 at(request, "/order/product"),
                                 labelled("supplier", at(request, "/order/supplier_order_id")),
                                 labelled("platform", at(request, "/order/platform_order_id"))}));
    out += line("asked", asked(request));
    const std::string attempt = at(request, "/attempt");
    out += line("adapter", joined({at(request, "/adapter"), labelled("by", at(request, "/channel")),
                                   labelled("step", at(request, "/step")),
                                   attempt == "0" ? "" : labelled("attempt", attempt)}));
    out += line("created", joined({when(request, "/created_at", style),
                                   labelled("by", at(request, "/created_by/name")),
                                   labelled("updated", when(request, "/updated_at", style))}));
    if (text_at(request, "/settled") == "true") {
        out += line("settled", when(request, "/settled_at", style));
    } else {
        out += line("deadline", when(request, "/deadline_at", style));
    }
    const std::string system = at(request, "/external_ref/system");
    out += line("reference", system.empty() ? "" : system + ':' + at(request, "/external_ref/id"));
    out += line("labels", cell_text(request, {"", "/labels", Cell::pairs}, style));
    out += line("note", at(request, "/note"));
    out += line("retry of", at(request, "/retry_of"));
    return out + trouble(request, style);
}

std::string whose_turn(const bj::value& request, const Style& style) {
    const std::string state = text_at(request, "/state");
    const std::string actor = at(request, "/next_actor");
    const std::string next = when(request, "/next_attempt_at", style);
    const std::string look = next.empty() ? "" : "; next look " + next;
    if (state == "needs_approval") return "an approver must approve or reject it";
    if (state == "waiting_ca") return "the CA or its support; nothing to do here" + look;
    if (state == "outcome_unknown" && actor == "operator") {
        return "an operator: find out at the CA whether it was done, then resolve it";
    }
    if (actor == "broker" || actor == "ca") {
        if (state == "backoff") return "the broker tries again" + (next.empty() ? "" : ' ' + next);
        if (actor == "ca") return "the CA; nothing to do here" + look;
        return "the broker; it says when it needs something, such as an access code" + look;
    }
    return actor + " must give:";
}

}  // namespace

std::string next_story(const bj::value& request, const Style& style) {
    if (text_at(request, "/settled") == "true") return {};
    const std::string id = at(request, "/id");
    std::string out = style.paint(Tone::warn, "Next:") + ' ' + whose_turn(request, style) + '\n';
    const bj::value* const needs = find(request, "/needs");
    if (needs != nullptr && needs->is_array()) {
        for (const bj::value& need : needs->get_array()) out += need_story(need, id, style);
    }
    const std::string channel = text_at(request, "/channel");
    if (text_at(request, "/state") == "waiting_ca" && (channel == "mail" || channel == "human")) {
        out += fmt::format(
            "    when they have answered: cabroker request resolve {} --state succeeded|failed "
            "--note TEXT [--certificate FILE]\n",
            id);
    }
    if (text_at(request, "/next_actor") == "broker")
        out += fmt::format("    cabroker request wait {}\n", id);
    if (text_at(request, "/state") == "needs_approval") {
        out += fmt::format(
            "    cabroker request approve {0}\n    cabroker request reject {0} --reason TEXT\n",
            id);
    }
    if (text_at(request, "/state") == "outcome_unknown" &&
        text_at(request, "/next_actor") == "operator") {
        out += fmt::format("    cabroker request resolve {} --state succeeded|failed --note TEXT\n",
                           id);
    }
    return out;
}

std::string request_story(const bj::value& request, const Style& style) {
    std::string out = head(request, style);
    if (const std::string next = next_story(request, style); !next.empty()) out += '\n' + next;
    return out + outcome(request, style) + result(request, style);
}

std::string timeline_tail(const bj::value& timeline, const Style& style) {
    constexpr std::size_t kMost = 8;
    const bj::array* const items = items_of(timeline);
    if (items == nullptr || items->empty()) return {};
    const std::size_t first = items->size() - std::min(kMost, items->size());
    std::string out = first == 0 ? "\nTimeline\n" : fmt::format("\nTimeline (last {})\n", kMost);
    for (std::size_t i = first; i < items->size(); ++i) {
        const bj::value& entry = (*items)[i];
        out += fmt::format("  {:<10} {:<8} {:<10} {}\n", when(entry, "/at", style),
                           at(entry, "/type"), at(entry, "/actor/name"),
                           joined({at(entry, "/state"), at(entry, "/text")}));
    }
    return out;
}

std::string go_on(const bj::value& request) {
    const std::string id = at(request, "/id");
    const std::string state = text_at(request, "/state");
    std::string out = "\nGo on\n";
    if (!is_final(state)) {
        out += fmt::format("  cabroker request wait {0}\n  cabroker request cancel {0}\n", id);
    } else if (state != "succeeded") {
        out += fmt::format("  cabroker request retry {}\n", id);
        const bj::value* const kept = find(request, "/outcome/evidence");
        const bool files = kept != nullptr && kept->is_array() &&
                           std::ranges::any_of(kept->get_array(), [](const bj::value& one) {
                               return text_at(one, "/id").starts_with("art_");
                           });
        if (files) out += fmt::format("  cabroker request artifacts {} --out DIR\n", id);
    } else if (const bj::value* const files = find(request, "/result/artifacts");
               files != nullptr && files->is_array() && !files->get_array().empty()) {
        out += fmt::format("  cabroker request artifacts {} --out DIR\n", id);
    }
    return out + fmt::format("  cabroker request timeline {}\n", id);
}

}  // namespace cabroker::cli
