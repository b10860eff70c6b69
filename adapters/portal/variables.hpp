// The values that a profile's templates and an adapter speak of while an operation runs: given ones
// (csr, email, ...) and extracted ones. Knows which of them are secret.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/text_template.hpp"

namespace cabroker::adapters::portal {

class Variables {
  public:
    Variables() = default;
    Variables(const Variables&) = default;
    Variables(Variables&&) = default;
    Variables& operator=(const Variables&) = default;
    Variables& operator=(Variables&&) = default;
    /// Wipes the secret values.
    ~Variables();

    void set(std::string name, std::string value);
    /// Never shown: taken out of evidence and details wherever it turns up.
    void set_secret(std::string name, std::string value);
    void set_list(std::string name, std::vector<std::string> values);

    /// The value; a list's values joined with newlines; nullopt when it is not there.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// The value, or an empty string.
    [[nodiscard]] std::string text_or_empty(std::string_view name) const;
    /// A list's values; a single value is a list of one.
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// The single values that are not secret and have at most `most` octets, by name.
    [[nodiscard]] std::map<std::string, std::string> small_values(std::size_t most) const;
    /// Takes over the values of `other` that are not here yet.
    void add_missing(const Variables& other);
    /// Values of those set with set_secret.
    [[nodiscard]] std::vector<std::string> secrets() const;
    /// Refers to this object.
    [[nodiscard]] config::Lookup lookup() const;

  private:
    struct Value {
        std::vector<std::string> values;
        bool secret = false;
    };
    std::map<std::string, Value, std::less<>> values_;
};

}  // namespace cabroker::adapters::portal
