#include "sim/simulation.hpp"

#include <sys/stat.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "runtime/spawn.hpp"
#include "sim/ca_parts.hpp"
#include "sim/control.hpp"
#include "sim/counter_portal.hpp"
#include "sim/desk_portal.hpp"
#include "sim/guest_portal.hpp"
#include "sim/services_api.hpp"

namespace cabroker::sim {
namespace {

namespace asio = boost::asio;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::uint64_t kControlBody = 8UL * 1024 * 1024;

std::string at_port(const std::string& address, unsigned short port) {
    return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

/// Issues certificates and delivers held mail when their time comes, though nobody looks.
asio::awaitable<void> tick(World& world) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (true) {
        boost::system::error_code error;
        timer.expires_after(kTick);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        world.settle();
    }
}

}  // namespace

struct Simulation::Parts {
    SimClock clock;
    runtime::SystemRandom random;
    Faults faults;
    TlsFiles tls;
    std::optional<CertificateAuthority> ca;
    std::optional<Post> post;
    std::optional<World> world;
    std::optional<SignIns> sign_ins;
    std::optional<Desk> desk;
    Accounts accounts;
    std::optional<GuestPortal> guest_portal;
    std::optional<ServicesApi> services_api;
    std::optional<DeskSessions> desk_sessions;
    std::optional<DeskPortal> desk_portal;
    std::optional<SignIns> counter_sign_ins;
    std::optional<CounterPortal> counter_portal;
    std::optional<Control> control;
};

Simulation::Simulation(SimOptions options)
    : options_(std::move(options)), parts_(std::make_unique<Parts>()) {
    if (options_.control.empty()) options_.control = options_.state_dir + "/control.sock";
}

Simulation::~Simulation() = default;

Result<void> Simulation::make_world(const asio::any_io_executor& executor) {
    Parts& parts = *parts_;
    if (::mkdir(options_.state_dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return Error(ErrorCode::bad_configuration,
                     "cannot make " + options_.state_dir + ": " + std::strerror(errno));
    }
    auto ca = CertificateAuthority::open(options_.state_dir, parts.clock.now(), parts.random);
    if (!ca) return ca.error();
    parts.ca.emplace(std::move(*ca));
    auto tls = open_tls(options_.state_dir, parts.clock.now(), parts.random);
    if (!tls) return tls.error();
    parts.tls = std::move(*tls);
    parts.post.emplace(executor, parts.clock, parts.random, parts.faults, options_.post);
    parts.world.emplace(parts.clock, *parts.ca, *parts.post, parts.random, options_.world);
    parts.sign_ins.emplace(*parts.world, parts.random, options_.sign_in);
    parts.desk.emplace(parts.clock, options_.desk);
    parts.guest_portal.emplace(*parts.world, *parts.sign_ins);
    parts.desk_sessions.emplace(parts.clock, parts.accounts, parts.random,
                                options_.sign_in.session_ttl);
    parts.desk_portal.emplace(*parts.world, *parts.desk_sessions, parts.random);
    parts.counter_sign_ins.emplace(*parts.world, parts.random, options_.sign_in,
                                   counter_code_style());
    parts.counter_portal.emplace(*parts.world, *parts.counter_sign_ins);
    parts.services_api.emplace(*parts.world, parts.accounts, parts.random, options_.api_limit);
    parts.control.emplace(*parts.world, *parts.sign_ins, parts.accounts, *parts.desk, parts.faults);
    parts.control->also_count(*parts.counter_sign_ins);
    return load_orders();
}

Result<void> Simulation::load_orders() {
    std::vector<std::string> files;
    if (options_.orders_file.empty()) {
        files.emplace_back(embedded_file("data/orders.csv"));
        files.emplace_back(embedded_file("data/more-orders.csv"));
    } else {
        files.push_back(read_text(options_.orders_file));
        if (files.front().empty()) {
            return Error(ErrorCode::bad_configuration,
                         "cannot read orders from " + options_.orders_file);
        }
    }
    for (const std::string& file : files) {
        auto orders = parse_orders(file, parts_->clock.now());
        if (!orders) return orders.error();
        for (NewOrder& order : *orders) {
            const auto added = parts_->world->add(std::move(order));
            if (!added) return added.error();
        }
    }
    return {};
}

Result<void> Simulation::open_portals(const asio::any_io_executor& executor,
                                      boost::json::object& ready) {
    Parts& parts = *parts_;
    struct Portal {
        const char* name;
        const std::string& address;
        HttpService& service;
    };
    const Portal portals[] = {
        {"portal", options_.portal, *parts.guest_portal},
        {"desk_portal", options_.desk_portal, *parts.desk_portal},
        {"services_api", options_.services_api, *parts.services_api},
        {"extra_portal", options_.extra_portal, *parts.counter_portal},
    };
    for (const Portal& portal : portals) {
        const auto port = serve_https(executor, portal.address, parts.tls, portal.service,
                                      parts.faults, HttpLimits());
        if (!port) return port.error();
        ready[portal.name] = "https://" + at_port(portal.address, *port);
    }
    return {};
}

Result<std::string> Simulation::start(const asio::any_io_executor& executor) {
    const Result<void> made = make_world(executor);
    if (!made) return made.error();
    Parts& parts = *parts_;
    boost::json::object ready;
    const Result<void> opened = open_portals(executor, ready);
    if (!opened) return opened.error();
    const auto smtp =
        serve_smtp(executor, options_.smtp, parts.tls, *parts.desk, parts.faults, false);
    if (!smtp) return smtp.error();
    ready["smtp"] = at_port(options_.smtp, *smtp);
    ready["smtps"] = nullptr;
    if (!options_.smtps.empty()) {
        const auto smtps =
            serve_smtp(executor, options_.smtps, parts.tls, *parts.desk, parts.faults, true);
        if (!smtps) return smtps.error();
        ready["smtps"] = at_port(options_.smtps, *smtps);
    }
    ready["control"] = options_.control;
    ready["ca_file"] = parts.tls.ca_file;
    ready["issuing_root"] = options_.state_dir + "/issuing-root.pem";
    const std::string line = boost::json::serialize(ready) + "\n";
    parts.control->set_state(line);
    HttpLimits control_limits;
    control_limits.body = kControlBody;
    const auto control =
        serve_unix(executor, options_.control, *parts.control, parts.faults, control_limits);
    if (!control) return control.error();
    runtime::spawn(executor, "tick", tick(*parts.world));
    if (!write_text(options_.state_dir + "/ready.json", line, 0644)) {
        return Error(ErrorCode::bad_configuration,
                     "cannot write ready.json in " + options_.state_dir);
    }
    return line;
}

}  // namespace cabroker::sim
