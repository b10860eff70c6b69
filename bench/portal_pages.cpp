#include <fstream>
#include <stdexcept>

#include "bench/bare_portal.hpp"

namespace cabroker::bench {
namespace {

constexpr Page get(std::string_view path, std::string_view body_id) {
    Page page;
    page.method = "GET";
    page.path = path;
    page.body_id = body_id;
    return page;
}

constexpr Page post(std::string_view path) {
    Page page;
    page.method = "POST";
    page.path = path;
    page.fresh = true;
    return page;
}

constexpr Page kOrder = get("/guest/order", "page-order");
constexpr Page kFile = get("/guest/order/download?format=pem_all", "");

/// The code, and the order's page twice: where the portal leads to, and as the adapter reads it.
Visit status_visit() {
    return {get("/guest/code", "page-code"), post("/guest/code"), kOrder, kOrder};
}

Visit download_visit() {
    Visit visit = status_visit();
    visit.push_back(kFile);
    return visit;
}

Visit reissue_visit() {
    Visit visit = status_visit();
    visit.push_back(get("/guest/order/reissue", "page-reissue"));
    visit.push_back(post("/guest/order/reissue"));
    visit.push_back(kOrder);
    visit.push_back(kOrder);
    visit.back().until_issued = true;
    visit.push_back(kFile);
    return visit;
}

std::string_view between(std::string_view text, std::string_view before, char after) {
    const auto found = text.find(before);
    if (found == std::string_view::npos) return {};
    const auto begin = found + before.size();
    return text.substr(begin, text.find(after, begin) - begin);
}

std::string cut(std::string& line) {
    const auto tab = line.find('\t');
    std::string first = line.substr(0, tab);
    line.erase(0, tab == std::string::npos ? tab : tab + 1);
    return first;
}

std::ifstream opened(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file);
    return in;
}

}  // namespace

const Visit& sign_in() {
    static const Visit visit = {get("/guest/login", "page-login"), post("/guest/login"),
                                get("/guest/code", "page-code")};
    return visit;
}

const Visit& work_of(std::string_view kind) {
    static const Visit status = status_visit();
    static const Visit download = download_visit();
    static const Visit reissue = reissue_visit();
    if (kind == "status") return status;
    if (kind == "download") return download;
    if (kind == "reissue") return reissue;
    throw std::runtime_error("unknown kind " + std::string(kind));
}

std::string form_of(const Page& page, const Job& job) {
    std::string form = "csrf_token=" + job.csrf;
    if (page.path == "/guest/login")
        return form + "&email=" + job.email + "&order_identifier=" + job.order +
               "&continue=Continue";
    if (page.path == "/guest/code") return form + "&auth_code=" + job.code + "&sign_in=Sign+in";
    return form + "&order_id=" + job.order + "&csr=" + job.csr +
           "&validation_method=dns-txt-token&reason=bench";
}

bool take_page(const Page& page, long status, std::string_view body, Job& job) {
    if (page.method == "POST") return status == 303;
    if (status != 200) return false;
    if (page.body_id.empty()) return body.find("-----BEGIN CERTIFICATE-----") != body.npos;
    if (between(body, "<body id=\"", '"') != page.body_id) return false;
    job.csrf = between(body, "name=\"csrf_token\" value=\"", '"');
    return !job.csrf.empty();
}

bool shows_issued(std::string_view body) {
    return between(body, "id=\"order-status\">", '<') == "issued";
}

std::vector<Job> read_jobs(const std::string& file) {
    std::vector<Job> jobs;
    std::ifstream in = opened(file);
    for (std::string line; std::getline(in, line);) {
        Job job;
        job.kind = cut(line);
        job.email = cut(line);
        job.order = cut(line);
        job.csr = cut(line);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

void read_codes(const std::string& file, std::vector<Job>& jobs) {
    std::ifstream in = opened(file);
    for (Job& job : jobs) {
        if (!std::getline(in, job.code)) throw std::runtime_error("too few codes in " + file);
    }
}

}  // namespace cabroker::bench
