#include "transport/http_exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/ascii.hpp"
#include "domain/http_headers.hpp"
#include "domain/secret.hpp"

namespace cabroker::transport {
namespace {

using domain::lower;

using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::array<std::string_view, 6> kMethods{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 127);
    });
}

Error wrong_exchange(const std::string& why) {
    return Error(ErrorCode::bad_configuration, "cannot make the request: " + why)
        .with("cause", "request");
}

}  // namespace

int TlsWatch::index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &TlsWatch::on_free);
    return index;
}

void TlsWatch::start(SSL* tls) {
    stop();
    if (SSL_set_ex_data(tls, index(), this) != 1) return;
    SSL_set_info_callback(tls, &TlsWatch::on_info);
    tls_ = tls;
    started_ = true;
    closed_ = false;
}

void TlsWatch::stop() {
    started_ = false;
    if (tls_ == nullptr) return;
    SSL_set_info_callback(tls_, nullptr);
    SSL_set_ex_data(tls_, index(), nullptr);
    tls_ = nullptr;
}

void TlsWatch::on_info(const SSL* tls, int where, int value) {
    const bool alert = (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT;
    if (!alert || (value & 0xff) != SSL_AD_CLOSE_NOTIFY) return;
    auto* const watch = static_cast<TlsWatch*>(SSL_get_ex_data(tls, index()));
    if (watch != nullptr) watch->closed_ = true;
}

void TlsWatch::on_free(void* /*tls*/, void* watch, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                       long /*number*/, void* /*pointer*/) {
    if (watch != nullptr) static_cast<TlsWatch*>(watch)->tls_ = nullptr;
}

HttpExchange::HttpExchange(HttpRequest request) : request_(std::move(request)) {}

HttpExchange::~HttpExchange() {
    easy_.reset();
    domain::wipe(request_.body);
}

Result<void> HttpExchange::check() {
    Result<Origin> origin = Origin::parse(request_.url);
    if (!origin) return wrong_exchange(origin.error().detail);
    origin_ = std::move(*origin);
    if (std::find(kMethods.begin(), kMethods.end(), request_.method) == kMethods.end()) {
        return wrong_exchange("the method is unknown");
    }
    if (request_.cookies.origin() && !(*request_.cookies.origin() == *origin_)) {
        return wrong_exchange("the session belongs to another origin");
    }
    if (!request_.body.empty() && request_.content_type.empty()) {
        return wrong_exchange("the body has no content type");
    }
    if (!is_field_value(request_.content_type))
        return wrong_exchange("the content type is malformed");
    for (const HttpHeader& header : request_.headers) {
        if (!is_token(header.name) || !is_field_value(header.value)) {
            return wrong_exchange("a header is malformed");
        }
        const std::string name = lower(header.name);
        if (domain::is_client_header(name)) {
            return wrong_exchange("the header " + name + " is not the caller's to set");
        }
    }
    return {};
}

Result<void> HttpExchange::prepare() {
    Result<void> checked = check();
    if (!checked) return checked;
    easy_.reset(curl_easy_init());
    if (!easy_ || !set_headers()) return Error(ErrorCode::internal, "cannot prepare the request");
    CURL* const easy = easy_.get();
    set_common(easy, request_.ca_file, request_.proxy);
    curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpExchange::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpExchange::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &HttpExchange::before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
    if (request_.effect_once) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
    for (const std::string& line : request_.cookies.lines()) {
        curl_easy_setopt(easy, CURLOPT_COOKIELIST, line.c_str());
    }
    set_method();
    return {};
}

bool HttpExchange::set_headers() {
    // An empty Expect keeps libcurl from asking first, which a 417 would turn into a second
    // request.
    bool ok = append(headers_, "Expect:");
    const bool posts = request_.method != "GET" && request_.method != "HEAD";
    if (!request_.content_type.empty()) {
        ok = ok && append(headers_, "Content-Type: " + request_.content_type);
    } else if (posts) {
        ok = ok && append(headers_, "Content-Type:");
    }
    for (const HttpHeader& header : request_.headers) {
        // libcurl drops `Name:` without a value; `Name;` sends it empty.
        const bool empty = header.value.empty();
        ok = ok && append(headers_, header.name + (empty ? ";" : ": " + header.value));
    }
    return ok;
}

void HttpExchange::set_method() {
    CURL* const easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    if (request_.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    const bool posts = request_.method == "POST" || !request_.body.empty();
    if (posts) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
    }
    if (request_.method != "GET" && request_.method != "POST") {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    } else if (request_.method == "GET" && posts) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "GET");
    }
}

int HttpExchange::before_request(void* self, char* /*ip*/, char* /*local_ip*/, int /*port*/,
                                 int /*local_port*/) {
    auto* const that = static_cast<HttpExchange*>(self);
    if (std::chrono::steady_clock::now() >= that->request_.deadline) {
        that->late_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    that->maybe_sent_ = true;
    return CURL_PREREQFUNC_OK;
}

std::size_t HttpExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto* const that = static_cast<HttpExchange*>(self);
    const std::string_view line(data, size * count);
    that->header_octets_ += line.size();
    if (that->header_octets_ > that->request_.max_headers) {
        that->over_limit_ = "headers";
        return 0;
    }
    that->take_header(line);
    return line.size();
}

void HttpExchange::take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        // An interim answer (1xx) came before: only the last one counts.
        response_.headers.clear();
        tls_.stop();
        return;
    }
    if (line == "\r\n" || line == "\n") end_of_head();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    response_.headers.emplace_back(lower(line.substr(0, colon)),
                                   std::string(trim(line.substr(colon + 1))));
    if (response_.headers.back().name == "set-cookie") sets_cookies_ = true;
}

void HttpExchange::end_of_head() {
    const std::string coding = lower(response_.header("transfer-encoding").value_or(""));
    const bool chunked = coding.find("chunked") != std::string::npos;
    if (chunked || response_.header("content-length") || request_.method == "HEAD") return;
    curl_tlssessioninfo* info = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_TLS_SSL_PTR, &info);
    if (info == nullptr || info->backend != CURLSSLBACKEND_OPENSSL) return;
    auto* const tls = static_cast<SSL*>(info->internals);
    if (tls != nullptr) tls_.start(tls);
}

/// Did the connection end without TLS's close? Then anybody on the way may have ended it, and the
/// answer that it was to end is not whole (RFC 9112 section 9.8), which libcurl does not see.
bool HttpExchange::cut_off() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    const bool has_body = status >= 200 && status != 204 && status != 304;
    return tls_.started() && has_body && !tls_.closed();
}

std::size_t HttpExchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto* const that = static_cast<HttpExchange*>(self);
    const std::size_t octets = size * count;
    if (that->response_.body.size() + octets > that->request_.max_body) {
        that->over_limit_ = "body";
        that->response_.body.append(data, that->request_.max_body - that->response_.body.size());
        return 0;
    }
    that->response_.body.append(data, octets);
    return octets;
}

Result<HttpResponse> HttpExchange::finish(const TransferResult& result) {
    response_.cut = request_.cut_body && over_limit_ == "body" &&
                    result.end == TransferEnd::finished && result.code == CURLE_WRITE_ERROR;
    const bool finished = result.end == TransferEnd::finished && result.code == CURLE_OK;
    if (finished && cut_off()) return failure({TransferEnd::finished, CURLE_PARTIAL_FILE});
    if (!finished && !response_.cut) return failure(result);
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.url = request_.url;
    describe();
    const Result<void> kept = take_cookies();
    if (!kept) return kept.error();
    return std::move(response_);
}

Error HttpExchange::failure(const TransferResult& result) const {
    const std::string where = origin_->text();
    if (!over_limit_.empty()) {
        return Error(ErrorCode::limit_exceeded, "cannot read the answer of " + where + ": its " +
                                                    over_limit_ + " is too large")
            .with("cause", over_limit_);
    }
    std::string_view cause = cause_of(result.code);
    if (result.end == TransferEnd::deadline || late_) cause = "timeout";
    if (result.end == TransferEnd::canceled) cause = "canceled";
    // A peer that hangs up before the request was written could not be reached.
    if (!maybe_sent_ && (cause == "closed" || cause == "protocol")) cause = "connect";
    const ErrorCode code = maybe_sent_ ? ErrorCode::no_answer : ErrorCode::unreachable;
    const std::string what = maybe_sent_ ? "cannot get an answer from " : "cannot reach ";
    return Error(code, what + where + ": " + std::string(words_for(cause)))
        .with("cause", std::string(cause));
}

Result<void> HttpExchange::take_cookies() {
    // What nobody changed need not be asked for.
    if (!sets_cookies_) return response_.cookies.replace(*origin_, request_.cookies.lines());
    curl_slist* list = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_COOKIELIST, &list);
    const CurlList owned(list);
    std::vector<std::string> lines;
    for (const curl_slist* item = list; item != nullptr; item = item->next) {
        lines.emplace_back(item->data);
    }
    return response_.cookies.replace(*origin_, std::move(lines));
}

void HttpExchange::describe() {
    if (const std::optional<std::string> type = response_.header("content-type")) {
        const std::string all = lower(*type);
        const std::size_t semicolon = all.find(';');
        response_.content_type = std::string(trim(std::string_view(all).substr(0, semicolon)));
        const std::size_t charset = all.find("charset=");
        if (charset != std::string::npos) {
            std::string_view value = std::string_view(all).substr(charset + 8);
            value = trim(value.substr(0, value.find(';')));
            if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
                value = value.substr(1, value.size() - 2);
            }
            response_.charset = std::string(value);
        }
    }
    if (const std::optional<std::string> location = response_.header("location")) {
        const Result<std::string> resolved = resolve_url(request_.url, *location);
        if (resolved) response_.location = *resolved;
    }
}

}  // namespace cabroker::transport
