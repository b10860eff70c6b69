#include "adapters/portal/trace_body.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>

#include "adapters/portal/redaction.hpp"
#include "adapters/protocol/json_text.hpp"
#include "domain/ascii.hpp"

namespace cabroker::adapters::portal {

namespace bj = boost::json;

namespace {

constexpr std::size_t kShortestRandom = 16;
constexpr std::size_t kLongestAddress = 254;
constexpr std::size_t kMostWalked = 4 * kMostTraced;
constexpr std::string_view kTaken = "[redacted]";
constexpr std::string_view kAddress = "[address]";

bool ascii_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool ascii_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool begins_blind(std::string_view text, std::string_view what) {
    return text.size() >= what.size() &&
           domain::lower(text.substr(0, what.size())) == domain::lower(what);
}

// Random words

bool looks_random(std::string_view word) {
    if (word.size() < kShortestRandom) return false;
    const auto digits = std::count_if(word.begin(), word.end(), ascii_digit);
    const auto uppers = std::count_if(word.begin(), word.end(), ascii_upper);
    const auto letters = std::count_if(word.begin(), word.end(), ascii_letter);
    if (letters == 0) return false;
    if (digits >= 5 || (digits >= 1 && uppers >= 2)) return true;
    return word.size() >= 24 && uppers >= 4 && letters - uppers >= 4;
}

std::string without_random_segments(std::string_view path) {
    std::string out;
    std::size_t from = 0;
    while (from <= path.size()) {
        const std::size_t slash = std::min(path.find('/', from), path.size());
        const std::string_view segment = path.substr(from, slash - from);
        out += looks_random(segment) ? kTaken : segment;
        if (slash < path.size()) out += '/';
        from = slash + 1;
    }
    return out;
}

/// A path keeps its segments. Base64 has slashes too, and nearly always capitals.
std::string plain_word(std::string_view word) {
    const bool path = word.find('/') != std::string_view::npos &&
                      std::none_of(word.begin(), word.end(), ascii_upper);
    if (path) return without_random_segments(word);
    return std::string(looks_random(word) ? kTaken : word);
}

std::string without_random(std::string_view text) {
    const auto in_word = [](char c) {
        return ascii_letter(c) || ascii_digit(c) || c == '_' || c == '-' || c == '+' || c == '/' ||
               c == '=' || c == '%';
    };
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && in_word(text[end])) ++end;
        if (end == at) {
            out += text[at++];
        } else {
            // `name=value` is two words; the signs at a word's end belong to it.
            const std::string_view word = text.substr(at, end - at);
            const std::size_t equals = word.find('=');
            const bool two = equals != std::string_view::npos &&
                             word.find_first_not_of('=', equals) != std::string_view::npos;
            out +=
                two ? plain_word(word.substr(0, equals)) + "=" + plain_word(word.substr(equals + 1))
                    : plain_word(word);
            at = end;
        }
    }
    return out;
}

// Addresses and PEM

bool in_address(char c) {
    return ascii_letter(c) || ascii_digit(c) || c == '.' || c == '_' || c == '-' || c == '+' ||
           static_cast<unsigned char>(c) >= 0x80U;
}

std::string without_addresses(std::string_view text) {
    std::string out;
    std::size_t from = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::size_t sign = 0;
        if (text[at] != '@' && text[at] != '%' && text[at] != '&') continue;
        for (const std::string_view form : {"@", "%40", "&#64;", "&#x40;", "&commat;"}) {
            if (begins_blind(text.substr(at), form)) sign = form.size();
        }
        if (sign == 0) continue;
        std::size_t begin = at;
        while (begin > from && at - begin < kLongestAddress && in_address(text[begin - 1])) --begin;
        std::size_t end = at + sign;
        while (end < text.size() && end - at < kLongestAddress && in_address(text[end])) ++end;
        if (begin == at || end == at + sign) continue;
        out += text.substr(from, begin - from);
        out += kAddress;
        from = end;
        at = end - 1;
    }
    out += text.substr(from);
    return out;
}

std::string without_pem(std::string_view text) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kEnd = "-----END ";
    std::string out;
    std::size_t from = 0;
    while (true) {
        const std::size_t begin = text.find(kBegin, from);
        if (begin == std::string_view::npos) break;
        std::size_t end = text.find(kEnd, begin);
        end = end == std::string_view::npos ? text.size() : end;
        out += text.substr(from, begin - from);
        out += "[PEM]";
        const std::size_t rest = text.find("-----", std::min(end + kEnd.size(), text.size()));
        from = rest == std::string_view::npos ? text.size() : rest + 5;
    }
    out += text.substr(from);
    return out;
}

/// Bytes that are no UTF-8 are of another charset: what is not ASCII goes.
std::string readable(std::string_view text) {
    std::string out(text);
    const bool utf8 = protocol::is_utf8(out);
    for (char& c : out) {
        const auto octet = static_cast<unsigned char>(c);
        if ((octet < 0x20 && c != '\n' && c != '\t') || octet == 0x7f || (!utf8 && octet >= 0x80))
            c = c == '\r' ? '\n' : '?';
    }
    return out;
}

/// The beginning of a long text, not ending within a word: half a secret is not recognised.
std::string_view beginning(std::string_view text) {
    if (text.size() <= kMostWalked) return text;
    const std::size_t end = text.substr(0, kMostWalked).find_last_of(" \t\r\n<>\"'");
    return text.substr(0, end == std::string_view::npos ? 0 : end);
}

// JSON

bool secret_name(std::string_view name) {
    constexpr std::array<std::string_view, 15> kWords{
        "token", "secret", "passw",  "csrf", "xsrf", "session",     "api_key", "apikey",
        "nonce", "auth",   "random", "pin",  "otp",  "access_code", "bearer"};
    const std::string plain = domain::lower(name);
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
        return plain.find(word) != std::string::npos;
    });
}

void clean_json(bj::value& value, const std::vector<std::string>& secrets) {
    if (auto* text = value.if_string()) {
        const std::string shown = trace_text(std::string_view(text->data(), text->size()), secrets);
        *text = shown;
    } else if (auto* list = value.if_array()) {
        for (bj::value& one : *list) clean_json(one, secrets);
    } else if (auto* object = value.if_object()) {
        bj::object shown;
        for (auto& member : *object) {
            const std::string_view name(member.key().data(), member.key().size());
            bj::value inner = member.value();
            if (secret_name(name) && !inner.is_null()) {
                inner = bj::string_view(kTaken.data(), kTaken.size());
            } else {
                clean_json(inner, secrets);
            }
            shown[trace_text(name, secrets)] = std::move(inner);
        }
        *object = std::move(shown);
    }
}

}  // namespace

std::string trace_text(std::string_view text, const std::vector<std::string>& secrets) {
    return without_random(without_addresses(without_pem(redact(readable(text), secrets))));
}

std::string trace_json(std::string_view text, const std::vector<std::string>& secrets) {
    bj::error_code error;
    bj::value value = bj::parse(bj::string_view(text.data(), text.size()), error);
    if (error) return {};
    clean_json(value, secrets);
    return bj::serialize(value);
}

std::string trace_url(std::string_view url, const std::vector<std::string>& secrets) {
    const std::size_t query = url.find('?');
    const std::size_t end = std::min(query, std::min(url.find('#'), url.size()));
    std::string out = trace_text(url.substr(0, end), secrets);
    if (query == std::string_view::npos || query > end) return out;
    std::string_view rest = url.substr(query + 1);
    rest = rest.substr(0, rest.find('#'));
    char sign = '?';
    while (!rest.empty()) {
        const std::string_view field = rest.substr(0, rest.find('&'));
        const std::size_t equals = field.find('=');
        out += sign;
        out += trace_text(field.substr(0, equals), secrets);
        if (equals != std::string_view::npos) out += "=...";
        rest.remove_prefix(std::min(field.size() + 1, rest.size()));
        sign = '&';
    }
    return out;
}

std::string trace_body(const transport::HttpResponse& response,
                       const std::vector<std::string>& secrets) {
    const std::string_view body = response.body;
    const std::string size = std::to_string(body.size()) + " octets";
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    // UTF-16 and the like: what stands there could not be recognised, so nothing of it is shown.
    if (body.find('\0') != std::string_view::npos) return "[" + size + ", no text]";

    const std::string& type = response.content_type;
    const bool says_text =
        type.empty() || type.starts_with("text/") || type.find("html") != std::string::npos ||
        type.find("xml") != std::string::npos || type.find("json") != std::string::npos;
    if (!says_text) return "[" + size + " of " + trace_text(type, secrets) + "]";
    std::string shown;
    if (body[first] == '{' || body[first] == '[') shown = trace_json(body, secrets);
    if (shown.empty()) {
        const bool json = type.find("json") != std::string::npos && body[first] != '<';
        if (json) return "[" + size + " that are no JSON]";
        shown = trace_html(beginning(body), secrets);
    }
    if (shown.size() <= kMostTraced && body.size() <= kMostWalked) return shown;
    std::size_t cut = std::min(kMostTraced, shown.size());
    while (cut < shown.size() && cut > 0 &&
           (static_cast<unsigned char>(shown[cut]) & 0xC0U) == 0x80U)
        --cut;
    shown.resize(cut);
    return shown + "\n[cut: " + size + " came]";
}

}  // namespace cabroker::adapters::portal
