#include "transport/imap_session.hpp"

#include <date/date.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <sstream>

#include "transport/curl_handle.hpp"

namespace cabroker::transport {

using domain::Error;
using domain::ErrorCode;
using domain::Result;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t kMostLine = 64UL * 1024;
/// Of one reply, literals apart.
constexpr std::size_t kMostLines = 4UL * 1024 * 1024;

Error failed(std::string_view cause) {
    return Error(ErrorCode::unreachable,
                 "cannot reach the mail server: " + std::string(words_for(cause)))
        .with("cause", std::string(cause));
}

Error nonsense() { return {ErrorCode::bad_answer, "the mail server does not keep to IMAP"}; }

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return out;
}

/// A quoted string of RFC 9051; the caller has no control characters in it.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view word) {
    const std::size_t at = upper(text).find(word);
    if (at == std::string::npos) return std::nullopt;
    const char* const begin = text.data() + at + word.size();
    std::uint64_t number = 0;
    const auto read = std::from_chars(begin, text.data() + text.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    return number;
}

/// `{123}` at the end of a line: so many octets follow.
std::optional<std::size_t> literal_size(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const std::size_t open = line.rfind('{');
    if (open == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    const auto read = std::from_chars(line.data() + open + 1, line.data() + line.size() - 1, size);
    if (read.ec != std::errc() || read.ptr != line.data() + line.size() - 1) return std::nullopt;
    return size;
}

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

std::string server_of(const std::string& url) {
    const std::size_t host = url.find("://");
    const std::size_t slash =
        host == std::string::npos ? std::string::npos : url.find('/', host + 3);
    return url.substr(0, slash) + "/";
}

}  // namespace

std::optional<domain::Time> imap_date(std::string_view text) {
    std::istringstream in{std::string(text)};
    domain::Time time;
    in >> date::parse("%d-%b-%Y %H:%M:%S %z", time);
    if (in.fail()) return std::nullopt;
    return time;
}

/// The lines of an answer, each literal put apart.
struct ImapSession::Reply {
    /// Untagged lines; a literal in one is `{}` there and stands in `literals`.
    std::vector<std::string> lines;
    std::vector<std::string> literals;
    /// OK, NO or BAD, and the rest of the tagged line.
    std::string verdict;
    std::string text;
};

/// libcurl's connection after the sign-in, and what was read of it and not used.
struct ImapSession::Connection {
    CurlEasy easy;
    curl_socket_t socket = CURL_SOCKET_BAD;
    std::string buffer;
    std::string capabilities;
    unsigned tag = 0;
    /// Of the last select().
    std::uint64_t uidvalidity = 0;
};

ImapSession::ImapSession(ImapServer server)
    : server_(std::move(server)), folder_(folder_of(server_.url)) {
    ensure_curl();
}

ImapSession::~ImapSession() = default;

namespace {

/// Waits for the socket in short turns, so that stop() is seen.
Result<void> wait_on(curl_socket_t socket, short events, SteadyTime until,
                     const std::atomic<bool>& stopped) {
    while (!stopped) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return failed("timeout");
        pollfd wanted{socket, events, 0};
        const int turn = static_cast<int>(std::min<std::int64_t>(left.count(), 200));
        if (::poll(&wanted, 1, turn) > 0) return {};
    }
    return failed("canceled");
}

int on_progress(void* stopped, curl_off_t /*a*/, curl_off_t /*b*/, curl_off_t /*c*/,
                curl_off_t /*d*/) {
    return static_cast<const std::atomic<bool>*>(stopped)->load() ? 1 : 0;
}

/// Reads from one connection: lines and counted octets.
class Input {
  public:
    Input(CURL* easy, curl_socket_t socket, std::string& buffer, SteadyTime until,
          const std::atomic<bool>& stopped)
        : easy_(easy), socket_(socket), buffer_(buffer), until_(until), stopped_(stopped) {}

    /// Without its line end.
    Result<std::string> line() {
        while (true) {
            const std::size_t end = buffer_.find("\r\n");
            if (end != std::string::npos) {
                std::string text = buffer_.substr(0, end);
                buffer_.erase(0, end + 2);
                return text;
            }
            if (buffer_.size() > kMostLine) return nonsense();
            const Result<void> more = fill();
            if (!more) return more.error();
        }
    }
    Result<std::string> octets(std::size_t count) {
        while (buffer_.size() < count) {
            const Result<void> more = fill();
            if (!more) return more.error();
        }
        std::string taken = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return taken;
    }

  private:
    Result<void> fill() {
        std::array<char, 32'768> part{};
        std::size_t got = 0;
        while (true) {
            const CURLcode code = curl_easy_recv(easy_, part.data(), part.size(), &got);
            if (code == CURLE_OK && got > 0) break;
            if (code == CURLE_OK) return failed("closed");
            if (code != CURLE_AGAIN) return failed(cause_of(code));
            const Result<void> ready = wait_on(socket_, POLLIN, until_, stopped_);
            if (!ready) return ready.error();
        }
        buffer_.append(part.data(), got);
        return {};
    }

    CURL* easy_;
    curl_socket_t socket_;
    std::string& buffer_;
    SteadyTime until_;
    const std::atomic<bool>& stopped_;
};

}  // namespace

Result<void> ImapSession::connect() {
    auto made = std::make_unique<Connection>();
    made->easy.reset(curl_easy_init());
    CURL* const easy = made->easy.get();
    if (easy == nullptr) return Error(ErrorCode::internal, "no memory");
    const std::string url = server_of(server_.url);
    const std::string password(server_.password.reveal());
    set_common(easy, server_.ca_file, "");
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "imap,imaps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_USERNAME, server_.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stopped_);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &on_progress);
    const CURLcode code = curl_easy_perform(easy);
    if (code == CURLE_LOGIN_DENIED) {
        return Error(ErrorCode::bad_configuration,
                     "the mail server does not accept our user and password");
    }
    if (code != CURLE_OK) return failed(cause_of(code));
    if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &made->socket) != CURLE_OK ||
        made->socket == CURL_SOCKET_BAD) {
        return failed("closed");
    }
    connection_ = std::move(made);
    const Result<Reply> reply = command("CAPABILITY", kMostLine);
    if (!reply) return reply.error();
    for (const std::string& line : reply->lines) {
        if (upper(line).starts_with("* CAPABILITY")) connection_->capabilities = upper(line) + " ";
    }
    return {};
}

Result<ImapSession::Reply> ImapSession::command(const std::string& text, std::size_t most) {
    if (!connection_) return failed("closed");
    Connection& to = *connection_;
    const SteadyTime until = std::chrono::steady_clock::now() + server_.reply_timeout;
    const std::string tag = "c" + std::to_string(++to.tag);
    const std::string line = tag + " " + text + "\r\n";
    std::size_t sent = 0;
    // Every way out but the last leaves a connection of which nobody knows where it stands.
    std::unique_ptr<Connection> held = std::move(connection_);
    while (sent < line.size()) {
        std::size_t now = 0;
        const CURLcode code =
            curl_easy_send(to.easy.get(), line.data() + sent, line.size() - sent, &now);
        sent += now;
        if (code == CURLE_OK) continue;
        if (code != CURLE_AGAIN) return failed(cause_of(code));
        const Result<void> ready = wait_on(to.socket, POLLOUT, until, stopped_);
        if (!ready) return ready.error();
    }
    Input input(to.easy.get(), to.socket, to.buffer, until, stopped_);
    Reply reply;
    std::size_t read = 0;
    std::string whole;
    while (true) {
        Result<std::string> part = input.line();
        if (!part) return part.error();
        read += part->size();
        if (read > kMostLines) return nonsense();
        whole += *part;
        if (const auto size = literal_size(*part)) {
            if (*size > most) return nonsense();
            Result<std::string> octets = input.octets(*size);
            if (!octets) return octets.error();
            whole.resize(whole.rfind('{'));
            whole += "{}";
            reply.literals.push_back(std::move(*octets));
            continue;
        }
        if (whole.starts_with(tag + " ")) break;
        if (whole.starts_with("* BYE")) return failed("closed");
        reply.lines.push_back(std::move(whole));
        whole.clear();
    }
    const std::string_view rest = std::string_view(whole).substr(tag.size() + 1);
    reply.verdict = upper(rest.substr(0, rest.find(' ')));
    reply.text = std::string(rest);
    connection_ = std::move(held);
    return reply;
}

Result<void> ImapSession::must(const std::string& text) {
    const Result<Reply> reply = command(text, kMostLine);
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
            const Result<void> connected = connect();
            if (!connected) return connected.error();
        }
        const Result<Reply> reply = command("SELECT " + quoted(folder_), kMostLine);
        // A kept connection may have died meanwhile; a new one has not.
        if (!reply && !fresh && !stopped_) continue;
        if (!reply) return reply.error();
        if (reply->verdict != "OK") {
            return Error(ErrorCode::bad_configuration,
                         "cannot open the folder " + folder_ + ": " + reply->text.substr(0, 200));
        }
        for (const std::string& line : reply->lines) {
            if (const auto validity = number_after(line, "[UIDVALIDITY ")) {
                connection_->uidvalidity = *validity;
                return *validity;
            }
        }
        return nonsense();
    }
    return failed("closed");
}

Result<std::vector<ImapMail>> ImapSession::list(std::uint64_t after, std::size_t most) {
    const std::string from = std::to_string(after + 1);
    const Result<Reply> reply =
        command("UID FETCH " + from + ":* (UID RFC822.SIZE FLAGS INTERNALDATE)", kMostLine);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return nonsense();
    std::vector<ImapMail> mails;
    for (const std::string& line : reply->lines) {
        const std::string word = upper(line);
        const auto uid = number_after(line, "UID ");
        // `n:*` names the last mail even when its UID is lower.
        if (word.find(" FETCH (") == std::string::npos || !uid || *uid <= after) continue;
        if (word.find("\\DELETED") != std::string::npos) continue;
        ImapMail mail;
        mail.uid = *uid;
        mail.size = static_cast<std::size_t>(number_after(line, "RFC822.SIZE ").value_or(0));
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
    Result<Reply> reply = command("UID FETCH " + std::to_string(uid) + " (" + what + ")", most);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return nonsense();
    for (const std::string& line : reply->lines) {
        if (upper(line).find(" FETCH (") == std::string::npos) continue;
        if (number_after(line, "UID ") != uid) continue;
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
    const bool moves = connection_->capabilities.find(" MOVE ") != std::string::npos;
    const Result<Reply> reply = command(
        "UID " + std::string(moves ? "MOVE " : "COPY ") + number + " " + quoted(folder), kMostLine);
    if (!reply) return reply.error();
    if (reply->verdict != "OK") return false;
    if (moves) return true;
    const Result<void> removed = remove(uid);
    if (!removed) return removed.error();
    return true;
}

Result<void> ImapSession::move(std::uint64_t uid, const std::string& folder) {
    if (!connection_) return failed("closed");
    // Servers that keep everything below INBOX refuse a folder beside it.
    std::vector<std::string> names{folder};
    for (const char* delimiter : {"/", "."})
        names.push_back("INBOX" + std::string(delimiter) + folder);
    for (const std::string& name : names) {
        Result<bool> moved = try_move(uid, name);
        if (!moved) return moved.error();
        if (*moved) return {};
        const Result<Reply> made = command("CREATE " + quoted(name), kMostLine);
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
    if (connection_->capabilities.find(" UIDPLUS ") == std::string::npos) return {};
    return must("UID EXPUNGE " + number);
}

void ImapSession::stop() { stopped_ = true; }

}  // namespace cabroker::transport
