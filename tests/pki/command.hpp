// Runs a command and a folder for its files: how the tests ask programs that others wrote.
#pragma once

#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace cabroker::test_pki {

struct CommandResult {
    int status = -1;
    std::string output;  ///< stdout and stderr
};

/// Through the shell, at most 30 seconds.
inline CommandResult run(const std::string& command) {
    const std::string bounded = "timeout 30 " + command + " 2>&1 </dev/null";
    std::FILE* pipe = popen(bounded.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    CommandResult result;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        result.output.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

/// A fresh folder that goes with the object.
class TempFolder {
  public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pki_test.XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder");
        path_ = pattern;
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string write(const std::string& name, const std::string& octets) const {
        const std::filesystem::path file = path_ / name;
        std::ofstream(file, std::ios::binary) << octets;
        return file.string();
    }

  private:
    std::filesystem::path path_;
};

}  // namespace cabroker::test_pki
