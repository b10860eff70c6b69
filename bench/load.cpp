// bench-load: sends prepared HTTP requests over a Unix socket from N connections at once, one at a
// time on each, on one thread, and prints what came of it as JSON.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/client.hpp"

namespace cabroker::bench {
namespace {

struct Options {
    std::string socket;
    std::string requests;   ///< file: each request as "LENGTH\n" and its octets
    std::string locations;  ///< file for the Location of each answer; may be empty
    std::size_t clients = 1;
    std::size_t first = 0;  ///< the first request of the file to send
    std::size_t count = 0;  ///< how many to send; 0: for `seconds`, over and over
    double seconds = 0;
    int expect = 200;
};

Options read_options(int argc, char** argv) {
    std::map<std::string, std::string> given;
    for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
    const auto number = [&](const char* name) {
        return std::strtoul(given[name].c_str(), nullptr, 10);
    };
    Options options;
    options.socket = given["--socket"];
    options.requests = given["--requests"];
    options.locations = given["--locations"];
    options.clients = std::max(1UL, number("--clients"));
    options.first = number("--first");
    options.count = number("--count");
    options.seconds = std::strtod(given["--seconds"].c_str(), nullptr);
    options.expect = static_cast<int>(number("--expect"));
    return options;
}

class Requests {
  public:
    explicit Requests(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        octets_.assign(std::istreambuf_iterator<char>(in), {});
        std::size_t at = 0;
        while (at < octets_.size()) {
            const auto line_end = octets_.find('\n', at);
            const std::size_t size = std::stoul(octets_.substr(at, line_end - at));
            list_.push_back(std::string_view(octets_).substr(line_end + 1, size));
            at = line_end + 1 + size;
        }
        if (list_.empty()) throw std::runtime_error("no requests in " + file);
    }
    [[nodiscard]] std::string_view at(std::size_t index) const {
        return list_[index % list_.size()];
    }
    [[nodiscard]] std::size_t size() const { return list_.size(); }

  private:
    std::string octets_;
    std::vector<std::string_view> list_;
};

class Load {
  public:
    Load(const Options& options, const Requests& requests)
        : options_(options), requests_(requests) {
        if (options.count > 0 && options.first + options.count > requests.size())
            throw std::runtime_error("the file has too few requests");
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        for (std::size_t i = 0; i < options.clients; ++i) {
            auto& client = clients_.emplace_back(std::make_unique<Client>(options.socket));
            epoll_event wanted{};
            wanted.events = EPOLLIN;
            wanted.data.ptr = client.get();
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client->descriptor(), &wanted);
        }
        latencies_.reserve(options.count);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { ::close(epoll_); }

    void run();
    void print() const;
    [[nodiscard]] const std::string& locations() const { return locations_; }

  private:
    using Clock = Client::Clock;

    void send_next(Client& client);
    void take(Client& client, const Answer& answer, Clock::time_point now);
    [[nodiscard]] long percentile(double part) const;

    const Options& options_;
    const Requests& requests_;
    int epoll_ = -1;
    std::vector<std::unique_ptr<Client>> clients_;
    std::size_t sent_ = 0;
    std::size_t busy_ = 0;
    std::size_t bad_ = 0;
    Clock::time_point begin_;
    Clock::time_point until_ = Clock::time_point::max();
    Clock::time_point end_;
    std::vector<long> latencies_;
    std::string locations_;
    std::string first_bad_;
};

void Load::send_next(Client& client) {
    if (options_.count > 0 && sent_ == options_.count) return;
    client.send(requests_.at(options_.first + sent_));
    ++sent_;
    ++busy_;
}

void Load::take(Client& client, const Answer& answer, Clock::time_point now) {
    --busy_;
    latencies_.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(now - client.sent_at()).count());
    if (answer.status != options_.expect) {
        if (bad_++ == 0)
            first_bad_ = std::to_string(answer.status) + " " + std::string(answer.body);
    }
    if (!options_.locations.empty()) {
        locations_ += field_of(answer.head, "Location");
        locations_ += '\n';
    }
    if (now < until_) send_next(client);
}

void Load::run() {
    begin_ = Clock::now();
    if (options_.count == 0) {
        const std::chrono::duration<double> length(options_.seconds);
        until_ = begin_ + std::chrono::duration_cast<Clock::duration>(length);
    }
    for (auto& client : clients_) send_next(*client);
    std::array<epoll_event, 256> events{};
    while (busy_ > 0) {
        const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 30'000);
        if (ready == 0) throw std::runtime_error("no answer within 30 s");
        const Clock::time_point now = Clock::now();
        for (int i = 0; i < ready; ++i) {
            Client& client = *static_cast<Client*>(events.at(static_cast<std::size_t>(i)).data.ptr);
            Answer answer;
            if (client.receive(answer)) take(client, answer, now);
        }
    }
    end_ = Clock::now();
    std::sort(latencies_.begin(), latencies_.end());
}

long Load::percentile(double part) const {
    const double index = part * static_cast<double>(latencies_.size() - 1);
    return latencies_[static_cast<std::size_t>(index)];
}

void Load::print() const {
    const double seconds = std::chrono::duration<double>(end_ - begin_).count();
    const auto count = static_cast<double>(latencies_.size());
    std::printf("{\"requests\": %zu, \"seconds\": %.4f, \"per_second\": %.1f, ", latencies_.size(),
                seconds, count / seconds);
    std::printf("\"p50_us\": %ld, \"p99_us\": %ld, \"unexpected\": %zu}\n", percentile(0.5),
                percentile(0.99), bad_);
    if (bad_ > 0) std::cerr << "bench-load: first unexpected answer: " << first_bad_ << '\n';
}

}  // namespace
}  // namespace cabroker::bench

int main(int argc, char** argv) {
    using namespace cabroker::bench;
    try {
        const Options options = read_options(argc, argv);
        const Requests requests(options.requests);
        Load load(options, requests);
        load.run();
        load.print();
        if (!options.locations.empty()) std::ofstream(options.locations) << load.locations();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench-load: " << error.what() << '\n';
        return 1;
    }
}
