#include "transport/mime_message.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "domain/ascii.hpp"
#include "transport/gmime_handle.hpp"
#include "transport/mail_reader.hpp"
#include "transport/mail_text.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::size_t kMaxMailOut = 1024 * 1024;
constexpr std::size_t kMaxAttachments = 10;
/// `=_` never occurs in quoted-printable or base64, so no content can end a part.
constexpr const char* kBoundary = "=_part_of_this_mail_=";

Error wrong(const std::string& field, const std::string& why) {
    return Error(ErrorCode::bad_configuration, "cannot write the mail: " + why)
        .with("field", field);
}

std::string bare_id(std::string_view id) {
    if (id.size() > 2 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
    return std::string(id);
}

std::string with_lf(std::string_view text) {
    std::string out = with_crlf(text);
    out.erase(std::remove(out.begin(), out.end(), '\r'), out.end());
    return out;
}

bool is_text(std::string_view text) {
    return g_utf8_validate_len(text.data(), text.size(), nullptr) != FALSE &&
           std::none_of(text.begin(), text.end(), [](char c) {
               const auto octet = static_cast<unsigned char>(c);
               return (octet < ' ' && c != '\t' && c != '\r' && c != '\n') || octet == 127;
           });
}

bool is_media_type(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos || text.size() > 100) return false;
    const auto is_name = [](std::string_view name) {
        return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                   c == '+';
        });
    };
    return is_name(text.substr(0, slash)) && is_name(text.substr(slash + 1)) &&
           !text.starts_with("multipart/") && !text.starts_with("message/");
}

Result<void> check_party(const char* field, const MailParty& party) {
    if (!is_mail_address(party.address))
        return wrong(field, "the address is not plain local@domain");
    if (!is_header_text(party.name) || party.name.size() > 200) {
        return wrong(field, "the name has characters that no name has, or is too long");
    }
    return {};
}

Result<void> check_extra(const MailDraft& draft) {
    constexpr std::array<std::string_view, 12> kOwn{
        "from", "to",     "cc",          "bcc",      "reply-to",     "subject",
        "date", "sender", "return-path", "received", "mime-version", "message-id"};
    std::set<std::string> seen;
    for (const auto& [name, value] : draft.extra_headers) {
        const bool plain =
            !name.empty() && name.size() <= 70 && std::all_of(name.begin(), name.end(), [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-';
            });
        if (!plain) return wrong("extra_headers", "a header has a name that no header has");
        const std::string key = lower(name);
        const bool own = std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end() ||
                         key.starts_with("content-") || key.starts_with("resent-");
        if (own || !seen.insert(key).second) {
            return wrong("extra_headers", "the header " + name + " is not to be set here or twice");
        }
        const bool ascii =
            std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 127; });
        if (value.empty() || !ascii || value.size() > 900) {
            return wrong("extra_headers",
                         "the header " + name + " is empty, too long or not ASCII");
        }
    }
    return {};
}

Result<void> check(const MailDraft& draft) {
    Result<void> checked = check_party("from", draft.from);
    if (checked) checked = check_party("to", draft.to);
    if (checked && !draft.reply_to.address.empty())
        checked = check_party("reply_to", draft.reply_to);
    if (checked) checked = check_extra(draft);
    if (!checked) return checked;
    if (draft.subject.empty() || !is_header_text(draft.subject)) {
        return wrong("subject", "the subject is empty, too long, or has control characters");
    }
    if (!is_message_id(bare_id(draft.message_id)))
        return wrong("message_id", "it is no Message-ID");
    if (!is_text(draft.text))
        return wrong("text", "the text is not UTF-8 or has control characters");
    if (draft.attachments.size() > kMaxAttachments)
        return wrong("attachments", "there are too many");
    std::size_t size = draft.text.size();
    for (const MailAttachment& file : draft.attachments) {
        size += file.octets.size();
        const bool named = !file.name.empty() && file.name.size() <= 200 &&
                           is_header_text(file.name) &&
                           file.name.find_first_of("/\\\"") == std::string::npos;
        if (!named)
            return wrong("attachments", "an attachment has a name that no file should have");
        if (!is_media_type(file.content_type)) {
            return wrong("attachments", "an attachment has a content type that is not allowed");
        }
    }
    if (size > kMaxMailOut) {
        return Error(ErrorCode::limit_exceeded, "cannot write the mail: it is larger than 1 MiB");
    }
    return {};
}

GOwned<GMimePart> part_of(const char* type, const char* subtype, std::string_view octets,
                          GMimeContentEncoding encoding) {
    GOwned<GMimePart> part(g_mime_part_new_with_type(type, subtype));
    const GOwned<GMimeStream> stream = memory_stream(octets);
    const GOwned<GMimeDataWrapper> content(
        g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
    g_mime_part_set_content(part.get(), content.get());
    g_mime_part_set_content_encoding(part.get(), encoding);
    return part;
}

GMimeObject* object(void* any) { return static_cast<GMimeObject*>(any); }

GOwned<GMimeObject> body_of(const MailDraft& draft) {
    GOwned<GMimePart> text =
        part_of("text", "plain", with_lf(draft.text), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_mime_object_set_content_type_parameter(object(text.get()), "charset", "utf-8");
    if (draft.attachments.empty()) return GOwned<GMimeObject>(object(text.release()));
    GOwned<GMimeMultipart> mixed(g_mime_multipart_new_with_subtype("mixed"));
    g_mime_multipart_set_boundary(mixed.get(), kBoundary);
    g_mime_multipart_add(mixed.get(), object(text.get()));
    for (const MailAttachment& file : draft.attachments) {
        const std::size_t slash = file.content_type.find('/');
        const GOwned<GMimePart> part = part_of(file.content_type.substr(0, slash).c_str(),
                                               file.content_type.substr(slash + 1).c_str(),
                                               file.octets, GMIME_CONTENT_ENCODING_BASE64);
        g_mime_object_set_disposition(object(part.get()), GMIME_DISPOSITION_ATTACHMENT);
        g_mime_part_set_filename(part.get(), file.name.c_str());
        g_mime_multipart_add(mixed.get(), object(part.get()));
    }
    return GOwned<GMimeObject>(object(mixed.release()));
}

void add_party(GMimeMessage* message, GMimeAddressType type, const MailParty& party) {
    g_mime_message_add_mailbox(message, type, party.name.empty() ? nullptr : party.name.c_str(),
                               party.address.c_str());
}

std::string written(const MailDraft& draft) {
    const GOwned<GMimeMessage> message(g_mime_message_new(FALSE));
    add_party(message.get(), GMIME_ADDRESS_TYPE_FROM, draft.from);
    if (!draft.reply_to.address.empty()) {
        add_party(message.get(), GMIME_ADDRESS_TYPE_REPLY_TO, draft.reply_to);
    }
    add_party(message.get(), GMIME_ADDRESS_TYPE_TO, draft.to);
    g_mime_message_set_subject(message.get(), draft.subject.c_str(), "utf-8");
    GDateTime* const date = g_date_time_new_from_unix_utc(
        std::chrono::duration_cast<std::chrono::seconds>(draft.date.time_since_epoch()).count());
    g_mime_message_set_date(message.get(), date);
    g_date_time_unref(date);
    g_mime_message_set_message_id(message.get(), bare_id(draft.message_id).c_str());
    for (const auto& [name, value] : draft.extra_headers) {
        g_mime_object_append_header(object(message.get()), name.c_str(), value.c_str(), "utf-8");
    }
    const GOwned<GMimeObject> body = body_of(draft);
    g_mime_message_set_mime_part(message.get(), body.get());
    const std::unique_ptr<GMimeFormatOptions, decltype(&g_mime_format_options_free)> format(
        g_mime_format_options_new(), &g_mime_format_options_free);
    g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
    const GOwned<GMimeStream> out(g_mime_stream_mem_new());
    g_mime_object_write_to_stream(object(message.get()), format.get(), out.get());
    std::string octets = octets_of(out.get());
    if (!octets.ends_with("\r\n")) octets += "\r\n";
    return octets;
}

/// The header names of a mail, in lower case, found without GMime's help; empty when a line is
/// neither a header nor a continuation.
std::multiset<std::string> names_in(std::string_view octets) {
    std::multiset<std::string> names;
    while (!octets.empty() && !octets.starts_with("\r\n")) {
        const std::string_view line = octets.substr(0, octets.find("\r\n"));
        octets.remove_prefix(std::min(line.size() + 2, octets.size()));
        const bool folded = line.front() == ' ' || line.front() == '\t';
        const bool blank = line.find_first_not_of(" \t") == std::string_view::npos;
        if (folded && !blank && !names.empty()) continue;
        const std::size_t colon = line.find(':');
        if (folded || colon == std::string_view::npos || colon == 0) return {};
        names.insert(lower(line.substr(0, colon)));
    }
    return names;
}

std::multiset<std::string> names_meant(const MailDraft& draft) {
    std::multiset<std::string> names{"from",       "to",           "subject",     "date",
                                     "message-id", "mime-version", "content-type"};
    if (draft.attachments.empty()) names.insert("content-transfer-encoding");
    if (!draft.reply_to.address.empty()) names.insert("reply-to");
    for (const auto& [name, value] : draft.extra_headers) names.insert(lower(name));
    return names;
}

std::string squeezed(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool is_only(const std::vector<MailParty>& found, const MailParty& meant) {
    if (meant.address.empty()) return found.empty();
    return found.size() == 1 && found.front().address == meant.address &&
           squeezed(found.front().name) == squeezed(meant.name);
}

Result<void> compare_parts(const MailDraft& draft, const ReadMail& mail) {
    const bool text = mail.texts.size() == 1 && mail.texts.front().first == "text/plain" &&
                      with_crlf(mail.texts.front().second) == with_crlf(draft.text);
    if (!text) return wrong("text", "the text would not arrive as it was given");
    if (mail.attachments.size() != draft.attachments.size()) {
        return wrong("attachments", "there would be another number of parts");
    }
    for (std::size_t i = 0; i < mail.attachments.size(); ++i) {
        const MailAttachment& found = mail.attachments[i];
        const MailAttachment& meant = draft.attachments[i];
        const bool same = found.name == meant.name && found.content_type == meant.content_type &&
                          found.octets == meant.octets;
        if (!same) return wrong("attachments", "an attachment would not arrive as it was given");
    }
    return {};
}

}  // namespace

Result<void> verify_composed(const MailDraft& draft, std::string_view octets) {
    const Result<void> shape = check_mail_octets(octets);
    if (!shape) return shape;
    if (names_in(octets) != names_meant(draft)) {
        return wrong("headers", "it would have other headers than meant");
    }
    const Result<ReadMail> mail = read_mail(octets, MailLimits());
    if (!mail) return mail.error();
    if (!is_only(mail->from, draft.from)) return wrong("from", "the sender would be another");
    if (!is_only(mail->to, draft.to)) return wrong("to", "the recipient would be another");
    if (!is_only(mail->reply_to, draft.reply_to)) return wrong("reply_to", "it would be another");
    if (squeezed(mail->subject) != squeezed(draft.subject)) {
        return wrong("subject", "it would not arrive as it was given");
    }
    if (mail->message_id != bare_id(draft.message_id)) {
        return wrong("message_id", "it would be another");
    }
    if (mail->date != std::chrono::floor<std::chrono::seconds>(draft.date)) {
        return wrong("date", "it would be another");
    }
    for (const auto& [name, value] : draft.extra_headers) {
        const std::vector<std::string> found = mail->values(lower(name));
        if (found.size() != 1 || squeezed(found.front()) != squeezed(value)) {
            return wrong("extra_headers",
                         "the header " + name + " would not arrive as it was given");
        }
    }
    return compare_parts(draft, *mail);
}

Result<std::string> compose(const MailDraft& draft) {
    ensure_gmime();
    const Result<void> checked = check(draft);
    if (!checked) return checked.error();
    std::string octets = written(draft);
    if (octets.size() > kMaxMailOut) {
        return Error(ErrorCode::limit_exceeded, "cannot write the mail: it is larger than 1 MiB");
    }
    const Result<void> verified = verify_composed(draft, octets);
    if (!verified) return verified.error();
    return octets;
}

}  // namespace cabroker::transport
