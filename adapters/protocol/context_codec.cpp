// What a step is told, as JSON.
#include "adapters/protocol/codec.hpp"
#include "adapters/protocol/fields.hpp"
#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;

namespace {

bj::string text_of(std::string_view name) { return bj::string(name.data(), name.size()); }

std::optional<domain::Time> maybe_time(Fields& fields, std::string_view key) {
    return fields.time(key);
}

domain::Order order_from(const bj::value& value, const std::string& where,
                         json::Problems& problems) {
    Fields fields(value, where, problems);
    domain::Order order;
    if (const auto id = domain::OrderId::parse(fields.required("id"))) order.id = *id;
    order.supplier = fields.word("supplier", domain::Supplier::digicert);
    order.brand = fields.word("brand", domain::Brand::digicert);
    order.product = fields.maybe("product");
    order.common_name = fields.maybe("common_name");
    order.dns_names = fields.lines("dns_names");
    order.supplier_order_id = fields.maybe("supplier_order_id");
    order.platform_order_id = fields.maybe("platform_order_id");
    order.status = fields.word("status", domain::OrderStatus::unknown);
    order.status_raw = fields.maybe("status_raw");
    order.status_at = maybe_time(fields, "status_at");
    order.account = fields.maybe("account");
    order.admin_email = fields.maybe("admin_email");
    order.technical_email = fields.maybe("technical_email");
    order.corporate_email = fields.maybe("corporate_email");
    order.login_email = fields.maybe("login_email");
    order.ordered_at = maybe_time(fields, "ordered_at");
    order.issued_at = maybe_time(fields, "issued_at");
    order.expires_at = maybe_time(fields, "expires_at");
    order.labels = fields.map("labels");
    return order;
}

void read_leave(Fields& fields, StepContext& context) {
    const bj::value* value = fields.member("leave");
    if (value == nullptr) return;
    Fields inner(*value, fields.at("leave"), fields.problems());
    Leave leave;
    if (const auto id = domain::EffectId::parse(inner.required("effect"))) leave.effect = *id;
    leave.act_for = inner.milliseconds("act_for_ms").value_or(domain::Duration::zero());
    context.leave = leave;
}

void read_account(Fields& fields, StepContext& context) {
    const bj::value* value = fields.member("account");
    if (value == nullptr) return;
    Fields inner(*value, fields.at("account"), fields.problems());
    Account account;
    account.name = inner.required("name");
    account.user = inner.required("user");
    account.password = inner.secret("password");
    context.account = std::move(account);
}

void read_mail_identity(Fields& fields, StepContext& context) {
    const bj::value* value = fields.member("mail_identity");
    if (value == nullptr) return;
    Fields inner(*value, fields.at("mail_identity"), fields.problems());
    MailIdentity identity;
    if (const auto id = domain::MessageId::parse(inner.required("message"))) identity.message = *id;
    identity.message_id = inner.required("message_id");
    identity.reply_to = inner.required("reply_to");
    context.mail_identity = std::move(identity);
}

StepContext read_context(const bj::value& value, const std::string& where, Blobs& blobs,
                         json::Problems& problems) {
    Fields fields(value, where, problems);
    StepContext context;
    context.adapter = fields.required("adapter");
    if (const auto id = domain::RequestId::parse(fields.required("request"))) context.request = *id;
    if (const bj::value* order = fields.member("order")) {
        context.order = order_from(*order, fields.at("order"), problems);
    } else {
        fields.complain("order", "is missing");
    }
    const domain::Kind kind = fields.word("kind", domain::Kind::status);
    const bj::value none = bj::object();
    const bj::value* params = fields.member("params");
    auto read = json::params_from_json(kind, params == nullptr ? none : *params);
    if (read) {
        context.params = std::move(*read);
    } else {
        fields.complain("params", read.error().detail);
    }
    context.attempt = static_cast<int>(fields.integer("attempt").value_or(1));
    context.cookie = fields.secret("cookie");
    fields.each("inputs", 100, [&](const bj::value& element, const std::string& place) {
        Fields inner(element, place, problems);
        Input input;
        input.name = inner.required("name");
        input.value = inner.secret("value");
        context.inputs.push_back(std::move(input));
    });
    context.inputs_told_before = fields.flag("inputs_told_before", false);
    context.session = session_from(fields);
    read_account(fields, context);
    read_leave(fields, context);
    if (const bj::value* mail = fields.member("mail")) {
        context.mail = mail_from(*mail, fields.at("mail"), blobs, problems);
    }
    read_mail_identity(fields, context);
    context.now = fields.time("now").value_or(domain::Time());
    context.deadline = fields.milliseconds("deadline_ms").value_or(context.deadline);
    return context;
}

}  // namespace

bj::object to_json(const StepContext& context, const std::string& prefix, Blobs& blobs) {
    bj::object object;
    object.reserve(18);
    object["adapter"] = context.adapter;
    object["request"] = context.request.text();
    object["order"] = json::to_json(context.order);
    object["kind"] = text_of(domain::name_of(domain::kind_of(context.params)));
    object["params"] = json::to_json(context.params);
    object["attempt"] = context.attempt;
    object["cookie"] = secret_json(context.cookie);
    bj::array inputs;
    for (const Input& input : context.inputs) {
        bj::object given;
        given["name"] = input.name;
        given["value"] = secret_json(input.value);
        inputs.push_back(std::move(given));
    }
    object["inputs"] = std::move(inputs);
    object["inputs_told_before"] = context.inputs_told_before;
    object["session"] = session_json(context.session);
    if (context.account) {
        bj::object account;
        account["name"] = context.account->name;
        account["user"] = context.account->user;
        account["password"] = secret_json(context.account->password);
        object["account"] = std::move(account);
    }
    if (context.leave) {
        bj::object leave;
        leave["effect"] = context.leave->effect.text();
        leave["act_for_ms"] = context.leave->act_for.count();
        object["leave"] = std::move(leave);
    }
    if (context.mail) object["mail"] = mail_json(*context.mail, prefix, blobs);
    if (context.mail_identity) {
        bj::object identity;
        identity["message"] = context.mail_identity->message.text();
        identity["message_id"] = context.mail_identity->message_id;
        identity["reply_to"] = context.mail_identity->reply_to;
        object["mail_identity"] = std::move(identity);
    }
    object["now"] = json::time_text(context.now);
    object["deadline_ms"] = context.deadline.count();
    return object;
}

bj::object to_json(const ProofContext& context, const std::string& prefix, Blobs& blobs) {
    bj::object object = to_json(context.step, prefix, blobs);
    object["effect"] = effect_json(context.effect);
    return object;
}

domain::Result<StepContext> step_context_from(const bj::value& value, Blobs& blobs) {
    json::Problems problems;
    StepContext context = read_context(value, "", blobs, problems);
    if (auto error = error_of(problems)) return std::move(*error);
    return context;
}

domain::Result<ProofContext> proof_context_from(const bj::value& value, Blobs& blobs) {
    json::Problems problems;
    ProofContext context;
    context.step = read_context(value, "", blobs, problems);
    Fields fields(value, "", problems);
    if (const bj::value* effect = fields.member("effect")) {
        context.effect = effect_from(*effect, "/effect", problems);
    } else {
        fields.complain("effect", "is missing");
    }
    if (auto error = error_of(problems)) return std::move(*error);
    return context;
}

}  // namespace cabroker::adapters::protocol
