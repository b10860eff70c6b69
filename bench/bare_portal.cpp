// bench-bare-portal: visits the simulated guest portal with libcurl alone, as many visits at once
// as the adapter may have, on easy handles that are kept. The limit that the broker's portal work
// is held against. First all sign in; when a line on stdin names the file of codes, all go on.
#include "bench/bare_portal.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>

namespace cabroker::bench {
namespace {

struct Options {
    std::string base;
    std::string ca_file;
    std::string jobs;
    std::size_t at_once = 16;
    /// Never a connection of its own for a POST.
    bool keep_all = false;
};

Options read_options(int argc, char** argv) {
    std::map<std::string, std::string> given;
    for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
    Options options;
    options.base = given["--base"];
    options.ca_file = given["--ca-file"];
    options.jobs = given["--jobs"];
    options.at_once = std::strtoul(given["--at-once"].c_str(), nullptr, 10);
    options.keep_all = given["--connections"] == "kept";
    if (options.base.empty() || options.jobs.empty() || options.at_once == 0)
        throw std::runtime_error("give --base, --ca-file, --jobs and --at-once");
    return options;
}

/// One visit at a time, on one easy handle.
class Visitor {
  public:
    Visitor(const Options& options, CURLM* multi) : options_(options), multi_(multi) {
        easy_ = curl_easy_init();
        if (easy_ == nullptr) throw std::bad_alloc();
        curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
        curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
        curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
        curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
        curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Visitor::on_body);
        curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Visitor::on_header);
        curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    }
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    ~Visitor() {
        curl_multi_remove_handle(multi_, easy_);
        curl_easy_cleanup(easy_);
    }

    void begin(Job& job, const Visit& visit) {
        job_ = &job;
        visit_ = &visit;
        at_ = 0;
        ask();
    }

    /// The exchange has ended. False: the visit too.
    [[nodiscard]] bool go_on(CURLcode code) {
        curl_multi_remove_handle(multi_, easy_);
        const Page& page = (*visit_)[at_];
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK || !take_page(page, status, body_, *job_)) {
            throw std::runtime_error(std::string(page.method) + " " + std::string(page.path) +
                                     " of order " + job_->order + ": " + curl_easy_strerror(code) +
                                     ", status " + std::to_string(status));
        }
        if (!page.until_issued || shows_issued(body_)) ++at_;
        if (at_ == visit_->size()) return false;
        ask();
        return true;
    }

  private:
    void ask() {
        const Page& page = (*visit_)[at_];
        body_.clear();
        const std::string url = options_.base + std::string(page.path);
        curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
        const bool alone = page.fresh && !options_.keep_all;
        curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
        curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, alone ? 1L : 0L);
        const std::string cookie = "guest_session=" + job_->cookie;
        curl_easy_setopt(easy_, CURLOPT_COOKIE, job_->cookie.empty() ? nullptr : cookie.c_str());
        if (page.method == "POST") {
            curl_easy_setopt(easy_, CURLOPT_COPYPOSTFIELDS, form_of(page, *job_).c_str());
        } else {
            curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
        }
        if (curl_multi_add_handle(multi_, easy_) != CURLM_OK)
            throw std::runtime_error("curl_multi_add_handle");
    }

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
        static_cast<Visitor*>(self)->body_.append(data, size * count);
        return size * count;
    }

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
        constexpr std::string_view kCookie = "Set-Cookie: guest_session=";
        const std::string_view line(data, size * count);
        if (line.starts_with(kCookie)) {
            const auto end = line.find(';');
            static_cast<Visitor*>(self)->job_->cookie =
                line.substr(kCookie.size(), end - kCookie.size());
        }
        return line.size();
    }

    const Options& options_;
    CURLM* multi_;
    CURL* easy_ = nullptr;
    std::string body_;
    Job* job_ = nullptr;
    const Visit* visit_ = nullptr;
    std::size_t at_ = 0;
};

class Crowd {
  public:
    explicit Crowd(const Options& options) : multi_(curl_multi_init()) {
        if (multi_ == nullptr) throw std::bad_alloc();
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 2 * static_cast<long>(options.at_once));
        for (std::size_t i = 0; i < options.at_once; ++i)
            visitors_.push_back(std::make_unique<Visitor>(options, multi_));
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd() {
        visitors_.clear();
        curl_multi_cleanup(multi_);
    }

    /// Seconds for all jobs. `visit_of` tells what is done for one.
    double run(std::vector<Job>& jobs, const Visit& (*visit_of)(const Job&)) {
        using Clock = std::chrono::steady_clock;
        const auto begin = Clock::now();
        std::size_t next = 0;
        std::size_t under_way = 0;
        const auto start = [&](Visitor& visitor) {
            visitor.begin(jobs[next], visit_of(jobs[next]));
            ++next;
            ++under_way;
        };
        for (const auto& visitor : visitors_) {
            if (next < jobs.size()) start(*visitor);
        }
        while (under_way > 0) {
            int running = 0;
            curl_multi_perform(multi_, &running);
            int left = 0;
            bool any = false;
            while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
                if (message->msg != CURLMSG_DONE) continue;
                any = true;
                const CURLcode code = message->data.result;
                Visitor* visitor = nullptr;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &visitor);
                if (visitor->go_on(code)) continue;
                --under_way;
                if (next < jobs.size()) start(*visitor);
            }
            if (!any) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

  private:
    CURLM* multi_;
    std::vector<std::unique_ptr<Visitor>> visitors_;
};

void tell(double seconds) {
    std::printf("{\"seconds\": %.6f}\n", seconds);
    std::fflush(stdout);
}

int run(const Options& options) {
    std::vector<Job> jobs = read_jobs(options.jobs);
    Crowd crowd(options);
    tell(crowd.run(jobs, [](const Job&) -> const Visit& { return sign_in(); }));
    std::string codes;
    if (!std::getline(std::cin, codes)) throw std::runtime_error("no file of codes was named");
    read_codes(codes, jobs);
    tell(crowd.run(jobs, [](const Job& job) -> const Visit& { return work_of(job.kind); }));
    return 0;
}

}  // namespace
}  // namespace cabroker::bench

int main(int argc, char** argv) {
    try {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        return cabroker::bench::run(cabroker::bench::read_options(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "bench-bare-portal: " << error.what() << '\n';
        return 1;
    }
}
