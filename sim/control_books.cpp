// The control API's books: what was really done, and who may sign in.
#include <set>

#include "json/parse.hpp"
#include "json/reader.hpp"
#include "sim/control.hpp"
#include "sim/control_json.hpp"

namespace cabroker::sim {
namespace {

namespace js = boost::json;

js::object total_of(const World& world) {
    Books sum;
    for (const auto& order : world.orders()) {
        sum.reissues += order->books.reissues;
        sum.reissues_issued += order->books.reissues_issued;
        sum.revokes += order->books.revokes;
        sum.certificate_revokes += order->books.certificate_revokes;
        sum.cancels += order->books.cancels;
        sum.logins += order->books.logins;
        sum.codes_mailed += order->books.codes_mailed;
    }
    js::object total;
    total["reissues"] = sum.reissues;
    total["reissues_issued"] = sum.reissues_issued;
    total["revokes"] = sum.revokes;
    total["certificate_revokes"] = sum.certificate_revokes;
    total["cancels"] = sum.cancels;
    total["logins"] = sum.logins;
    total["codes_mailed"] = sum.codes_mailed;
    return total;
}

struct Recipient {
    MailCount mails;
    std::uint64_t sign_ins = 0;
};

js::object recipients_of(const World& world, const SignIns& guests, const SignIns* others) {
    std::map<std::string, Recipient> all;
    for (const auto& [address, count] : world.post().counts()) all[address].mails = count;
    for (const SignIns* sign_ins : {&guests, others}) {
        if (sign_ins == nullptr) continue;
        for (const auto& [address, count] : sign_ins->by_contact()) all[address].sign_ins += count;
    }
    js::object out;
    for (const auto& [address, recipient] : all) {
        js::object item;
        item["codes"] = recipient.mails.codes;
        item["notices"] = recipient.mails.notices;
        item["sign_ins"] = recipient.sign_ins;
        out[ascii(address)] = std::move(item);
    }
    return out;
}

}  // namespace

HttpReply Control::books(const HttpRequest& request) const {
    const std::string& wanted = field(request.query, "order");
    js::object orders;
    for (const auto& order : world_.orders()) {
        const std::string& id = order->facts.supplier_order_id;
        if (wanted.empty() || wanted == id) orders[id] = books_of(*order);
    }
    std::set<std::string> ids;
    for (const DeskMail& mail : desk_.mails()) ids.insert(mail.message_id);
    js::object desk;
    desk["mails"] = desk_.mails().size();
    desk["distinct_message_ids"] = ids.size();
    js::object logins;
    for (const auto& login : accounts_.all()) logins[login->name] = json_of(*login);
    js::object out;
    out["orders"] = std::move(orders);
    out["total"] = total_of(world_);
    out["desk"] = std::move(desk);
    out["recipients"] = recipients_of(world_, sign_ins_, other_sign_ins_);
    out["accounts"] = std::move(logins);
    out["sessions"] = sign_ins_.size();
    out["mails_sent"] = world_.post().mails().size();
    out["relay_failures"] = world_.post().relay_failures();
    js::object calls;
    for (const auto& [place, count] : faults_.calls()) calls[place] = count;
    out["calls"] = std::move(calls);
    return json_reply(200, out);
}

HttpReply Control::effects(const HttpRequest& request) const {
    const auto fits = [&](const char* name, const std::string& value) {
        const std::string& wanted = field(request.query, name);
        return wanted.empty() || wanted == value;
    };
    js::array items;
    for (const auto& order : world_.orders()) {
        if (!fits("order", order->facts.supplier_order_id)) continue;
        for (const Effect& effect : order->books.effects) {
            if (!fits("kind", effect.kind) || !fits("reason", effect.reason)) continue;
            js::object item = json_of(effect);
            item["order"] = order->facts.supplier_order_id;
            items.push_back(std::move(item));
        }
    }
    js::object out;
    out["items"] = std::move(items);
    return json_reply(200, out);
}

HttpReply Control::accounts(const HttpRequest& request) {
    if (request.method == "POST") {
        const auto body = json::parse(request.body);
        if (!body) return trouble(400, body.error().detail);
        json::Problems problems;
        json::ObjectReader reader(*body, "", problems);
        reader.require("name");
        const std::string name = reader.line("name").value_or("");
        Login login;
        if (const Login* known = accounts_.find(name)) login = *known;
        login.name = name;
        login.account = reader.line("account").value_or(login.account);
        login.password = reader.line("password").value_or(login.password);
        login.api_key = reader.line("api_key").value_or(login.api_key);
        login.role = reader.word("role", role_of, "admin, orders, view").value_or(login.role);
        reader.finish();
        if (!problems.empty()) return trouble(problems);
        accounts_.put(std::move(login));
    }
    js::array items;
    for (const auto& login : accounts_.all()) items.push_back(json_of(*login));
    js::object out;
    out["items"] = std::move(items);
    return json_reply(200, out);
}

}  // namespace cabroker::sim
