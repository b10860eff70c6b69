#include "json/request_text.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "domain/states.hpp"
#include "json/domain_codec.hpp"
#include "json/time_text.hpp"

namespace cabroker::json {
namespace {

namespace bj = boost::json;

/// A member's name as it stands in the text, made by the compiler: ,"name":
class Name {
  public:
    template <std::size_t N>
    consteval Name(const char (&name)[N]) : size_(N + 3) {  // NOLINT(google-explicit-constructor)
        char* out = text_.data();
        *out++ = ',';
        *out++ = '"';
        for (std::size_t i = 0; i + 1 < N; ++i) *out++ = name[i];
        *out++ = '"';
        *out = ':';
    }
    [[nodiscard]] std::string_view with_comma() const { return {text_.data(), size_}; }
    [[nodiscard]] std::string_view first() const { return with_comma().substr(1); }

  private:
    std::array<char, 28> text_{};
    std::size_t size_;
};

/// Which octets stand in a JSON string as they are.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (std::size_t octet = 0x20; octet < plain.size(); ++octet)
        plain[octet] = octet != 0x7F && octet != '"' && octet != '\\';
    return plain;
}();

/// Writes members one after another. What is rare goes through the tree.
class ObjectWriter {
  public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

    void text(const Name& name, std::string_view value) {
        begin(name);
        quote(value);
    }
    void maybe_text(const Name& name, const std::optional<std::string>& value) {
        if (value) return text(name, std::string_view(*value));
        raw(name, "null");
    }
    void time(const Name& name, const std::optional<domain::Time>& value) {
        if (!value) return raw(name, "null");
        begin(name);
        out_ += '"';
        append_time(out_, *value);
        out_ += '"';
    }
    void raw(const Name& name, std::string_view value) {
        begin(name);
        out_ += value;
    }
    void number(const Name& name, std::int64_t value) { raw(name, std::to_string(value)); }
    template <class T>
    void tree(const Name& name, const T& value) {
        raw(name, bj::serialize(to_json(value)));
    }
    template <class T>
    void maybe_tree(const Name& name, const std::optional<T>& value) {
        if (value) return tree(name, *value);
        raw(name, "null");
    }
    void labels(const Name& name, const domain::Labels& labels) {
        begin(name);
        out_ += '{';
        for (bool first = true; const auto& [label, value] : labels) {
            if (!std::exchange(first, false)) out_ += ',';
            quote(label);
            out_ += ':';
            quote(value);
        }
        out_ += '}';
    }
    /// Opens a member that is an object.
    ObjectWriter object(const Name& name) {
        begin(name);
        return ObjectWriter(out_);
    }
    void end() { out_ += '}'; }

  private:
    void begin(const Name& name) {
        out_ += std::exchange(first_, false) ? name.first() : name.with_comma();
    }
    void quote(std::string_view value) { append_quoted(out_, value); }

    std::string& out_;
    bool first_ = true;
};

void write_order(ObjectWriter out, const domain::OrderSnapshot& order) {
    out.text("id", order.id.text());
    out.maybe_text("common_name", order.common_name);
    out.maybe_text("supplier_order_id", order.supplier_order_id);
    out.maybe_text("platform_order_id", order.platform_order_id);
    out.text("brand", domain::name_of(order.brand));
    out.maybe_text("product", order.product);
    out.end();
}

void write_person(ObjectWriter out, const domain::Person& person) {
    out.number("uid", person.uid);
    std::optional<std::string> name;
    if (!person.name.empty()) name = person.name;
    out.maybe_text("name", name);
    out.maybe_text("asserted", person.asserted);
    out.end();
}

void write_reference(ObjectWriter& out, const std::optional<domain::ExternalRef>& reference) {
    if (!reference) return out.raw("external_ref", "null");
    ObjectWriter inner = out.object("external_ref");
    inner.text("system", reference->system);
    inner.text("id", reference->id);
    inner.end();
}

void write_progress(ObjectWriter& out, const domain::Request& request) {
    out.text("state", domain::name_of(request.state));
    out.raw("settled", domain::is_settled(request.state) ? "true" : "false");
    out.text("next_actor", domain::name_of(request.next_actor));
    out.maybe_text("step", request.step);
    out.number("attempt", request.attempt);
    if (request.needs.empty()) {
        out.raw("needs", "[]");
    } else {
        out.tree("needs", request.needs);
    }
    out.maybe_tree("outcome", request.outcome);
    out.maybe_tree("result", request.result);
    out.maybe_tree("last_problem", request.last_problem);
    out.time("next_attempt_at", request.next_attempt_at);
    out.time("deadline_at", request.deadline_at);
}

}  // namespace

void append_quoted(std::string& out, std::string_view value) {
    const auto plain = [](char c) { return kPlain[static_cast<unsigned char>(c)]; };
    if (!std::all_of(value.begin(), value.end(), plain)) {
        // Escapes are rare and the library's business.
        out += bj::serialize(bj::string_view(value.data(), value.size()));
        return;
    }
    out += '"';
    out += value;
    out += '"';
}

std::string request_text(const domain::Request& request) {
    std::string text;
    text.reserve(1024);
    ObjectWriter out(text);
    out.text("id", request.id.text());
    out.text("kind", domain::name_of(request.kind));
    write_order(out.object("order"), request.order);
    if (request.kind == domain::Kind::status) {
        out.raw("params", "{}");
    } else {
        out.tree("params", request.params);
    }
    out.maybe_text("adapter", request.adapter);
    if (request.channel) {
        out.text("channel", domain::name_of(*request.channel));
    } else {
        out.raw("channel", "null");
    }
    write_progress(out, request);
    write_reference(out, request.external_ref);
    out.labels("labels", request.labels);
    out.maybe_text("note", request.note);
    std::optional<std::string> retry_of;
    if (request.retry_of) retry_of = request.retry_of->text();
    out.maybe_text("retry_of", retry_of);
    write_person(out.object("created_by"), request.created_by);
    out.time("created_at", request.created_at);
    out.time("updated_at", request.updated_at);
    out.time("settled_at", request.settled_at);
    out.end();
    return text;
}

}  // namespace cabroker::json
