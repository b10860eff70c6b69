#include <strings.h>

#include <boost/json.hpp>

#include "daemon/api/body.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "pki/csr.hpp"

namespace cabroker::api {
namespace {

namespace bj = boost::json;
using domain::ErrorCode;

constexpr std::size_t kMaxValue = 1024;
constexpr std::size_t kMaxMail = 1024UL * 1024;

/// What was given, or why it cannot be.
struct Given {
    std::string name;
    domain::Secret value;
};

// `{"username", "password"}`, kept as its own JSON text.
domain::Secret read_credentials(const bj::value& member, json::Problems& problems) {
    json::ObjectReader reader(member, "/value", problems);
    for (const char* key : {"username", "password"}) {
        if (member.is_object()) reader.require(key);
        const std::optional<std::string> text = reader.line(key, kMaxValue);
        if (text && text->empty()) reader.complain(key, "required", "must not be empty");
    }
    reader.finish();
    return domain::Secret(bj::serialize(member));
}

domain::Secret read_string(const std::string& name, const bj::value& member,
                           json::Problems& problems) {
    const bj::string* text = member.if_string();
    if (text == nullptr) {
        problems.emplace_back("/value", "wrong_type", "must be a string");
        return domain::Secret();
    }
    const std::string_view octets(text->data(), text->size());
    const std::size_t largest = name == "authorization_mail" ? kMaxMail
                                : name == "csr"              ? pki::kMaxCsrBytes
                                                             : kMaxValue;
    if (octets.empty()) problems.emplace_back("/value", "required", "must not be empty");
    if (octets.size() > largest)
        problems.emplace_back("/value", "out_of_range",
                              "must be at most " + std::to_string(largest) + " octets");
    if (pki::holds_private_key(octets))
        problems.emplace_back("/value", "private_key_pasted",
                              "holds a private key: nothing was stored, but make a new one");
    return domain::Secret(octets);
}

Given read_input(const bj::value& document, json::Problems& problems) {
    Given given;
    json::ObjectReader reader(document, "", problems);
    reader.require("name");
    reader.require("value");
    const std::optional<std::string> name = reader.line("name", 64);
    if (name && name->empty()) reader.complain("name", "required", "must not be empty");
    given.name = name.value_or("");
    const bj::value* member = reader.member("value");
    reader.finish();
    if (member == nullptr) return given;
    given.value = given.name == "account_credentials" ? read_credentials(*member, problems)
                                                      : read_string(given.name, *member, problems);
    return given;
}

}  // namespace

/// POST /v1/requests/{id}/inputs {name, value}: gives the broker what `needs` asks for. 204 once it
/// is sealed on disk; 404, 409 input_not_needed, 422. The value is wiped here whatever happens.
Answer post_input(Api& api, CallPtr call) {
    const std::optional<domain::RequestId> id = domain::RequestId::parse(call->id);
    Result<bj::value> document = parse_body(*call);
    if (!document) {
        domain::wipe(call->body);
        co_return problem(document.error());
    }
    json::Problems problems;
    Given given = read_input(*document, problems);
    wipe(*document, call->body);
    if (!problems.empty()) co_return problem(invalid_body(std::move(problems)));
    if (!id) co_return problem(ErrorCode::not_found, "cannot find request " + call->id);

    const auto answer = [](const domain::Request&) { return no_content(); };
    engine::Also also = also_remember(api, *call, answer);
    const Result<domain::Request> done = co_await api.services.requests.give_input(
        *id, std::move(given.name), std::move(given.value), call->caller.person, std::move(also));
    if (!done) co_return problem(done.error());
    Response response = no_content();
    response.remembered = true;
    co_return response;
}

}  // namespace cabroker::api
