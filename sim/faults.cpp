#include "sim/faults.hpp"

#include <algorithm>

namespace cabroker::sim {
namespace {

bool fits(const Fault& fault, std::string_view where) {
    if (fault.where == "*") return true;
    if (fault.where.ends_with('*')) {
        return where.starts_with(std::string_view(fault.where).substr(0, fault.where.size() - 1));
    }
    return fault.where == where;
}

}  // namespace

bool Fault::commits() const {
    if (commit) return *commit;
    // These stand for a site that worked and whose answer was lost or spoilt on the way.
    static const std::vector<std::string_view> late = {"",
                                                       "delay",
                                                       "delay_before",
                                                       "drop_after_commit",
                                                       "truncate",
                                                       "empty",
                                                       "garbage",
                                                       "huge",
                                                       "charset",
                                                       "hang",
                                                       "slow",
                                                       "no_content_type",
                                                       "duplicate_form",
                                                       "deep_tables",
                                                       "half",
                                                       "changed_page",
                                                       "gzip_bomb",
                                                       "foreign_cookies",
                                                       "other_order",
                                                       "repeated"};
    return std::find(late.begin(), late.end(), what) != late.end();
}

void Faults::add(Fault fault) { faults_.push_back(std::move(fault)); }

Fault Faults::take(std::string_view where) {
    if (where.empty()) return {};
    auto known = calls_.find(where);
    if (known == calls_.end()) known = calls_.emplace(where, 0).first;
    ++known->second;
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (!fits(*fault, where)) continue;
        if (fault->after > 0) {
            --fault->after;
            continue;
        }
        ++fault->hits;
        Fault taken = *fault;
        if (fault->times == 1) {
            faults_.erase(fault);
        } else if (fault->times > 1) {
            --fault->times;
        }
        return taken;
    }
    return {};
}

const std::vector<std::string_view>& known_faults() {
    static const std::vector<std::string_view> names = {
        // pages
        "delay", "delay_before", "drop_before", "drop_after_commit", "close_without_answer", "hang",
        "slow", "status_500", "truncate", "empty", "garbage", "wrong_page", "huge", "redirect_http",
        "redirect_host", "login_page", "charset", "no_content_type", "rate_limit", "maintenance",
        "captcha", "duplicate_form", "deep_tables", "half", "changed_page", "gzip_bomb",
        "foreign_cookies", "other_order", "repeated",
        // connections
        "expired_certificate", "wrong_host_certificate",
        // mail
        "lost", "twice", "wrong_order", "wrong_sender", "two_codes", "old_code", "relay_down",
        // the desk
        "refuse", "down"};
    return names;
}

}  // namespace cabroker::sim
