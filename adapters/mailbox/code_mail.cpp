#include "adapters/mailbox/code_mail.hpp"

#include <algorithm>
#include <set>

#include "config/adapter_settings.hpp"
#include "domain/ascii.hpp"
#include "transport/visible_text.hpp"

namespace cabroker::adapters::mailbox {

using transport::MailParty;
using transport::ReadMail;

namespace {

using domain::lower;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool from_any(const std::vector<MailParty>& parties, const std::vector<std::string>& senders) {
    return std::any_of(parties.begin(), parties.end(), [&](const MailParty& party) {
        return std::any_of(senders.begin(), senders.end(), [&](const std::string& sender) {
            return config::sender_matches(sender, party.address);
        });
    });
}

bool has_subject(const ReadMail& mail, const config::CodeMail& rule) {
    return !rule.subject_contains.empty() &&
           lower(mail.subject).find(lower(rule.subject_contains)) != std::string::npos;
}

/// The words of the first line with any at or after `at`; a label stands on the code's line or on
/// the one before.
std::vector<std::string> words_after(const std::string& text, std::size_t at) {
    std::vector<std::string> words;
    while (at < text.size() && words.empty()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string word;
        for (std::size_t i = at; i <= end; ++i) {
            const char c = i < end ? text[i] : ' ';
            // U+00A0 comes as two octets; both count as a blank.
            const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\xC2' || c == '\xA0';
            if (!blank) {
                word += c;
            } else if (!word.empty()) {
                words.push_back(std::move(word));
                word.clear();
            }
        }
        at = end + 1;
    }
    return words;
}

/// Calls `visit` with the words that follow each place of a label that is no part of a word.
template <class Visit>
void each_place(const std::string& text, const std::vector<std::string>& labels, Visit visit) {
    const std::string folded = lower(text);
    for (const std::string& label : labels) {
        const std::string wanted = lower(label);
        if (wanted.empty()) continue;
        for (std::size_t at = folded.find(wanted); at != std::string::npos;
             at = folded.find(wanted, at + wanted.size())) {
            if (at > 0 && is_word(folded[at - 1]) && is_word(wanted.front())) continue;
            visit(words_after(text, at + wanted.size()));
        }
    }
}

bool may_hold(const config::CodePattern& pattern, char c) {
    return (pattern.digits && c >= '0' && c <= '9') || (pattern.upper && c >= 'A' && c <= 'Z') ||
           (pattern.lower && c >= 'a' && c <= 'z') || pattern.others.find(c) != std::string::npos;
}

std::string bare(std::string word, const config::CodePattern& pattern) {
    while (!word.empty() && !may_hold(pattern, word.back())) word.pop_back();
    std::size_t first = 0;
    while (first < word.size() && !may_hold(pattern, word[first])) ++first;
    return word.substr(first);
}

std::string bare_binding(std::string word) {
    constexpr std::string_view kMarks = ".,;:!?()<>[]\"'";
    while (!word.empty() && kMarks.find(word.back()) != std::string_view::npos) word.pop_back();
    const std::size_t first = word.find_first_not_of(kMarks);
    return first == std::string::npos ? std::string() : word.substr(first);
}

/// Each text of the mail as a person reads it.
std::vector<std::string> texts_of(const ReadMail& mail) {
    std::vector<std::string> texts;
    for (const auto& [type, text] : mail.texts) {
        texts.push_back(type == "text/html" ? transport::visible_text(text)
                                            : transport::own_words(text));
    }
    return texts;
}

protocol::CodeReading read_code(const std::vector<std::string>& texts, const CodeRule& rule) {
    std::set<std::string> codes;
    std::set<std::string> bindings;
    for (const std::string& text : texts) {
        each_place(text, rule.mail.code_after, [&](const std::vector<std::string>& words) {
            for (const std::string& word : words) {
                std::string code = bare(word, rule.pattern);
                if (!rule.pattern.accepts(code)) continue;
                codes.insert(std::move(code));
                return;
            }
        });
        each_place(text, rule.mail.binding_after, [&](const std::vector<std::string>& words) {
            if (!words.empty()) bindings.insert(bare_binding(words.front()));
        });
    }
    protocol::CodeReading reading;
    reading.adapter = rule.adapter;
    reading.candidates = codes.size();
    if (codes.size() == 1) reading.code = domain::Secret(std::string_view(*codes.begin()));
    if (bindings.size() == 1) reading.binding = *bindings.begin();
    return reading;
}

}  // namespace

bool is_code_mail(const ReadMail& mail, const MailRules& rules) {
    if (from_any(mail.from, rules.code_mail_from)) return true;
    return std::any_of(rules.adapters.begin(), rules.adapters.end(), [&](const CodeRule& rule) {
        return from_any(mail.from, rule.mail.senders) || has_subject(mail, rule.mail);
    });
}

CodeVerdict judge_code_mail(const ReadMail& mail, const MailRules& rules) {
    CodeVerdict verdict;
    verdict.is_code = is_code_mail(mail, rules);
    if (!verdict.is_code) return verdict;
    const std::vector<std::string> texts = texts_of(mail);
    for (const CodeRule& rule : rules.adapters) {
        const bool subject = rule.mail.subject_contains.empty() || has_subject(mail, rule.mail);
        const bool sender = mail.from.size() == 1 && from_any(mail.from, rule.mail.senders);
        if (!subject || !sender) continue;
        verdict.readings.push_back(read_code(texts, rule));
        if (verdict.readings.back().candidates > 0) verdict.is_certain = true;
    }
    return verdict;
}

}  // namespace cabroker::adapters::mailbox
