#include "daemon/link/setup_frames.hpp"

#include <boost/json.hpp>
#include <utility>

#include "json/parse.hpp"

namespace cabroker::link {

namespace bj = boost::json;
namespace protocol = adapters::protocol;

namespace {

bj::object json_map(const std::map<std::string, std::string>& texts) {
    bj::object object;
    for (const auto& [name, text] : texts) {
        auto value = json::parse(text);
        if (value) object[name] = std::move(*value);
    }
    return object;
}

}  // namespace

std::shared_ptr<bj::object> hello_question(const std::string& build) {
    auto body = std::make_shared<bj::object>();
    bj::array versions;
    versions.push_back(protocol::kProtocolVersion);
    (*body)["protocols"] = std::move(versions);
    (*body)["build"] = build;
    return body;
}

bool speaks_our_version(const protocol::Frame& answer) {
    const auto* version = answer.body->get_object().if_contains("protocol");
    return answer.op == "hello" && version != nullptr && version->is_int64() &&
           version->get_int64() == protocol::kProtocolVersion;
}

std::shared_ptr<bj::object> configure_question(const Configuration& configuration, bool trace) {
    auto body = std::make_shared<bj::object>();
    (*body)["adapters"] = json_map(configuration.adapters);
    (*body)["mailers"] = json_map(configuration.mailers);
    bj::object secrets;
    for (const auto& [name, secret] : configuration.secrets) {
        bj::object held;
        held["secret"] = bj::string_view(secret.reveal().data(), secret.reveal().size());
        secrets[name] = std::move(held);
    }
    (*body)["secrets"] = std::move(secrets);
    if (trace) (*body)["trace"] = true;
    return body;
}

}  // namespace cabroker::link
