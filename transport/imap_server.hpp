// Where a mailbox is and how to sign in there: plain values. What is done with them: imap_session.
#pragma once

#include <chrono>
#include <string>

#include "domain/secret.hpp"

namespace cabroker::transport {

/// Move-only because of the password.
struct ImapServer {
    /// `imaps://HOST[:PORT]/FOLDER`, or `imap://` with STARTTLS, without which nothing is said.
    std::string url;
    /// PEM file with the roots to trust, instead of the system's. Empty: the system's.
    std::string ca_file;
    std::string user;
    domain::Secret password;
    std::chrono::milliseconds connect_timeout{20'000};
    /// For each command.
    std::chrono::milliseconds reply_timeout{30'000};

    ImapServer() = default;
};

}  // namespace cabroker::transport
