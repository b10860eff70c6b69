// The notations of a portal: its words, dates, serial numbers, and where validation tokens go.
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <ctime>

#include "config/decode_tools.hpp"
#include "config/profile_decode.hpp"
#include "domain/ascii.hpp"

namespace cabroker::config {
namespace {

using domain::lower;
using domain::trimmed;

namespace bj = boost::json;
using json::ObjectReader;
using json::Problems;

// Ours → theirs, the keys being one of our vocabularies.
template <class Enum>
void decode_words(ObjectReader& reader, std::string_view key, std::map<Enum, std::string>& into,
                  Problems& problems) {
    const auto members = reader.string_map(key);
    if (!members) return;
    for (const auto& [name, theirs] : *members) {
        const std::optional<Enum> ours = domain::parse<Enum>(name);
        if (ours) {
            into.emplace(*ours, theirs);
        } else {
            problems.emplace_back(reader.at(key) + "/" + json::pointer_segment(name),
                                  "unknown_value", "use one of: " + domain::list_of_words<Enum>());
        }
    }
}

// Theirs → ours.
template <class Enum, class Parse>
void decode_their_words(ObjectReader& reader, std::string_view key,
                        std::map<std::string, Enum>& into, const Parse& parse,
                        const std::string& allowed, Problems& problems) {
    const auto members = reader.string_map(key, 200);
    if (!members) return;
    for (const auto& [theirs, name] : *members) {
        const std::string at = reader.at(key) + "/" + json::pointer_segment(theirs);
        const std::optional<Enum> ours = parse(std::string_view(name));
        if (!ours) {
            problems.emplace_back(at, "unknown_value", "use one of: " + allowed);
            continue;
        }
        const auto [known, is_new] = into.emplace(lower(trimmed(theirs)), *ours);
        if (is_new || known->second == *ours) continue;
        problems.emplace_back(at, "bad_format",
                              "this word stands here twice and means two things: upper and lower "
                              "case count as the same");
    }
}

WordMaps decode_word_maps(const bj::value& value, const std::string& pointer, Problems& problems) {
    WordMaps maps;
    ObjectReader reader(value, pointer, problems);
    decode_their_words(reader, "statuses", maps.statuses, domain::parse<domain::OrderStatus>,
                       domain::list_of_words<domain::OrderStatus>(), problems);
    decode_their_words(reader, "token_methods", maps.token_methods,
                       domain::parse<domain::ValidationMethod>,
                       domain::list_of_words<domain::ValidationMethod>(), problems);
    decode_their_words(reader, "reissue_states", maps.reissue_states, parse_reissue_state,
                       "pending, issued, canceled, rejected", problems);
    decode_their_words(reader, "revoke_states", maps.revoke_states, parse_revoke_state,
                       "pending, revoked, rejected", problems);
    decode_their_words(reader, "certificate_states", maps.certificate_states,
                       parse_certificate_state, "valid, revoked", problems);
    decode_words(reader, "validation_methods", maps.validation_methods, problems);
    decode_words(reader, "formats", maps.formats, problems);
    decode_words(reader, "reason_codes", maps.reason_codes, problems);
    reader.finish();
    return maps;
}

/// Does the format name a whole date as strptime(3) does? One that is written by it is read back.
bool names_a_date(const std::string& format) {
    constexpr std::time_t kSome = 1'795'353'245;  // 2026-11-22 13:14:05 UTC
    std::tm written{};
    gmtime_r(&kSome, &written);
    std::array<char, 512> text{};
    if (std::strftime(text.data(), text.size(), format.c_str(), &written) == 0) return false;
    std::tm read{};
    const char* const end = strptime(text.data(), format.c_str(), &read);
    return end != nullptr && *end == '\0' && read.tm_year == written.tm_year &&
           read.tm_mon == written.tm_mon && read.tm_mday == written.tm_mday;
}

void decode_dates(const bj::value& value, const std::string& pointer, PortalProfile& profile,
                  Problems& problems) {
    ObjectReader reader(value, pointer, problems);
    profile.date_formats = reader.lines("formats", 20).value_or(profile.date_formats);
    for (std::size_t at = 0; at < profile.date_formats.size(); ++at) {
        if (names_a_date(profile.date_formats[at])) continue;
        problems.emplace_back(
            reader.at("formats") + "/" + std::to_string(at), "bad_format",
            "must name a date as strptime does: \"%d.%m.%Y\", \"%d %b %Y %H:%M\"");
    }
    if (const auto offset = reader.line("utc_offset", 64)) {
        const auto is_digit = [&](std::size_t at) {
            return (*offset)[at] >= '0' && (*offset)[at] <= '9';
        };
        const bool shaped = offset->size() == 6 && ((*offset)[0] == '+' || (*offset)[0] == '-') &&
                            is_digit(1) && is_digit(2) && (*offset)[3] == ':' && is_digit(4) &&
                            is_digit(5);
        if (!shaped) {
            reader.complain("utc_offset", "bad_format",
                            "must be an offset such as \"+00:00\" or \"-07:00\"; names of time "
                            "zones are not known");
        } else {
            const auto number = [&](std::size_t at) {
                return ((*offset)[at] - '0') * 10 + ((*offset)[at + 1] - '0');
            };
            const int minutes = number(1) * 60 + number(4);
            profile.utc_offset = std::chrono::minutes((*offset)[0] == '-' ? -minutes : minutes);
        }
    }
    reader.finish();
}

void decode_serials(const bj::value& value, const std::string& pointer, PortalProfile& profile,
                    Problems& problems) {
    ObjectReader reader(value, pointer, problems);
    const auto letters = reader.word(
        "letters",
        [](std::string_view word) -> std::optional<bool> {
            if (word == "upper") return true;
            if (word == "lower") return false;
            return std::nullopt;
        },
        "lower, upper");
    profile.serial_upper = letters.value_or(false);
    profile.serial_separator = reader.line("separator", 4).value_or("");
    reader.finish();
}

TextTemplate decode_template(const bj::value& value, const std::string& at,
                             const std::set<std::string>& known, Problems& problems) {
    if (!value.is_string()) {
        problems.emplace_back(at, "wrong_type", "must be a string");
        return {};
    }
    std::string why;
    const auto parsed = TextTemplate::parse(
        std::string_view(value.get_string().data(), value.get_string().size()), why);
    if (!parsed) {
        problems.emplace_back(at, "bad_format", why);
        return {};
    }
    for (const std::string& name : parsed->variables()) {
        if (!known.contains(name))
            problems.emplace_back(at, "unknown_value",
                                  "no variable {{" + name + "}} is known here");
    }
    return *parsed;
}

void decode_publication(ObjectReader& outer, PortalProfile& profile, Problems& problems) {
    const std::set<std::string> known{"domain", "value"};
    for_each_member(outer, "publication",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        const auto method = domain::parse<domain::ValidationMethod>(name);
                        if (!method) {
                            problems.emplace_back(
                                at, "unknown_field",
                                "use one of: " + domain::list_of_words<domain::ValidationMethod>());
                            return;
                        }
                        Publication made;
                        ObjectReader reader(value, at, problems);
                        if (reader.require("where"))
                            made.where = decode_template(*reader.member("where"),
                                                         reader.at("where"), known, problems);
                        if (const bj::value* text = reader.member("value"))
                            made.value =
                                decode_template(*text, reader.at("value"), known, problems);
                        reader.finish();
                        profile.publication.emplace(*method, std::move(made));
                    });
}

// What every request may say: who asks, and nothing of the order.
void decode_headers(ObjectReader& outer, PortalProfile& profile, Problems& problems) {
    std::set<std::string> known;
    if (profile.binds == Binding::account) known = {"username", "password"};
    for_each_member(outer, "headers",
                    [&](const std::string& name, const bj::value& value, const std::string& at) {
                        check_name(name, at, problems);
                        check_header(name, value, at, problems);
                        profile.headers.emplace_back(name,
                                                     decode_template(value, at, known, problems));
                    });
}

}  // namespace

std::vector<RateWindow> decode_rate(const bj::value& value, const std::string& pointer,
                                    Problems& problems) {
    std::vector<RateWindow> windows;
    for_each_entry(value, pointer, 4, problems, [&](const bj::value& entry, const std::string& at) {
        RateWindow window;
        ObjectReader reader(entry, at, problems);
        if (reader.require("requests"))
            window.requests =
                static_cast<std::size_t>(reader.integer("requests", 1, 1'000'000).value_or(1));
        if (reader.require("per")) window.per = reader.duration("per").value_or(window.per);
        if (window.per <= domain::Duration::zero()) {
            reader.complain("per", "out_of_range", "must be longer than nothing");
            window.per = std::chrono::seconds(1);
        }
        reader.finish();
        windows.push_back(window);
    });
    return windows;
}

void decode_notations(ObjectReader& reader, PortalProfile& profile, Problems& problems) {
    if (const bj::value* dates = reader.member("dates"))
        decode_dates(*dates, reader.at("dates"), profile, problems);
    if (const bj::value* words = reader.member("words"))
        profile.words = decode_word_maps(*words, reader.at("words"), problems);
    if (const bj::value* serials = reader.member("serials"))
        decode_serials(*serials, reader.at("serials"), profile, problems);
    if (const bj::value* rate = reader.member("rate"))
        profile.rate = decode_rate(*rate, reader.at("rate"), problems);
    decode_publication(reader, profile, problems);
    decode_headers(reader, profile, problems);
}

}  // namespace cabroker::config
