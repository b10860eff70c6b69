// multipart/form-data bodies (RFC 7578), as a browser would send them.
#pragma once

#include <string>
#include <vector>

#include "transport/form.hpp"

namespace cabroker::adapters::portal {

struct Multipart {
    std::string content_type;
    std::string body;
};

/// One part per value; a part whose file name is not empty is sent as a file. The boundary occurs
/// in no value.
[[nodiscard]] Multipart encode_multipart(const transport::FormValues& values,
                                         const std::vector<std::string>& file_names);

}  // namespace cabroker::adapters::portal
