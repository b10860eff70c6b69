#include "adapters/portal/redaction.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "config/text_template.hpp"
#include "domain/ascii.hpp"
#include "runtime/log.hpp"
#include "transport/page.hpp"

namespace cabroker::adapters::portal {

namespace {

constexpr std::size_t kShortestSecret = 4;
constexpr std::size_t kMostShown = 500;
constexpr std::string_view kRedacted = "[redacted]";

/// A text, and the same in lower case, octet by octet, to search in.
struct Searched {
    std::string text;
    std::string low;
};

/// memmem(3) is linear whatever stands there: pages and cookies are a hostile portal's to choose.
void redact_one(Searched& in, const std::string& low_secret) {
    Searched clean;
    std::size_t from = 0;
    while (true) {
        const void* const hit = memmem(in.low.data() + from, in.low.size() - from,
                                       low_secret.data(), low_secret.size());
        if (hit == nullptr) break;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - in.low.data());
        clean.text.append(in.text, from, at - from).append(kRedacted);
        clean.low.append(in.low, from, at - from).append(kRedacted);
        from = at + low_secret.size();
    }
    if (from == 0) return;
    clean.text.append(in.text, from);
    clean.low.append(in.low, from);
    in = std::move(clean);
}

struct Quotes {
    std::string_view twofold;
    std::string_view single;
};
/// How template engines write quotes: not at all, PHP, Python and Django, XML, Go and Jinja, OWASP.
constexpr std::array<Quotes, 7> kQuotes{{{"&quot;", "'"},
                                         {"&quot;", "&#039;"},
                                         {"&quot;", "&#x27;"},
                                         {"&quot;", "&#39;"},
                                         {"&quot;", "&apos;"},
                                         {"&#34;", "&#39;"},
                                         {"&#x22;", "&#x27;"}}};

std::vector<std::string> in_html(const std::string& secret) {
    std::vector<std::string> ways;
    for (const Quotes& quotes : kQuotes) {
        std::string way;
        for (const char c : secret) {
            switch (c) {
                case '&':
                    way += "&amp;";
                    break;
                case '<':
                    way += "&lt;";
                    break;
                case '>':
                    way += "&gt;";
                    break;
                case '"':
                    way += quotes.twofold;
                    break;
                case '\'':
                    way += quotes.single;
                    break;
                default:
                    way += c;
            }
        }
        ways.push_back(std::move(way));
    }
    return ways;
}

std::string in_json(const std::string& secret) {
    std::string way;
    for (const char c : secret) {
        if (c == '"' || c == '\\' || c == '/') way += '\\';
        way += c;
    }
    return way;
}

}  // namespace

std::string redact(std::string_view text, const std::vector<std::string>& secrets) {
    Searched clean{std::string(text), domain::lower(text)};
    for (const std::string& secret : secrets) {
        const bool fits = secret.size() >= kShortestSecret && secret.size() <= clean.text.size();
        if (fits) redact_one(clean, domain::lower(secret));
    }
    return std::move(clean.text);
}

std::vector<std::string> with_disguises(std::vector<std::string> secrets) {
    const std::size_t plain = secrets.size();
    for (std::size_t i = 0; i < plain; ++i) {
        std::vector<std::string> ways = in_html(secrets[i]);
        ways.push_back(in_json(secrets[i]));
        ways.push_back(config::percent_encode(secrets[i]));
        for (std::string& way : ways) {
            if (std::find(secrets.begin(), secrets.end(), way) == secrets.end())
                secrets.push_back(std::move(way));
        }
    }
    return secrets;
}

std::vector<std::string> cookie_values(const transport::CookieJar& jar) {
    std::vector<std::string> values;
    for (const std::string& line : jar.lines()) {
        const std::size_t tab = line.rfind('\t');
        if (tab != std::string::npos) values.push_back(line.substr(tab + 1));
    }
    return values;
}

std::string one_line(std::string_view text) {
    std::string line = runtime::printable(transport::collapse(text));
    if (line.size() > kMostShown) {
        std::size_t cut = kMostShown;
        while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80U) --cut;
        line.resize(cut);
    }
    return line;
}

}  // namespace cabroker::adapters::portal
