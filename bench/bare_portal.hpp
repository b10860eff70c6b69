// What a visitor of the simulated guest portal does, page by page: the sequence that the broker's
// adapter goes through, for a client that does nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cabroker::bench {

/// One order to be visited.
struct Job {
    std::string kind;  ///< status, download or reissue
    std::string email;
    std::string order;
    std::string csr;  ///< form-encoded; of a reissue
    std::string code;
    // What the portal said on the way.
    std::string cookie;
    std::string csrf;
};

/// One exchange of a visit.
struct Page {
    std::string_view method;
    std::string_view path;
    /// The id of the page's body; empty: a redirect or a file.
    std::string_view body_id;
    /// The adapter uses a connection of its own for it.
    bool fresh = false;
    /// Again until the order is issued.
    bool until_issued = false;
};

using Visit = std::vector<Page>;

/// Until the code is mailed.
[[nodiscard]] const Visit& sign_in();
/// From the code to the end of the job; throws std::runtime_error on an unknown kind.
[[nodiscard]] const Visit& work_of(std::string_view kind);
/// The body of the page's POST.
[[nodiscard]] std::string form_of(const Page& page, const Job& job);
/// Is this the page that was expected? Takes the form's token from it.
[[nodiscard]] bool take_page(const Page& page, long status, std::string_view body, Job& job);
/// Does an order page show that the reissue is done?
[[nodiscard]] bool shows_issued(std::string_view body);

/// Reads `kind TAB email TAB order TAB csr` lines.
[[nodiscard]] std::vector<Job> read_jobs(const std::string& file);
/// Reads one code per line, in the jobs' order.
void read_codes(const std::string& file, std::vector<Job>& jobs);

}  // namespace cabroker::bench
