// An HttpClient that answers from a script: pages by method and path, each request kept. For
// hostile portals that no honest server plays.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "transport/http_client.hpp"
#include "transport/origin.hpp"

namespace cabroker::adapters::portal {

class FakeHttp final : public transport::HttpClient {
  public:
    using Answer = domain::Result<transport::HttpResponse>;

    /// The next answer to `GET /path`; the last one of a place is repeated.
    void on(const std::string& place, Answer answer) {
        answers_[place].push_back(std::move(answer));
    }
    void html(const std::string& place, const std::string& body, int status = 200) {
        on(place, page(status, body, "text/html; charset=utf-8"));
    }
    void redirect(const std::string& place, const std::string& location, int status = 303) {
        transport::HttpResponse response = page(status, "", "text/html");
        response.headers.emplace_back("location", location);
        on(place, std::move(response));
    }

    static transport::HttpResponse page(int status, std::string body, const std::string& type) {
        transport::HttpResponse response;
        response.status = status;
        response.body = std::move(body);
        response.content_type = type.substr(0, type.find(';'));
        response.headers.emplace_back("content-type", type);
        return response;
    }
    static domain::Error failure(domain::ErrorCode code) {
        return domain::Error(code, "the connection failed");
    }

    [[nodiscard]] boost::asio::awaitable<Answer> perform(transport::HttpRequest request) override {
        co_return answer_to(std::move(request));
    }

    std::vector<transport::HttpRequest> seen;

    [[nodiscard]] std::size_t count(const std::string& place) const {
        std::size_t hits = 0;
        for (const auto& request : seen) hits += place_of(request) == place ? 1U : 0U;
        return hits;
    }

  private:
    static std::string place_of(const transport::HttpRequest& request) {
        const std::size_t path = request.url.find('/', std::string("https://").size());
        return request.method + " " + (path == std::string::npos ? "/" : request.url.substr(path));
    }
    Answer answer_to(transport::HttpRequest request) {
        seen.push_back(request);
        auto& answers = answers_[place_of(request)];
        if (answers.empty()) return page(404, "", "text/html");
        Answer answer = answers.front();
        if (answers.size() > 1) answers.pop_front();
        if (!answer) return answer;
        answer->url = request.url;
        if (answer->cookies.empty()) answer->cookies = request.cookies;
        if (const auto location = answer->header("location")) {
            const auto resolved = transport::resolve_url(request.url, *location);
            if (resolved) answer->location = *resolved;
        }
        return answer;
    }

    std::map<std::string, std::deque<Answer>> answers_;
};

}  // namespace cabroker::adapters::portal
