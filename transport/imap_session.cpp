#include "transport/imap_session.hpp"

#include <algorithm>
#include <charconv>

#include "transport/curl_handle.hpp"
#include "transport/imap_connection.hpp"
#include "transport/imap_text.hpp"

namespace cabroker::transport {

using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

/// The folder of the URL, percent-decoded; INBOX when there is none.
std::string folder_of(const std::string& url) {
    const std::size_t host = url.find("://");
    const std::size_t slash =
        host == std::string::npos ? std::string::npos : url.find('/', host + 3);
    if (slash == std::string::npos || slash + 1 == url.size()) return "INBOX";
    std::string folder;
    for (std::size_t i = slash + 1; i < url.size(); ++i) {
        unsigned code = 0;
        const bool coded = url[i] == '%' && i + 2 < url.size() &&
                           std::from_chars(url.data() + i + 1, url.data() + i + 3, code, 16).ptr ==
                               url.data() + i + 3;
        folder += coded ? static_cast<char>(code) : url[i];
        if (coded) i += 2;
    }
    const bool plain =
        std::all_of(folder.begin(), folder.end(), [](char c) { return c >= ' ' && c < 127; });
    return plain ? folder : "INBOX";
}

}  // namespace

ImapSession::ImapSession(ImapServer server)
    : server_(std::move(server)), folder_(folder_of(server_.url)) {
    ensure_curl();
}

ImapSession::~ImapSession() = default;

Result<ImapReply> ImapSession::command(const std::string& text, std::size_t most) {
    if (!connection_) return imap_unreachable("closed");
    // After an error nobody knows where the connection stands: it is not put back.
    std::unique_ptr<ImapConnection> held = std::move(connection_);
    Result<ImapReply> reply = held->command(text, most);
    if (reply) connection_ = std::move(held);
    return reply;
}

Result<void> ImapSession::must(const std::string& text) {
    const Result<ImapReply> reply = command(text, kImapMostLine);
    if (!reply) return reply.error();
    if (reply->verdict == "OK") return {};
    return Error(ErrorCode::bad_configuration, "the mail server refuses " +
                                                   text.substr(0, text.find('"')) + ": " +
                                                   reply->text.substr(0, 200));
}

Result<std::uint64_t> ImapSession::select() {
    for (int attempt = 0; attempt < 2; ++attempt) {
        const bool fresh = !connection_;
        if (fresh) {
            auto opened = ImapConnection::open(server_, stopped_);
            if (!opened) return opened.error();
            connection_ = std::move(*opened);
        }
        const Result<ImapReply> reply = command("SELECT " + imap_quoted(folder_), kImapMostLine);
        // A kept connection may have died meanwhile; a new one has not.
        if (!reply && !fresh && !stopped_) continue;
        if (!reply) return reply.error();
        if (reply->verdict != "OK") {
            return Error(ErrorCode::bad_configuration,
                         "cannot open the folder " + folder_ + ": " + reply->text.substr(0, 200));
        }
        for (const std::string& line : reply->lines) {
            if (const auto validity = imap_number_after(line, "[UIDVALIDITY ")) {
                return *validity;
            }
        }
        return imap_nonsense();
    }
    return imap_unreachable("closed");
}

Result<std::vector<ImapMail>> ImapSession::list(std::uint64_t after, std::size_t most) {
    const std::string from = std::to_string(after + 1);
    const Result<ImapReply> reply =
        command("UID FETCH " + from + ":* (UID RFC822.SIZE FLAGS INTERNALDATE)", kImapMostLine);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return imap_nonsense();
    std::vector<ImapMail> mails;
    for (const std::string& line : reply->lines) {
        const std::string word = imap_upper(line);
        const auto uid = imap_number_after(line, "UID ");
        // `n:*` names the last mail even when its UID is lower.
        if (word.find(" FETCH (") == std::string::npos || !uid || *uid <= after) continue;
        if (word.find("\\DELETED") != std::string::npos) continue;
        ImapMail mail;
        mail.uid = *uid;
        mail.size = static_cast<std::size_t>(imap_number_after(line, "RFC822.SIZE ").value_or(0));
        const std::size_t date = word.find("INTERNALDATE \"");
        if (date != std::string::npos) {
            const std::size_t begin = date + 14;
            std::string text = line.substr(begin, line.find('"', begin) - begin);
            text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
            mail.arrived = imap_date(text);
        }
        mails.push_back(mail);
    }
    std::sort(mails.begin(), mails.end(),
              [](const ImapMail& a, const ImapMail& b) { return a.uid < b.uid; });
    if (mails.size() > most) mails.resize(most);
    return mails;
}

Result<std::string> ImapSession::fetch(std::uint64_t uid, const std::string& what,
                                       std::size_t most) {
    Result<ImapReply> reply = command("UID FETCH " + std::to_string(uid) + " (" + what + ")", most);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return imap_nonsense();
    for (const std::string& line : reply->lines) {
        if (imap_upper(line).find(" FETCH (") == std::string::npos) continue;
        if (imap_number_after(line, "UID ") != uid) continue;
        if (!reply->literals.empty()) return std::move(reply->literals.front());
        if (line.find("\"\"") != std::string::npos) return std::string();
    }
    return Error(ErrorCode::not_found, "the mail is not there any more");
}

Result<std::string> ImapSession::read(std::uint64_t uid, std::size_t max_octets) {
    return fetch(uid, "UID BODY.PEEK[]", max_octets);
}

Result<std::string> ImapSession::read_head(std::uint64_t uid, std::size_t most) {
    return fetch(uid, "UID BODY.PEEK[HEADER]<0." + std::to_string(most) + ">", most);
}

Result<bool> ImapSession::try_move(std::uint64_t uid, const std::string& folder) {
    const std::string number = std::to_string(uid);
    const bool moves = connection_->can("MOVE");
    const Result<ImapReply> reply = command(
        "UID " + std::string(moves ? "MOVE " : "COPY ") + number + " " + imap_quoted(folder),
        kImapMostLine);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return false;
    if (moves) return true;
    const Result<void> removed = remove(uid);
    if (!removed) return removed.error();
    return true;
}

Result<void> ImapSession::move(std::uint64_t uid, const std::string& folder) {
    if (!connection_) return imap_unreachable("closed");
    // Servers that keep everything below INBOX refuse a folder beside it.
    std::vector<std::string> names{folder};
    for (const char* delimiter : {"/", "."})
        names.push_back("INBOX" + std::string(delimiter) + folder);
    for (const std::string& name : names) {
        Result<bool> moved = try_move(uid, name);
        if (!moved) return moved.error();
        if (*moved) return {};
        const Result<ImapReply> made = command("CREATE " + imap_quoted(name), kImapMostLine);
        if (!made) return made.error();
        if (made->verdict != "OK") continue;
        moved = try_move(uid, name);
        if (!moved) return moved.error();
        if (*moved) return {};
    }
    return Error(ErrorCode::bad_configuration, "the mail server makes no folder " + folder);
}

Result<void> ImapSession::remove(std::uint64_t uid) {
    const std::string number = std::to_string(uid);
    const Result<void> marked = must("UID STORE " + number + " +FLAGS.SILENT (\\Deleted)");
    if (!marked) return marked.error();
    // A plain EXPUNGE would end what others marked.
    if (!connection_->can("UIDPLUS")) return {};
    return must("UID EXPUNGE " + number);
}

void ImapSession::stop() { stopped_ = true; }

}  // namespace cabroker::transport
