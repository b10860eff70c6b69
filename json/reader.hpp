// Typed reading of a JSON object that collects every problem with its JSON pointer instead of
// stopping at the first.
#pragma once

#include <array>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "domain/time.hpp"

namespace cabroker::json {

using Problems = std::vector<domain::FieldProblem>;

/// `/a~1b`-escapes one pointer segment (RFC 6901).
[[nodiscard]] std::string pointer_segment(std::string_view key);

/// Are texts with controls of writing direction taken? What people write for people does not need
/// them, and can be made to look other than it is; what a portal shows may hold them.
enum class Marks { refused, taken };

/// Reads one object, member by member. Names must outlive finish(), as literals do. A member that
/// is absent, or null where that is allowed, reads as nullopt. Every complaint goes into the shared
/// list; at the end finish() complains about members nobody asked for.
class ObjectReader {
  public:
    /// `value` must outlive the reader. Not an object: one wrong_type problem, and every member
    /// reads as absent.
    ObjectReader(const boost::json::value& value, std::string pointer, Problems& problems,
                 Marks marks = Marks::refused);

    /// Octets; control characters other than tab, CR, LF are refused, and marks; at most
    /// `max_bytes`.
    std::optional<std::string> text(std::string_view key, std::size_t max_bytes = 4096);
    /// One line: no control character at all.
    std::optional<std::string> line(std::string_view key, std::size_t max_bytes = 1024);
    /// text() and line() where they stand in the document; valid as long as that is.
    std::optional<std::string_view> text_view(std::string_view key, std::size_t max_bytes = 4096);
    std::optional<std::string_view> line_view(std::string_view key, std::size_t max_bytes = 1024);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least,
                                        std::int64_t most);
    std::optional<domain::Time> time(std::string_view key);
    std::optional<domain::Duration> duration(std::string_view key);
    /// One of a closed vocabulary: `parse` gives nullopt for an unknown word, `allowed` is named in
    /// the complaint.
    template <class Parse>
    auto word(std::string_view key, Parse parse, const std::string& allowed)
        -> decltype(parse(std::string_view{})) {
        const std::optional<std::string_view> name = line_view(key);
        if (!name) return std::nullopt;
        auto value = parse(*name);
        if (!value) complain(key, "unknown_value", "use one of: " + allowed);
        return value;
    }
    std::optional<std::vector<std::string>> lines(std::string_view key, std::size_t most = 1000);
    /// An object of one-line strings.
    std::optional<std::map<std::string, std::string>> string_map(std::string_view key,
                                                                 std::size_t most = 64);
    /// The raw member, or nullptr when absent or null.
    const boost::json::value* member(std::string_view key);

    /// Complains `required` when the member is absent or null; true when it is there.
    bool require(std::string_view key);
    [[nodiscard]] bool has(std::string_view key) const;
    void complain(std::string_view key, std::string code, std::string detail);
    /// The pointer of a member.
    [[nodiscard]] std::string at(std::string_view key) const;
    /// Complains about every member that was not read, with the name it was probably meant to be.
    /// Call once, last.
    void finish();

  private:
    /// What a text may hold.
    enum class Shape { text, line };
    std::optional<std::string_view> checked(std::string_view key, std::size_t max_bytes,
                                            Shape shape);
    [[nodiscard]] bool misleads(std::string_view value) const;
    [[nodiscard]] const boost::json::key_value_pair* find(std::string_view key) const;
    [[nodiscard]] std::vector<std::string_view> asked_names() const;

    const boost::json::object* object_ = nullptr;
    std::string pointer_;
    Marks marks_;
    Problems& problems_;
    /// A bit for each of the first 64 members that was asked for.
    std::uint64_t read_ = 0;
    /// Names asked for, in the order of asking. Few readers ask for more than the first have room.
    std::array<std::string_view, 24> first_asked_;
    std::size_t count_ = 0;
    std::vector<std::string_view> more_asked_;
};

}  // namespace cabroker::json
