#include "transport/gmime_handle.hpp"

namespace cabroker::transport {

void ensure_gmime() {
    static const bool ready = [] {
        g_mime_init();
        return true;
    }();
    static_cast<void>(ready);
}

GOwned<GMimeStream> memory_stream(std::string_view octets) {
    return GOwned<GMimeStream>(g_mime_stream_mem_new_with_buffer(octets.data(), octets.size()));
}

std::string octets_of(GMimeStream* memory) {
    // NOLINTNEXTLINE: GMime's cast macros are C casts
    auto* const stream = reinterpret_cast<GMimeStreamMem*>(memory);
    const GByteArray* const bytes = g_mime_stream_mem_get_byte_array(stream);
    return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

std::string decoded(GMimePart* part) {
    GMimeDataWrapper* const content = g_mime_part_get_content(part);
    if (content == nullptr) return {};
    const GOwned<GMimeStream> out(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, out.get());
    return octets_of(out.get());
}

std::string one_line(const char* text) {
    if (text == nullptr) return {};
    const GText valid(g_utf8_make_valid(text, -1));
    std::string out;
    for (const char* at = valid.get(); *at != '\0'; at = g_utf8_next_char(at)) {
        const gunichar c = g_utf8_get_char(at);
        const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
        if (control) {
            out += ' ';
        } else {
            out.append(at, static_cast<std::size_t>(g_utf8_next_char(at) - at));
        }
    }
    return out;
}

}  // namespace cabroker::transport
