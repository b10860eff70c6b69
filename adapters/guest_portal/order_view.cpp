#include "adapters/guest_portal/order_view.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "json/time_text.hpp"
#include "pki/name_match.hpp"
#include "transport/page.hpp"

namespace cabroker::adapters::guest_portal {

namespace {

std::string entry(const std::vector<std::string>& list, std::size_t index) {
    return index < list.size() ? list[index] : std::string();
}

std::string normal(const std::string& name) { return pki::normalise_name(name).value_or(name); }

}  // namespace

std::size_t OrderView::reissues_with(const std::string& reason) const {
    // Pages collapse white space, so the comparison must too.
    const std::string wanted = transport::collapse(reason);
    return static_cast<std::size_t>(std::count_if(
        reissues.begin(), reissues.end(),
        [&](const ReissueRow& row) { return transport::collapse(row.reason) == wanted; }));
}

OrderView view_of(const config::PortalProfile& profile, const portal::Variables& values) {
    OrderView view;
    view.status.raw = values.text_or_empty("status");
    view.status.status = profile.status_of(view.status.raw);
    view.order_id = values.text_or_empty("order_id");
    view.common_name = values.text_or_empty("common_name");
    view.serial = values.text_or_empty("serial");
    view.revocation_reason = values.text_or_empty("revocation_reason");

    const auto domains = values.list("token_domain");
    for (std::size_t i = 0; i < domains.size(); ++i) {
        Token token;
        token.domain = domains[i];
        token.method = entry(values.list("token_method"), i);
        token.where = entry(values.list("token_where"), i);
        token.value = entry(values.list("token_value"), i);
        token.until = entry(values.list("token_until"), i);
        view.tokens.push_back(std::move(token));
    }
    const auto states = values.list("reissue_state");
    const auto reasons = values.list("reissue_reason");
    for (std::size_t i = 0; i < std::max(states.size(), reasons.size()); ++i) {
        ReissueRow row;
        row.state = entry(states, i);
        row.reason = entry(reasons, i);
        view.reissues.push_back(std::move(row));
    }
    return view;
}

std::optional<std::string> other_order(const OrderView& view, const domain::Order& order) {
    if (order.supplier_order_id && !view.order_id.empty()) {
        if (view.order_id == *order.supplier_order_id) return std::nullopt;
        return "the portal shows order " + view.order_id + ", not " + *order.supplier_order_id;
    }
    if (order.common_name && !view.common_name.empty() &&
        normal(view.common_name) != normal(*order.common_name)) {
        return "the portal shows an order for " + view.common_name + ", not for " +
               *order.common_name;
    }
    return std::nullopt;
}

std::string seen_text(const OrderView& view, const std::string& reason) {
    return view.status.raw + "|" + view.serial + "|" + std::to_string(view.reissues_with(reason));
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
    const auto [stop, error] = std::from_chars(text.data() + last + 1, end, seen.reissues);
    if (error != std::errc() || stop != end) return std::nullopt;
    return seen;
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
