#include "pki/zip.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace cabroker::pki {
namespace {

struct FreeArchive {
    void operator()(archive* object) const { archive_write_free(object); }
};
struct FreeEntry {
    void operator()(archive_entry* object) const { archive_entry_free(object); }
};

la_ssize_t append(archive* /*unused*/, void* to, const void* octets, std::size_t size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(octets), size);
    return static_cast<la_ssize_t>(size);
}

bool write_entry(archive* out, const ZipEntry& file) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    if (!entry) return false;
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.octets.size()));
    return archive_write_header(out, entry.get()) == ARCHIVE_OK &&
           archive_write_data(out, file.octets.data(), file.octets.size()) ==
               static_cast<la_ssize_t>(file.octets.size());
}

}  // namespace

domain::Result<std::string> zip_of(const std::vector<ZipEntry>& entries) {
    const domain::Error failed(domain::ErrorCode::internal, "cannot write the zip file");
    std::string octets;
    const std::unique_ptr<archive, FreeArchive> out(archive_write_new());
    if (!out || archive_write_set_format_zip(out.get()) != ARCHIVE_OK) return failed;
    // Stored, not deflated: the octets then do not depend on the version of zlib.
    if (archive_write_zip_set_compression_store(out.get()) != ARCHIVE_OK) return failed;
    archive_write_set_bytes_in_last_block(out.get(), 1);
    if (archive_write_open(out.get(), &octets, nullptr, append, nullptr) != ARCHIVE_OK)
        return failed;
    for (const ZipEntry& entry : entries) {
        if (!write_entry(out.get(), entry)) return failed;
    }
    if (archive_write_close(out.get()) != ARCHIVE_OK) return failed;
    return octets;
}

}  // namespace cabroker::pki
