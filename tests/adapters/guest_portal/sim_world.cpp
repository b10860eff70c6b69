#include "tests/adapters/guest_portal/sim_world.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/pki/command.hpp"

namespace cabroker::adapters {

namespace {

std::string first_line(int from) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string line;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd waited{from, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("cabroker-sim is not ready");
        }
        char c = 0;
        if (::read(from, &c, 1) != 1) throw std::runtime_error("cabroker-sim ended");
        if (c == '\n') return line;
        line += c;
    }
}

}  // namespace

SimWorld::SimWorld(const std::vector<std::string>& options) {
    std::string pattern = std::filesystem::temp_directory_path() / "cabroker-world-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    std::vector<std::string> words{CABROKER_SIM, "--state", folder_, "--exit-with-parent"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::close(pipe[0]);
        ::close(pipe[1]);
        ::execv(CABROKER_SIM, arguments.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    ready_ = boost::json::parse(first_line(pipe[0]));
    ::close(pipe[0]);
}

SimWorld::~SimWorld() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string SimWorld::said(const std::string& name) const {
    return std::string(ready_.at(name).as_string());
}

boost::json::value SimWorld::control(const std::string& method, const std::string& path,
                                     const std::string& body) const {
    const std::string file = folder_ + "/body.json";
    std::ofstream(file, std::ios::binary) << body;
    std::string command = "curl --silent --show-error --fail-with-body --unix-socket " +
                          said("control") + " -X " + method;
    if (!body.empty()) command += " -H 'Content-Type: application/json' --data-binary @" + file;
    const auto result = test_pki::run(command + " 'http://sim" + path + "'");
    if (result.status != 0) throw std::runtime_error(method + " " + path + ": " + result.output);
    return boost::json::parse(result.output);
}

std::string SimWorld::code_for(const std::string& address, const std::string& order) const {
    const auto mails = control("GET", "/mailbox?to=" + address + "&order=" + order);
    return std::string(mails.at("code").as_string());
}

void SimWorld::fault(const std::string& where, const std::string& what, const std::string& more) {
    control("POST", "/faults",
            R"({"where":")" + where + R"(","what":")" + what + "\"" + more + "}");
}

void SimWorld::clear_faults() { control("DELETE", "/faults"); }

void SimWorld::advance_clock(const std::string& by) {
    control("POST", "/clock", R"({"advance":")" + by + "\"}");
}

std::int64_t SimWorld::count(const std::string& order, const std::string& what) const {
    return control("GET", "/books").at("orders").at(order).at(what).to_number<std::int64_t>();
}

std::int64_t SimWorld::calls(const std::string& place) const {
    return control("GET", "/books").at("calls").at(place).to_number<std::int64_t>();
}

void SimWorld::add_order(const std::string& id, const std::string& common_name,
                         const std::string& status, const std::string& more) {
    control("POST", "/orders",
            R"({"supplier_order_id":")" + id + R"(","common_name":")" + common_name +
                R"(","status":")" + status + R"(","admin_email":"admin@example.net")" + more + "}");
}

}  // namespace cabroker::adapters
