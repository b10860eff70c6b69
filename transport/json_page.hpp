// A JSON answer queried by JSON pointers (RFC 6901), as Page is by XPath. Strict JSON only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"

namespace cabroker::transport {

/// A parsed JSON document. A value that shares one immutable tree.
class JsonPage {
  public:
    static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;

    /// bad_answer when it is not JSON; limit_exceeded above kMaxBytes.
    [[nodiscard]] static domain::Result<JsonPage> parse(std::string_view body);

    /// The scalar at a pointer as text (strings as they are, numbers and booleans as JSON writes
    /// them); nullopt when nothing is there, or null, an object or an array. bad_configuration when
    /// the pointer is malformed.
    [[nodiscard]] domain::Result<std::optional<std::string>> at(const std::string& pointer) const;
    /// The scalars of the array at a pointer, an empty text for any other element; empty when there
    /// is no array.
    [[nodiscard]] domain::Result<std::vector<std::string>> all(const std::string& pointer) const;
    /// Of an array of objects: the scalar at `item` in each element, an empty text where there is
    /// none. With `where` only of the elements whose scalar there is `equals`.
    [[nodiscard]] domain::Result<std::vector<std::string>> each(const std::string& pointer,
                                                                const std::string& item,
                                                                const std::string& where,
                                                                const std::string& equals) const;
    /// Members of the object or elements of the array there; 0 when there is neither.
    [[nodiscard]] domain::Result<std::size_t> size(const std::string& pointer) const;

    struct Tree;

  private:
    explicit JsonPage(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
    std::shared_ptr<const Tree> tree_;
};

/// bad_configuration unless it is a JSON pointer; for checking a profile before it is used.
[[nodiscard]] domain::Result<void> check_json_pointer(const std::string& pointer);

}  // namespace cabroker::transport
