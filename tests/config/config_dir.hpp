// A folder of configuration files that lives as long as the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace cabroker::config {

class ConfigDir {
  public:
    ConfigDir() {
        std::string name =
            (std::filesystem::temp_directory_path() / "cabroker-config-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
        path_ = name;
    }
    ConfigDir(const ConfigDir&) = delete;
    ConfigDir& operator=(const ConfigDir&) = delete;
    ~ConfigDir() {
        std::error_code failure;
        std::filesystem::remove_all(path_, failure);
    }

    /// Writes a file below the folder; gives its absolute path.
    std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = std::filesystem::path(path_) / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace cabroker::config
