// The nine download formats of DigiCert, made from a leaf, an intermediate and a root in PEM.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cabroker::sim {

struct FormatName {
    std::string_view format;
    std::string_view label;
};
/// In the order of the portal's list.
[[nodiscard]] const std::vector<FormatName>& download_formats();

struct ChainPem {
    std::string leaf;
    std::string intermediate;
    std::string root;
};
struct Download {
    std::string content_type;
    std::string file_name;
    std::string octets;
};
/// nullopt for an unknown format. `stem` begins the file name.
[[nodiscard]] std::optional<Download> make_download(std::string_view format, const ChainPem& chain,
                                                    const std::string& stem);

}  // namespace cabroker::sim
