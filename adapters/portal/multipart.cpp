#include "adapters/portal/multipart.hpp"

#include <algorithm>

namespace cabroker::adapters::portal {

namespace {

/// Names as browsers write them: quotes and line ends percent-encoded (WHATWG, multipart/form-data
/// encoding algorithm).
std::string quoted(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') {
            out += "%22";
        } else if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string boundary_for(const transport::FormValues& values) {
    for (int i = 0;; ++i) {
        const std::string boundary = "----------------cabroker-form-" + std::to_string(i);
        const bool taken = std::any_of(values.begin(), values.end(), [&](const auto& value) {
            return value.second.find(boundary) != std::string::npos;
        });
        if (!taken) return boundary;
    }
}

}  // namespace

Multipart encode_multipart(const transport::FormValues& values,
                           const std::vector<FilePart>& files) {
    const std::string boundary = boundary_for(values);
    Multipart out;
    out.content_type = "multipart/form-data; boundary=" + boundary;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_file = i < files.size() && !files[i].name.empty();
        out.body += "--" + boundary + "\r\nContent-Disposition: form-data; name=";
        out.body += quoted(values[i].first);
        if (is_file) {
            const std::string& type = files[i].content_type;
            out.body += "; filename=" + quoted(files[i].name);
            out.body += "\r\nContent-Type: " + (type.empty() ? "application/octet-stream" : type);
        }
        out.body += "\r\n\r\n" + values[i].second + "\r\n";
    }
    out.body += "--" + boundary + "--\r\n";
    return out;
}

}  // namespace cabroker::adapters::portal
