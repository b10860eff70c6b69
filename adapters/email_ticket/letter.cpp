#include "adapters/email_ticket/letter.hpp"

#include <algorithm>
#include <kainjow/mustache.hpp>

#include "transport/mail_text.hpp"
#include "transport/mime_message.hpp"

namespace cabroker::adapters::email_ticket {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

namespace mustache = kainjow::mustache;

// A line that holds nothing but the beginning or end of a section, or a comment, leaves no line
// behind, as mustache(5) has it; the library keeps it.
std::string without_tag_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        const std::size_t first = line.find_first_not_of(" \t");
        const std::size_t last = line.find_last_not_of(" \t\r\n");
        std::string_view tag;
        if (first != std::string_view::npos && last != std::string_view::npos && first <= last)
            tag = line.substr(first, last - first + 1);
        const bool alone = tag.size() > 4 && tag.starts_with("{{") &&
                           tag.find("}}") == tag.size() - 2 &&
                           std::string_view("#/^!").find(tag[2]) != std::string_view::npos;
        out += alone ? tag : line;
    }
    return out;
}

Result<std::string> render(const std::string& text, const Facts& facts) {
    mustache::mustache made(without_tag_lines(text));
    if (!made.is_valid()) {
        return Error(ErrorCode::bad_configuration,
                     "the mail template cannot be used: " + made.error_message());
    }
    // Mails are plain text: nothing is escaped as HTML would be.
    made.set_custom_escape([](const std::string& value) { return value; });
    mustache::data values{mustache::data::type::object};
    for (const auto& [name, value] : facts) values.set(name, value);
    return made.render(values);
}

}  // namespace

Result<void> check_template(const config::MailTemplate& text) {
    for (const std::string* part : {&text.subject, &text.text}) {
        const Result<std::string> rendered = render(*part, Facts());
        if (!rendered) return rendered.error();
    }
    return {};
}

Result<protocol::Mail> write_letter(const protocol::StepContext& context,
                                    const protocol::MailIdentity& identity, const Facts& facts,
                                    const config::MailTemplate& text, const std::string& from,
                                    const std::string& to) {
    const Result<std::string> subject = render(text.subject, facts);
    if (!subject) return subject.error();
    const Result<std::string> body = render(text.text, facts);
    if (!body) return body.error();

    transport::MailDraft draft;
    draft.from.address = from;
    draft.to.address = to;
    draft.reply_to.address = identity.reply_to;
    draft.subject = *subject;
    draft.message_id = identity.message_id;
    draft.date = context.now;
    draft.text = *body;
    draft.extra_headers.emplace_back(kLoopHeader, context.request.text());
    const auto csr = facts.find("csr");
    if (csr != facts.end()) {
        draft.attachments.emplace_back(attachment_name(facts), "application/pkcs10", csr->second);
    }
    const Result<std::string> octets = transport::compose(draft);
    if (!octets) return octets.error();

    protocol::Mail mail;
    mail.mail_from = from;
    mail.rcpt_to = to;
    mail.subject = draft.subject;
    mail.message_id = identity.message_id;
    mail.octets = *octets;
    mail.text = draft.text;
    return mail;
}

}  // namespace cabroker::adapters::email_ticket
