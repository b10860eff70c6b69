#include "adapters/host/configured_adapters.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "adapters/host/mailboxes.hpp"
#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/json_text.hpp"
#include "runtime/sleep.hpp"

namespace cabroker::adapters::host {

namespace asio = boost::asio;
namespace bj = boost::json;

namespace {

/// How long `configured` waits for programs that have to say what they can do.
constexpr auto kTimeToStart = std::chrono::milliseconds(3'000);
constexpr auto kLookAgain = std::chrono::milliseconds(10);

template <class Visit>
void each_member(const bj::object& object, std::string_view key, Visit visit) {
    const bj::value* value = object.if_contains(bj::string_view(key.data(), key.size()));
    if (value == nullptr || !value->is_object()) return;
    for (const auto& member : value->get_object()) visit(std::string(member.key()), member.value());
}

void take_secrets(const bj::object& settings, Generation& next) {
    each_member(settings, "secrets", [&](const std::string& name, const bj::value& value) {
        const bj::object* held = value.if_object();
        const bj::value* secret = held == nullptr ? nullptr : held->if_contains("secret");
        if (secret == nullptr || !secret->is_string()) return;
        next.secrets.emplace(name, domain::Secret(std::string_view(secret->get_string().data(),
                                                                   secret->get_string().size())));
    });
}

void take_mailers(const bj::object& settings, Generation& next) {
    each_member(settings, "mailers", [&](const std::string& name, const bj::value& value) {
        json::Problems found;
        config::MailerSettings mailer = config::decode_mailer(name, value, "", found);
        if (found.empty()) {
            next.mailers.emplace(name, std::move(mailer));
        } else {
            next.problems["mailer " + name] = found.front().pointer + " " + found.front().detail;
        }
    });
}

}  // namespace

ConfiguredAdapters::ConfiguredAdapters(AdapterMaker make_adapter, const runtime::Clock& clock,
                                       asio::any_io_executor loop, Trace trace)
    : make_adapter_(std::move(make_adapter)),
      clock_(clock),
      loop_(std::move(loop)),
      trace_(std::move(trace)),
      http_(loop_),
      smtp_(loop_) {}

std::vector<mailbox::CodeRule> ConfiguredAdapters::configure(const bj::object& settings) {
    auto next = std::make_shared<Generation>();
    take_secrets(settings, *next);
    take_mailers(settings, *next);
    next->services.emplace(Services{http_, smtp_, clock_, next->mailers, next->secrets});
    const bj::value* trace = settings.if_contains("trace");
    if (trace != nullptr && trace->is_bool() && trace->get_bool()) next->services->trace = trace_;
    std::vector<mailbox::CodeRule> rules;
    each_member(settings, "adapters", [&](const std::string& name, const bj::value& value) {
        if (auto rule = code_rule_of(name, value)) rules.push_back(std::move(*rule));
        auto made = make_adapter_(name, bj::serialize(value), *next->services);
        if (!made) {
            next->problems[name] = made.error().detail;
            return;
        }
        next->adapters.emplace(name, std::move(*made));
    });
    current_ = std::move(next);
    return rules;
}

asio::awaitable<void> ConfiguredAdapters::start() {
    const std::shared_ptr<Generation> mine = current_;
    for (auto& [name, adapter] : mine->adapters) {
        auto changed = [told_is_old = told_is_old_] { *told_is_old = true; };
        adapter->start(loop_, std::move(changed));
    }
    const auto until = std::chrono::steady_clock::now() + kTimeToStart;
    for (auto& [name, adapter] : mine->adapters) {
        while (!adapter->trouble().empty() && std::chrono::steady_clock::now() < until) {
            co_await runtime::sleep_for(kLookAgain);
        }
    }
}

void ConfiguredAdapters::tell(bj::object& body) {
    bj::object capabilities;
    bj::object problems;
    bj::array down;
    for (const auto& [name, why] : current_->problems) problems[name] = why;
    for (const auto& [name, adapter] : current_->adapters) {
        const std::string trouble = adapter->trouble();
        const protocol::Capabilities can = adapter->capabilities();
        if (trouble.empty() || !can.kinds.empty()) capabilities[name] = protocol::to_json(can);
        if (trouble.empty()) continue;
        problems[name] = "adapter " + name + ": " + trouble;
        down.emplace_back(name);
    }
    body["capabilities"] = std::move(capabilities);
    body["problems"] = std::move(problems);
    body["down"] = std::move(down);
    protocol::clean_texts(body);
    *told_is_old_ = false;
}

}  // namespace cabroker::adapters::host
