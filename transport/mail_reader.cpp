#include "transport/mail_reader.hpp"

#include <algorithm>
#include <utility>

#include "domain/ascii.hpp"
#include "transport/gmime_handle.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;
using domain::trimmed;

using domain::Error;
using domain::ErrorCode;
using domain::Result;

Error over(const char* limit) {
    return Error(ErrorCode::limit_exceeded,
                 std::string("cannot read the mail: over the limit of its ") + limit)
        .with("limit", limit);
}

void add_parties(InternetAddressList* list, std::vector<MailParty>& out, int depth) {
    const int count = list == nullptr ? 0 : internet_address_list_length(list);
    for (int i = 0; i < count; ++i) {
        InternetAddress* const address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            auto* const group = reinterpret_cast<InternetAddressGroup*>(address);
            if (depth < 2) add_parties(internet_address_group_get_members(group), out, depth + 1);
            continue;
        }
        auto* const mailbox = reinterpret_cast<InternetAddressMailbox*>(address);
        out.emplace_back(one_line(internet_address_get_name(address)),
                         one_line(internet_address_mailbox_get_addr(mailbox)));
    }
}

void add_addresses(const char* raw, std::vector<MailParty>& out) {
    const GOwned<InternetAddressList> list(internet_address_list_parse(nullptr, raw));
    add_parties(list.get(), out, 0);
}

void add_references(const char* raw, std::vector<std::string>& out) {
    GMimeReferences* const references = g_mime_references_parse(nullptr, raw);
    for (int i = 0; i < g_mime_references_length(references) && i < 1000; ++i) {
        out.push_back(one_line(g_mime_references_get_message_id(references, i)));
    }
    g_mime_references_free(references);
}

/// The keyword before any parameter or comment.
std::string keyword_of(const std::string& value) {
    return lower(trimmed(value.substr(0, value.find_first_of(";("))));
}

void take_header(GMimeHeader* header, ReadMail& mail) {
    const std::string name = lower(one_line(g_mime_header_get_name(header)));
    const char* const raw_value = g_mime_header_get_raw_value(header);
    const char* const raw = raw_value == nullptr ? "" : raw_value;
    const std::string line = one_line(g_mime_header_get_value(header));
    const std::string value(trimmed(line));
    mail.headers.emplace_back(name, value);
    if (name == "from") add_addresses(raw, mail.from);
    if (name == "to") add_addresses(raw, mail.to);
    if (name == "cc") add_addresses(raw, mail.cc);
    if (name == "reply-to") add_addresses(raw, mail.reply_to);
    if (name == "subject") mail.subject = value;
    if (name == "in-reply-to") add_references(raw, mail.in_reply_to);
    if (name == "references") add_references(raw, mail.references);
    if (name == "auto-submitted") mail.auto_submitted = keyword_of(value);
    if (name == "authentication-results") mail.authentication_results.push_back(value);
    if (name == "message-id" && mail.message_id.empty()) {
        const GText id(g_mime_utils_decode_message_id(raw));
        mail.message_id = one_line(id.get());
    }
}

/// Walks the parts of one mail, counting against the limits.
class PartWalk {
  public:
    PartWalk(const MailLimits& limits, ReadMail& mail) : limits_(limits), mail_(mail) {}

    [[nodiscard]] Result<void> visit(GMimeObject* object, std::size_t depth) {
        if (object == nullptr) return {};
        if (depth > limits_.depth) return over("depth");
        if (++parts_ > limits_.parts) return over("parts");
        if (GMIME_IS_MULTIPART(object)) {
            auto* const multipart = reinterpret_cast<GMimeMultipart*>(object);
            const int count = g_mime_multipart_get_count(multipart);
            for (int i = 0; i < count; ++i) {
                const Result<void> done = visit(g_mime_multipart_get_part(multipart, i), depth + 1);
                if (!done) return done;
            }
            return {};
        }
        if (GMIME_IS_MESSAGE_PART(object)) return take_message(object);
        if (GMIME_IS_PART(object)) return take_part(object);
        return {};
    }

  private:
    [[nodiscard]] bool count(std::size_t octets) {
        decoded_ += octets;
        return decoded_ <= limits_.decoded;
    }

    static std::string type_of(GMimeObject* object) {
        const GText type(g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object)));
        return lower(one_line(type.get()));
    }

    [[nodiscard]] Result<void> take_message(GMimeObject* object) {
        auto* const part = reinterpret_cast<GMimeMessagePart*>(object);
        GMimeMessage* const inner = g_mime_message_part_get_message(part);
        std::string octets;
        if (inner != nullptr) {
            const GOwned<GMimeStream> out(g_mime_stream_mem_new());
            g_mime_object_write_to_stream(reinterpret_cast<GMimeObject*>(inner), nullptr,
                                          out.get());
            octets = octets_of(out.get());
        }
        if (!count(octets.size())) return over("decoded");
        mail_.attachments.emplace_back("", type_of(object), std::move(octets));
        return {};
    }

    [[nodiscard]] Result<void> take_part(GMimeObject* object) {
        auto* const part = reinterpret_cast<GMimePart*>(object);
        const std::string type = type_of(object);
        const bool text = GMIME_IS_TEXT_PART(object) && g_mime_part_is_attachment(part) == FALSE &&
                          g_mime_part_get_filename(part) == nullptr &&
                          (type == "text/plain" || type == "text/html");
        if (!text) {
            std::string octets = decoded(part);
            if (!count(octets.size())) return over("decoded");
            mail_.attachments.emplace_back(one_line(g_mime_part_get_filename(part)), type,
                                           std::move(octets));
            return {};
        }
        const GText content(g_mime_text_part_get_text(reinterpret_cast<GMimeTextPart*>(object)));
        const GText valid(g_utf8_make_valid(content ? content.get() : "", -1));
        std::string words(valid.get());
        if (!count(words.size())) return over("decoded");
        mail_.texts.emplace_back(type, std::move(words));
        return {};
    }

    const MailLimits& limits_;
    ReadMail& mail_;
    std::size_t parts_ = 0;
    std::size_t decoded_ = 0;
};

Result<void> check_sizes(std::string_view octets, const MailLimits& limits) {
    if (octets.size() > limits.octets) return over("octets");
    std::size_t end = std::min(octets.find("\r\n\r\n"), octets.find("\n\n"));
    end = std::min(end, octets.size());
    if (end > limits.header_octets) return over("header_octets");
    const auto lines =
        std::count(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    if (static_cast<std::size_t>(lines) > limits.headers * 20) return over("headers");
    return {};
}

}  // namespace

std::vector<std::string> ReadMail::values(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& [key, value] : headers) {
        if (key == name) out.push_back(value);
    }
    return out;
}

Result<ReadMail> read_mail(std::string_view octets, const MailLimits& limits) {
    const Result<void> sizes = check_sizes(octets, limits);
    if (!sizes) return sizes.error();
    const Error no_mail(ErrorCode::bad_answer, "cannot read the mail: it has no header");
    ensure_gmime();
    const GOwned<GMimeStream> stream = memory_stream(octets);
    const GOwned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    const GOwned<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    if (!message) return no_mail;

    ReadMail mail;
    GMimeHeaderList* const headers =
        g_mime_object_get_header_list(reinterpret_cast<GMimeObject*>(message.get()));
    // In GMime the top part's Content- headers live on the part; together they are the mail's.
    const int count = g_mime_header_list_get_count(headers);
    if (count == 0) return no_mail;
    if (static_cast<std::size_t>(count) > limits.headers) return over("headers");
    for (int i = 0; i < count; ++i) take_header(g_mime_header_list_get_header_at(headers, i), mail);
    GMimeObject* const top = g_mime_message_get_mime_part(message.get());
    if (GDateTime* const date = g_mime_message_get_date(message.get())) {
        mail.date = domain::Time(std::chrono::seconds(g_date_time_to_unix(date)));
    }
    if (top != nullptr) {
        GMimeContentType* const type = g_mime_object_get_content_type(top);
        mail.is_report = g_mime_content_type_is_type(type, "multipart", "report") != FALSE;
    }
    const Result<void> walked = PartWalk(limits, mail).visit(top, 0);
    if (!walked) return walked.error();
    return mail;
}

}  // namespace cabroker::transport
