// Reads the configuration file and conf.d/*.yaml beside it into Settings, or says everything that
// is wrong with it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace cabroker::config {

/// One thing wrong, where it stands. Line and column count from 1; 0 when the whole file is meant.
struct Problem {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;

    Problem(std::string in, std::size_t at_line, std::size_t at_column, std::string what)
        : file(std::move(in)), line(at_line), column(at_column), message(std::move(what)) {}
    bool operator==(const Problem&) const = default;
    /// `file:line:col: message`, or `file: message`.
    [[nodiscard]] std::string text() const;
};

struct LoadResult {
    /// Set when there is no problem.
    std::shared_ptr<const Settings> settings;
    /// All of them, ordered by file, line and column.
    std::vector<Problem> problems;
    /// Worth telling, not worth refusing.
    std::vector<Problem> warnings;

    [[nodiscard]] bool ok() const { return settings != nullptr; }
    /// One problem a line.
    [[nodiscard]] std::string text() const;
};

/// Reads, merges, checks. Blocks on the disk; reads no secret.
[[nodiscard]] LoadResult load(const std::string& path);

/// Why an XPath cannot be evaluated; empty: it can.
using XPathJudge = std::function<std::string(const std::string& xpath)>;

/// Checks one portal profile file; its XPath by its text alone unless there is a judge.
[[nodiscard]] std::vector<Problem> check_profile(const std::string& path,
                                                 const XPathJudge& judge = {});

}  // namespace cabroker::config
