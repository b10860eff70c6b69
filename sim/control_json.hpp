// The JSON forms of the world for the control API. Includes Boost.JSON: for sources only.
#pragma once

#include <boost/json.hpp>

#include "json/reader.hpp"
#include "sim/accounts.hpp"
#include "sim/desk.hpp"
#include "sim/http.hpp"
#include "sim/order.hpp"
#include "sim/post.hpp"

namespace cabroker::sim {

[[nodiscard]] boost::json::object json_of(const Certificate& certificate, bool with_pem);
[[nodiscard]] boost::json::object json_of(const Effect& effect);
/// Without its secrets.
[[nodiscard]] boost::json::object json_of(const Login& login);
[[nodiscard]] boost::json::object books_of(const Order& order);
[[nodiscard]] boost::json::object json_of(const Order& order);
[[nodiscard]] boost::json::object json_of(const SentMail& sent);
[[nodiscard]] boost::json::object json_of(const DeskMail& mail);
[[nodiscard]] boost::json::object json_of(const Fault& fault);
[[nodiscard]] HttpReply json_reply(unsigned status, const boost::json::value& value);
/// `{"error": why}`.
[[nodiscard]] HttpReply trouble(unsigned status, const std::string& why);
/// 422 with all problems in one line.
[[nodiscard]] HttpReply trouble(const json::Problems& problems);
/// With octets above 127 as `?`: exact octets cross as base64.
[[nodiscard]] std::string ascii(std::string text);

}  // namespace cabroker::sim
