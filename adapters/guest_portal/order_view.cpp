#include "adapters/guest_portal/order_view.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "domain/ascii.hpp"
#include "json/time_text.hpp"
#include "pki/name_match.hpp"
#include "transport/page.hpp"

namespace cabroker::adapters::guest_portal {

namespace {

std::string entry(const std::vector<std::string>& list, std::size_t index) {
    return index < list.size() ? list[index] : std::string();
}

/// One value stands for all rows.
std::string entry_for_all(const std::vector<std::string>& list, std::size_t index) {
    return list.size() == 1 ? list[0] : entry(list, index);
}

std::string rendered(const config::TextTemplate& text, const Token& token) {
    portal::Variables variables;
    variables.set("domain", token.domain);
    variables.set("value", token.value);
    return text.render(variables.lookup()).value_or(std::string());
}

/// Our words in place of the portal's, and where the token goes when the page does not say.
void make_ours(const config::PortalProfile& profile, Token& token) {
    if (const auto until = page_time(profile, token.until)) token.until = json::time_text(*until);
    const auto method = profile.token_method_of(token.method);
    if (!method) return;
    token.method = domain::name_of(*method);
    const auto rule = profile.publication.find(*method);
    if (rule == profile.publication.end() || !token.where.empty() || token.value.empty()) return;
    const Token shown = token;
    token.where = rendered(rule->second.where, shown);
    if (!rule->second.value.empty()) token.value = rendered(rule->second.value, shown);
}

std::vector<Token> tokens_of(const config::PortalProfile& profile,
                             const portal::Variables& values) {
    std::vector<Token> tokens;
    const auto domains = values.list("token_domain");
    const auto methods = values.list("token_method");
    const auto places = values.list("token_where");
    const auto texts = values.list("token_value");
    const auto ends = values.list("token_until");
    for (std::size_t i = 0; i < domains.size(); ++i) {
        Token token;
        token.domain = domains[i];
        token.method = entry_for_all(methods, i);
        token.where = domains.size() == 1 ? entry_for_all(places, i) : entry(places, i);
        token.value = entry_for_all(texts, i);
        token.until = entry_for_all(ends, i);
        // A name without any token is only a name of the order.
        if (token.value.empty() && token.method.empty() && token.where.empty()) continue;
        make_ours(profile, token);
        tokens.push_back(std::move(token));
    }
    return tokens;
}

std::vector<HistoryRow> history_of(const portal::Variables& values, const std::string& what) {
    std::vector<HistoryRow> rows;
    const auto states = values.list(what + "_state");
    const auto reasons = values.list(what + "_reason");
    const auto notes = values.list(what + "_note");
    for (std::size_t i = 0; i < std::max(states.size(), reasons.size()); ++i) {
        HistoryRow row;
        row.state = entry(states, i);
        row.reason = entry(reasons, i);
        row.note = entry(notes, i);
        rows.push_back(std::move(row));
    }
    return rows;
}

/// How many of the rows have exactly these words in `where`.
template <class Row>
std::size_t count_with(const std::vector<Row>& rows, std::string Row::*where,
                       const std::string& words) {
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const Row& row) { return same_words(row.*where, words); }));
}

/// In one case, without the marks of a text that was cut.
std::string plain_words(const std::string& text) {
    std::string words = domain::lower(transport::collapse(text));
    for (const std::string_view mark : {"...", "\xE2\x80\xA6"}) {
        if (words.ends_with(mark)) words.resize(words.size() - mark.size());
    }
    while (words.ends_with(' ')) words.pop_back();
    return words;
}

bool is_another(const std::string& shown, const std::string& reason) {
    const std::string theirs = plain_words(shown);
    const std::string ours = plain_words(reason);
    return !theirs.empty() && !theirs.starts_with(ours) && !ours.starts_with(theirs);
}

}  // namespace

bool same_words(const std::string& shown, const std::string& reason) {
    return transport::collapse(shown) == transport::collapse(reason);
}

std::size_t OrderView::traces_of(domain::Kind kind, const std::string& reason) const {
    switch (kind) {
        case domain::Kind::reissue:
            return count_with(reissues, &HistoryRow::reason, reason);
        case domain::Kind::revoke:
            return count_with(revokes, &HistoryRow::reason, reason) +
                   count_with(certificates, &CertificateRow::reason, reason);
        case domain::Kind::cancel:
            return count_with(reissues, &HistoryRow::note, reason);
        default:
            return 0;
    }
}

bool OrderView::shows_another(domain::Kind kind, const std::string& reason) const {
    const auto newest = [](const std::vector<HistoryRow>& rows, std::string HistoryRow::*where) {
        return rows.empty() ? std::string() : rows.front().*where;
    };
    switch (kind) {
        case domain::Kind::reissue:
            return is_another(newest(reissues, &HistoryRow::reason), reason);
        case domain::Kind::revoke:
            return is_another(newest(revokes, &HistoryRow::reason), reason) ||
                   is_another(revocation_reason, reason);
        case domain::Kind::cancel:
            return is_another(newest(reissues, &HistoryRow::note), reason);
        default:
            return false;
    }
}

bool OrderView::revoked_for(const std::string& reason) const {
    return status.status == domain::OrderStatus::revoked && same_words(revocation_reason, reason);
}

const CertificateRow* OrderView::certificate(const std::string& serial_wanted) const {
    const std::string wanted = config::plain_serial(serial_wanted);
    for (const CertificateRow& row : certificates) {
        if (!wanted.empty() && row.serial == wanted) return &row;
    }
    return nullptr;
}

std::string state_of_reason(const std::vector<HistoryRow>& rows, const std::string& reason) {
    for (const HistoryRow& row : rows) {
        if (same_words(row.reason, reason)) return row.state;
    }
    return {};
}

OrderView view_of(const config::PortalProfile& profile, const portal::Variables& values) {
    OrderView view;
    view.status.raw = values.text_or_empty("status");
    view.status.status = profile.status_of(view.status.raw);
    view.order_id = values.text_or_empty("order_id");
    view.common_name = values.text_or_empty("common_name");
    view.serial = values.text_or_empty("serial");
    view.revocation_reason = values.text_or_empty("revocation_reason");
    view.awaits_approval = values.text_or_empty("awaits_approval");
    view.tokens = tokens_of(profile, values);
    view.reissues = history_of(values, "reissue");
    view.revokes = history_of(values, "revoke");
    const auto serials = values.list("certificate_serial");
    const auto states = values.list("certificate_state");
    const auto reasons = values.list("certificate_reason");
    for (std::size_t i = 0; i < serials.size(); ++i) {
        CertificateRow row;
        row.serial = config::plain_serial(serials[i]);
        row.state = entry(states, i);
        row.reason = entry(reasons, i);
        view.certificates.push_back(std::move(row));
    }
    return view;
}

std::optional<std::string> other_order(const OrderView& view, const domain::Order& order) {
    if (order.supplier_order_id && !view.order_id.empty() &&
        view.order_id != *order.supplier_order_id) {
        return "the portal shows order " + view.order_id + ", not " + *order.supplier_order_id;
    }
    if (order.common_name && !view.common_name.empty() &&
        pki::plain_name(view.common_name) != pki::plain_name(*order.common_name)) {
        return "the portal shows an order for " + view.common_name + ", not for " +
               *order.common_name;
    }
    return std::nullopt;
}

std::string seen_text(const OrderView& view, domain::Kind kind, const std::string& reason) {
    return view.status.raw + "|" + view.serial + "|" + std::to_string(view.traces_of(kind, reason));
}

std::optional<SeenBefore> parse_seen(const std::string& text) {
    const std::size_t last = text.rfind('|');
    if (last == std::string::npos || last == 0) return std::nullopt;
    const std::size_t first = text.rfind('|', last - 1);
    if (first == std::string::npos) return std::nullopt;
    SeenBefore seen;
    seen.status = text.substr(0, first);
    seen.serial = text.substr(first + 1, last - first - 1);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + last + 1, end, seen.traces);
    if (error != std::errc() || stop != end) return std::nullopt;
    return seen;
}

bool is_unchanged(const SeenBefore& before, const OrderView& now) {
    return now.status.raw == before.status && now.serial == before.serial;
}

bool left_a_trace(const SeenBefore& before, const OrderView& now, domain::Kind kind,
                  const std::string& reason) {
    return now.traces_of(kind, reason) > before.traces;
}

std::optional<domain::Time> page_time(const config::PortalProfile& profile,
                                      const std::string& text) {
    if (const auto time = json::parse_time(text)) return time;
    for (const std::string& format : profile.date_formats) {
        std::tm parts{};
        const char* end = strptime(text.c_str(), format.c_str(), &parts);
        if (end == nullptr || *end != '\0') continue;
        // %z fills tm_gmtoff; without it the profile's offset counts.
        const bool has_zone = format.find("%z") != std::string::npos;
        const auto offset = has_zone ? std::chrono::seconds(parts.tm_gmtoff)
                                     : std::chrono::seconds(profile.utc_offset);
        const auto seconds = std::chrono::seconds(timegm(&parts)) - offset;
        return domain::Time(seconds);
    }
    return std::nullopt;
}

}  // namespace cabroker::adapters::guest_portal
