// GMime's reference-counted objects as RAII types. Internal to this folder.
#pragma once

#include <gmime/gmime.h>

#include <memory>
#include <string>
#include <string_view>

namespace cabroker::transport {

struct GObjectUnref {
    void operator()(void* object) const { g_object_unref(object); }
};
/// Owns one reference.
template <class T>
using GOwned = std::unique_ptr<T, GObjectUnref>;

struct GFree {
    void operator()(char* text) const { g_free(text); }
};
using GText = std::unique_ptr<char, GFree>;

/// Initialises GMime once for the process.
void ensure_gmime();

/// A stream over a copy of the octets.
[[nodiscard]] GOwned<GMimeStream> memory_stream(std::string_view octets);
/// What was written to a memory stream.
[[nodiscard]] std::string octets_of(GMimeStream* memory);
/// The decoded octets of a part.
[[nodiscard]] std::string decoded(GMimePart* part);

/// Valid UTF-8 with control characters (line ends, NUL and separators included) as spaces: for
/// header values.
[[nodiscard]] std::string one_line(const char* text);

}  // namespace cabroker::transport
