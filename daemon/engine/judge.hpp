// Checks what an adapter claims as done before the core believes it: the certificate's key, names,
// chain and dates, and the words the upstream showed. Runs on the pool: no state, no I/O but the
// trust roots' first load.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/transition.hpp"
#include "daemon/link/outside.hpp"
#include "domain/request.hpp"
#include "pki/chain.hpp"
#include "pki/formats.hpp"

namespace cabroker::engine {

struct JudgeTask {
    domain::Params params;
    std::optional<std::string> common_name;
    /// What the adapter says.
    std::string done_code;
    std::optional<std::string> account;
    std::optional<std::string> revoked_serial;
    std::optional<adapters::protocol::StatusReading> status;
    std::vector<std::string> certificates;
    domain::Time now{};
};

struct JudgedFile {
    domain::Format format = domain::Format::pem_all;
    pki::FormattedFile file;
};

struct Judged {
    Judgement judgement;
    /// With a certificate that was believed.
    std::optional<domain::CertificateFacts> facts;
    std::string spki_sha256;
    /// Worth telling although it was believed; may be empty.
    std::string remark;
    /// Leaf..root.
    std::vector<std::string> chain;
    std::vector<JudgedFile> files;
};

/// Any thread.
[[nodiscard]] Judged judge(const JudgeTask& task, const pki::TrustRoots& roots);

}  // namespace cabroker::engine
