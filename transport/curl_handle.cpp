#include "transport/curl_handle.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace cabroker::transport {

void ensure_curl() {
    static const CURLcode ready = [] {
        // A peer that hangs up must not end the process; libcurl leaves SIGPIPE alone with
        // NOSIGNAL.
        struct sigaction present {};
        if (::sigaction(SIGPIPE, nullptr, &present) == 0 && present.sa_handler == SIG_DFL) {
            ::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
        }
        return curl_global_init(CURL_GLOBAL_DEFAULT);
    }();
    static_cast<void>(ready);
}

bool append(CurlList& list, const std::string& text) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) return false;
    static_cast<void>(list.release());
    list.reset(longer);
    return true;
}

void set_common(CURL* easy, const std::string& ca_file, const std::string& proxy) {
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
        // Debian's libcurl would trust /etc/ssl/certs beside the file.
        curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy.c_str());
    if (proxy.empty()) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // Removing a handle whose name is still being looked up must not wait for the resolver.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

std::string_view cause_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return "dns";
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_PROXY:
            return "proxy";
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
            return "connect";
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return "certificate";
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_USE_SSL_FAILED:
            return "tls";
        case CURLE_LOGIN_DENIED:
        case CURLE_AUTH_ERROR:
            return "login";
        case CURLE_OPERATION_TIMEDOUT:
            return "timeout";
        case CURLE_ABORTED_BY_CALLBACK:
            return "canceled";
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            return "closed";
        default:
            return "protocol";
    }
}

std::string_view words_for(std::string_view cause) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWords{{
        {"dns", "its name cannot be resolved"},
        {"proxy", "the proxy does not let us through"},
        {"connect", "it takes no connection"},
        {"certificate", "its certificate is not trusted"},
        {"tls", "no TLS connection comes about"},
        {"login", "it does not accept our user and password"},
        {"timeout", "the time is over"},
        {"canceled", "the exchange was stopped"},
        {"closed", "it closed the connection"},
        {"protocol", "it does not keep to the protocol"},
    }};
    const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                     [&](const auto& entry) { return entry.first == cause; });
    return found == kWords.end() ? "it failed" : found->second;
}

}  // namespace cabroker::transport
