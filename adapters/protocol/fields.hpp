// Pieces of the JSON form that contexts and answers share. For this folder's sources only.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/protocol/messages.hpp"
#include "adapters/protocol/octets.hpp"
#include "json/reader.hpp"

namespace cabroker::adapters::protocol {

inline constexpr std::size_t kMaxText = 64 * 1024;

/// Reads members of one object; every complaint ends in one list, which becomes one Error.
class Fields {
  public:
    Fields(const boost::json::value& value, const std::string& where, json::Problems& problems)
        : reader_(value, where, problems, json::Marks::taken), problems_(problems) {}

    [[nodiscard]] std::string text(std::string_view key) {
        return reader_.text(key, kMaxText).value_or("");
    }
    [[nodiscard]] std::optional<std::string> maybe(std::string_view key) {
        return reader_.text(key, kMaxText);
    }
    [[nodiscard]] std::string required(std::string_view key) {
        reader_.require(key);
        return text(key);
    }
    /// `{"secret": "..."}`: marked by form, so that nothing has to guess what must not be shown.
    [[nodiscard]] domain::Secret secret(std::string_view key);
    [[nodiscard]] bool flag(std::string_view key, bool otherwise) {
        return reader_.boolean(key).value_or(otherwise);
    }
    [[nodiscard]] std::optional<domain::Duration> milliseconds(std::string_view key);
    [[nodiscard]] std::optional<domain::Time> time(std::string_view key) {
        return reader_.time(key);
    }
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) {
        return reader_.integer(key, 0, std::int64_t{1} << 40);
    }
    [[nodiscard]] std::map<std::string, std::string> map(std::string_view key);
    [[nodiscard]] std::vector<std::string> lines(std::string_view key) {
        return reader_.lines(key).value_or(std::vector<std::string>());
    }
    [[nodiscard]] std::string octets(std::string_view key, Blobs& blobs);
    [[nodiscard]] const boost::json::value* member(std::string_view key) {
        return reader_.member(key);
    }
    /// Each element of an array member; absent is empty.
    void each(std::string_view key, std::size_t most,
              const std::function<void(const boost::json::value&, const std::string&)>& visit);
    template <class Enum>
    [[nodiscard]] Enum word(std::string_view key, Enum otherwise) {
        const auto read = [](std::string_view name) { return domain::parse<Enum>(name); };
        return reader_.word(key, read, domain::list_of_words<Enum>()).value_or(otherwise);
    }
    [[nodiscard]] std::string at(std::string_view key) const { return reader_.at(key); }
    void complain(std::string_view key, std::string why) {
        reader_.complain(key, "wrong_type", std::move(why));
    }
    [[nodiscard]] json::Problems& problems() { return problems_; }

  private:
    json::ObjectReader reader_;
    json::Problems& problems_;
};

/// One Error that names the first problems; nullopt when there is none.
[[nodiscard]] std::optional<domain::Error> error_of(const json::Problems& problems);

/// A member of a frame, when it is a string, or a number that is not negative.
[[nodiscard]] std::optional<std::string> text_member(const boost::json::object& object,
                                                     std::string_view key);
[[nodiscard]] std::optional<std::uint64_t> number_member(const boost::json::object& object,
                                                         std::string_view key);

[[nodiscard]] boost::json::value secret_json(const domain::Secret& secret);
[[nodiscard]] boost::json::value milliseconds_json(const std::optional<domain::Duration>& duration);
[[nodiscard]] boost::json::object map_json(const std::map<std::string, std::string>& map);

[[nodiscard]] boost::json::value session_json(const std::optional<Session>& session);
[[nodiscard]] std::optional<Session> session_from(Fields& fields);
[[nodiscard]] boost::json::object mail_json(const Mail& mail, const std::string& prefix,
                                            Blobs& blobs);
[[nodiscard]] Mail mail_from(const boost::json::value& value, const std::string& where,
                             Blobs& blobs, json::Problems& problems);
[[nodiscard]] boost::json::object effect_json(const domain::Effect& effect);
[[nodiscard]] domain::Effect effect_from(const boost::json::value& value, const std::string& where,
                                         json::Problems& problems);
[[nodiscard]] std::vector<domain::Need> needs_from(Fields& fields);

}  // namespace cabroker::adapters::protocol
