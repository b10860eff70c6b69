#include "adapters/protocol/blob_intake.hpp"

#include <boost/json.hpp>

#include "adapters/protocol/fields.hpp"
#include "adapters/protocol/messages.hpp"

namespace cabroker::adapters::protocol {

namespace bj = boost::json;
using domain::Error;
using domain::ErrorCode;
using domain::Result;

namespace {

constexpr std::size_t kMostBlobs = 64;
constexpr std::size_t kLongestName = 64;

}  // namespace

Result<BlobIntake::Taken> BlobIntake::take(const bj::object& frame) {
    const auto name = text_member(frame, "blob");
    const auto seq = number_member(frame, "seq");
    const auto data = text_member(frame, "data");
    const bj::value* last = frame.if_contains("last");
    if (!name || !seq || !data || last == nullptr || !last->is_bool()) {
        return Error(ErrorCode::bad_answer, "a blob frame without blob, seq, data or last");
    }
    if (name->empty() || name->size() > kLongestName) {
        return Error(ErrorCode::bad_answer, "a blob's name has 1 to 64 octets");
    }
    const Result<std::string> octets = from_base64(*data);
    if (!octets) return octets.error();
    if (octets->size() > kBlobChunk || (octets->empty() && !last->get_bool())) {
        return Error(ErrorCode::bad_answer, "a blob frame carries 1 octet to 256 KiB");
    }
    const auto known = blobs_.find(*name);
    const bool first = known == blobs_.end();
    if (first && blobs_.size() >= kMostBlobs) {
        return Error(ErrorCode::bad_answer, "too many blobs that no frame has named");
    }
    Partial& blob = first ? blobs_[*name] : known->second;
    if (blob.complete || blob.next != *seq) {
        return Error(ErrorCode::bad_answer, "blob frames out of order");
    }
    total_ += octets->size();
    if (blob.octets.size() + octets->size() > kMaxBlob || total_ > kMaxBlobs) {
        return Error(ErrorCode::bad_answer, "blobs beyond the limit");
    }
    blob.octets += *octets;
    ++blob.next;
    blob.complete = last->get_bool();
    Taken taken;
    taken.blob = *name;
    taken.seq = *seq;
    return taken;
}

Result<Blobs> BlobIntake::give(std::uint64_t id) {
    const std::string prefix = std::to_string(id) + ".";
    Blobs blobs;
    for (auto blob = blobs_.lower_bound(prefix);
         blob != blobs_.end() && blob->first.starts_with(prefix);) {
        if (!blob->second.complete) return Error(ErrorCode::bad_answer, "a blob is not complete");
        total_ -= blob->second.octets.size();
        blobs.emplace(blob->first, std::move(blob->second.octets));
        blob = blobs_.erase(blob);
    }
    return blobs;
}

}  // namespace cabroker::adapters::protocol
