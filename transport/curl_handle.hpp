// libcurl's handles as RAII types and its failures as causes. Internal to this folder.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "domain/error.hpp"

namespace cabroker::transport {

struct CurlEasyCleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyCleanup>;

struct CurlListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListFree>;

/// Initialises libcurl once for the process.
void ensure_curl();

/// Appends; false when there is no memory.
[[nodiscard]] bool append(CurlList& list, const std::string& text);

/// What every transfer of the house has in common: no signals, TLS 1.2 at least, certificate and
/// host verified against `ca_file` alone (empty: the system's roots), no environment, no netrc.
void set_common(CURL* easy, const std::string& ca_file, const std::string& proxy);

/// One of the causes of the public contracts: dns, connect, tls, certificate, proxy, login,
/// timeout, closed, protocol.
[[nodiscard]] std::string_view cause_of(CURLcode code);

/// A sentence end for a cause, such as "the name is not known".
[[nodiscard]] std::string_view words_for(std::string_view cause);

}  // namespace cabroker::transport
