#include "json/parse.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <functional>
#include <memory>
#include <new>
#include <set>

namespace cabroker::json {
namespace {

namespace bj = boost::json;

/// The keys of the objects that are open, the innermost last. Few of an object are compared one by
/// one, because nearly every object has few. Keys that stand in the document as they are spelled
/// are looked at there, others are kept.
class OpenKeys {
  public:
    explicit OpenKeys(std::string_view document) : document_(document) {}
    void begin_object() { objects_.push_back(Object{keys_.size(), spelled_.size(), {}}); }
    void end_object() {
        keys_.resize(objects_.back().first);
        spelled_.resize(objects_.back().spelled);
        objects_.pop_back();
    }
    /// False when the innermost object has the key already.
    bool insert(std::string_view key) {
        Object& object = objects_.back();
        if (object.many) return object.many->emplace(key).second;
        for (std::size_t i = object.first; i < keys_.size(); ++i) {
            if (at(keys_[i]) == key) return false;
        }
        keep(key);
        if (keys_.size() - object.first > kFew) {
            object.many = std::make_unique<Names>();
            for (std::size_t i = object.first; i < keys_.size(); ++i)
                object.many->emplace(at(keys_[i]));
        }
        return true;
    }

  private:
    static constexpr std::size_t kFew = 24;
    using Names = std::set<std::string, std::less<>>;
    struct Place {
        bool in_document;
        std::size_t begin;
        std::size_t size;
    };
    struct Object {
        std::size_t first;    ///< of its keys
        std::size_t spelled;  ///< where theirs begin
        std::unique_ptr<Names> many;
    };
    void keep(std::string_view key) {
        const std::less_equal<> before;
        const bool inside = before(document_.data(), key.data()) &&
                            before(key.data() + key.size(), document_.data() + document_.size());
        if (inside) {
            const auto begin = static_cast<std::size_t>(key.data() - document_.data());
            keys_.push_back(Place{true, begin, key.size()});
        } else {
            keys_.push_back(Place{false, spelled_.size(), key.size()});
            spelled_ += key;
        }
    }
    [[nodiscard]] std::string_view at(Place place) const {
        const std::string_view text = place.in_document ? document_ : std::string_view(spelled_);
        return text.substr(place.begin, place.size);
    }

    std::string_view document_;
    boost::container::small_vector<Object, 8> objects_;
    boost::container::small_vector<Place, kFew> keys_;
    std::string spelled_;
};

/// What a parser puts aside may be secret: it is wiped before it is given back.
class WipingMemory final : public bj::memory_resource {
  private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return ::operator new(size, std::align_val_t(alignment));
    }
    void do_deallocate(void* place, std::size_t size, std::size_t alignment) override {
        ::explicit_bzero(place, size);
        ::operator delete(place, std::align_val_t(alignment));
    }
    [[nodiscard]] bool do_is_equal(const bj::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

/// Room for the values of a small document, so that it costs no allocation.
struct Aside {
    std::array<unsigned char, 2048> octets;
    WipingMemory more;

    Aside() = default;
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    ~Aside() { ::explicit_bzero(octets.data(), octets.size()); }
};

// Builds a value like bj::value_stack does, but refuses duplicate keys and numbers that lose
// digits.
struct StrictHandler {
    static constexpr std::size_t max_object_size = 100'000;
    static constexpr std::size_t max_array_size = 1'000'000;
    static constexpr std::size_t max_key_size = 64 * 1024;
    static constexpr std::size_t max_string_size = 64 * 1024 * 1024;

    bj::value_stack stack;
    OpenKeys keys;
    std::string key;
    std::string number;
    std::string complaint;

    StrictHandler(Aside& aside, std::string_view document)
        : stack(bj::storage_ptr(&aside.more), aside.octets.data(), aside.octets.size()),
          keys(document) {}

    bool refuse(std::string why, bj::error_code& ec) {
        complaint = std::move(why);
        ec = bj::make_error_code(bj::error::syntax);
        return false;
    }
    bool on_document_begin(bj::error_code&) { return true; }
    bool on_document_end(bj::error_code&) { return true; }
    bool on_object_begin(bj::error_code&) {
        keys.begin_object();
        return true;
    }
    bool on_object_end(std::size_t n, bj::error_code&) {
        keys.end_object();
        stack.push_object(n);
        return true;
    }
    bool on_array_begin(bj::error_code&) { return true; }
    bool on_array_end(std::size_t n, bj::error_code&) {
        stack.push_array(n);
        return true;
    }
    bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
        key.append(part.data(), part.size());
        stack.push_chars(part);
        return true;
    }
    bool on_key(bj::string_view part, std::size_t, bj::error_code& ec) {
        std::string_view whole(part.data(), part.size());
        if (!key.empty()) whole = key.append(whole);
        if (!keys.insert(whole)) return refuse("duplicate key \"" + std::string(whole) + "\"", ec);
        key.clear();
        stack.push_key(part);
        return true;
    }
    bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(bj::string_view part, std::size_t, bj::error_code&) {
        stack.push_string(part);
        return true;
    }
    bool on_number_part(bj::string_view part, bj::error_code&) {
        number.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t value, bj::string_view, bj::error_code&) {
        number.clear();
        stack.push_int64(value);
        return true;
    }
    bool on_uint64(std::uint64_t value, bj::string_view, bj::error_code&) {
        number.clear();
        stack.push_uint64(value);
        return true;
    }
    bool on_double(double value, bj::string_view text, bj::error_code& ec) {
        number.append(text.data(), text.size());
        const bool integral = number.find_first_of(".eE") == std::string::npos;
        if (integral)
            return refuse("integer " + number.substr(0, 40) + " does not fit 64 bits", ec);
        number.clear();
        if (value - value != 0) return refuse("number out of range", ec);
        stack.push_double(value);
        return true;
    }
    bool on_bool(bool value, bj::error_code&) {
        stack.push_bool(value);
        return true;
    }
    bool on_null(bj::error_code&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
    bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

std::string place_of(std::string_view text, std::size_t offset) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else {
            ++column;
        }
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

domain::Result<boost::json::value> parse(std::string_view text, const bj::storage_ptr& storage) {
    bj::parse_options options;
    options.max_depth = kMaxDepth;
    Aside aside;
    bj::basic_parser<StrictHandler> parser(options, aside, text);
    StrictHandler& handler = parser.handler();
    handler.stack.reset(storage);

    bj::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = bj::make_error_code(bj::error::extra_data);
    if (!ec && !parser.done()) ec = bj::make_error_code(bj::error::incomplete);
    if (ec) {
        const std::string why = handler.complaint.empty() ? ec.message() : handler.complaint;
        return domain::Error(domain::ErrorCode::malformed_request,
                             "cannot read JSON at " + place_of(text, used) + ": " + why);
    }
    return handler.stack.release();
}

domain::Result<boost::json::value> parse(std::string_view text) {
    return parse(text, bj::storage_ptr());
}

}  // namespace cabroker::json
