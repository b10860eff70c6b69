// Reads query parameters strictly: each problem is bad_parameter and names what is allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/http.hpp"
#include "daemon/store/order_table.hpp"
#include "domain/words.hpp"

namespace cabroker::api {

/// Reads one parameter after the other; the first problem is kept and everything after it reads as
/// absent.
class Parameters {
  public:
    explicit Parameters(const Query& query) : query_(query) {}

    [[nodiscard]] const std::optional<domain::Error>& problem() const { return problem_; }
    void complain(std::string_view name, const std::string& why);

    std::optional<std::string> text(std::string_view name);
    std::optional<std::int64_t> number(std::string_view name, std::int64_t least,
                                       std::int64_t most);
    bool flag(std::string_view name);
    std::optional<domain::Time> time(std::string_view name);
    /// `a,b,c`; an empty entry is a problem.
    std::vector<std::string> list(std::string_view name);
    /// `k=v,k2=v2`
    std::vector<std::pair<std::string, std::string>> labels(std::string_view name);
    template <class Enum>
    std::vector<Enum> words(std::string_view name) {
        return words_by<Enum>(name,
                              [](std::string_view text) { return domain::parse<Enum>(text); });
    }
    template <class Enum, class Parse>
    std::vector<Enum> words_by(std::string_view name, Parse parse) {
        std::vector<Enum> found;
        for (const std::string& text : list(name)) {
            const std::optional<Enum> word = parse(text);
            if (!word) {
                complain(name,
                         "\"" + text + "\" is not known; use " + domain::list_of_words<Enum>());
                return {};
            }
            found.push_back(*word);
        }
        return found;
    }
    template <class Id>
    std::vector<Id> ids(std::string_view name) {
        std::vector<Id> found;
        for (const std::string& text : list(name)) {
            std::optional<Id> id = Id::parse(text);
            if (!id) {
                complain(name, "\"" + text + "\" is no such id");
                return {};
            }
            found.push_back(std::move(*id));
        }
        return found;
    }

  private:
    const Query& query_;
    std::optional<domain::Error> problem_;
};

inline constexpr std::size_t kDefaultPage = 50;
inline constexpr std::size_t kLargestPage = 500;

/// The parameter `limit`, or its default.
[[nodiscard]] std::size_t read_limit(Parameters& parameters);
/// The page_token of lists whose tokens are a number; 0 when there is none. Error: bad_page_token.
[[nodiscard]] Result<std::int64_t> read_number_token(const ApiCall& call);
/// The token of the page that begins after `number`.
[[nodiscard]] std::string number_token(const ApiCall& call, std::int64_t number);

/// Which page of which sorted list.
struct Paging {
    std::size_t limit = kDefaultPage;
    store::ListOrder order;
    std::optional<store::PageKey> after;
    /// Ties a token to the list it was made for.
    std::string list;
};

/// Reads limit, sort and page_token. `list` names the route and its filters. Errors: bad_parameter,
/// bad_page_token.
[[nodiscard]] Result<Paging> read_paging(Parameters& parameters, const ApiCall& call);
/// The token of the page that begins after `key`.
[[nodiscard]] std::string page_token(const Paging& paging, const store::PageKey& key);

}  // namespace cabroker::api
