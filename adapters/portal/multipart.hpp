// multipart/form-data bodies (RFC 7578), as a browser would send them.
#pragma once

#include <string>
#include <vector>

#include "transport/form.hpp"

namespace cabroker::adapters::portal {

/// What makes a value a file; without a name it is none.
struct FilePart {
    std::string name;
    std::string content_type;
};

struct Multipart {
    std::string content_type;
    std::string body;
};

/// One part per value; a part whose file has a name is sent as a file. The boundary occurs in no
/// value.
[[nodiscard]] Multipart encode_multipart(const transport::FormValues& values,
                                         const std::vector<FilePart>& files);

}  // namespace cabroker::adapters::portal
