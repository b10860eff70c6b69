#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <sstream>

#include "config/yaml_text.hpp"
#include "json/reader.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMaxYamlDepth = 32;
constexpr std::size_t kMaxYamlProblems = 100;

/// Thrown out of yaml-cpp's parser when reading on makes no sense.
struct Stop {};

std::size_t one_based(int zero_based) {
    return zero_based < 0 ? 0 : static_cast<std::size_t>(zero_based) + 1;
}

bj::value typed_scalar(const std::string& text) {
    if (text == "true") return true;
    if (text == "false") return false;
    const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
    const bool decimal =
        !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (decimal && (digits.size() == 1 || digits[0] != '0')) {
        std::int64_t number = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failure == std::errc{} && end == text.data() + text.size()) return number;
    }
    return bj::string(text);
}

/// Builds the JSON value from yaml-cpp's events, which carry the place of everything.
class Builder final : public YAML::EventHandler {
  public:
    Builder(std::string file, std::string pointer, YamlDocument& into,
            std::vector<Problem>& problems)
        : file_(std::move(file)), root_(std::move(pointer)), into_(into), problems_(problems) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) stop(mark, "a second document: one file holds one document");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        if (expects_key()) stop(mark, "a key must not be empty");
        place_value(mark);
        attach(bj::value());
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        stop(mark, "aliases are not allowed: write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!" && !tag.empty())
            stop(mark, "tags are not allowed: remove " + tag);
        if (expects_key()) {
            take_key(mark, value);
            return;
        }
        place_value(mark);
        attach(tag == "!" ? bj::value(bj::string(value)) : typed_scalar(value));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, false);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, true);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Frame {
        bool is_map = false;
        bj::value value;
        std::string pointer;
        /// Map: the key whose value comes next.
        std::optional<std::string> key;
        /// Its value is read and thrown away: a second one for the same key.
        bool repeated = false;
        /// Lies inside a repeated value: its places are nobody's.
        bool discarded = false;
    };

    [[noreturn]] void stop(const YAML::Mark& mark, std::string why) {
        problems_.emplace_back(file_, one_based(mark.line), one_based(mark.column), std::move(why));
        throw Stop{};
    }
    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) stop(mark, "anchors are not allowed: write the value out");
    }
    [[nodiscard]] bool expects_key() const {
        return !frames_.empty() && frames_.back().is_map && !frames_.back().key;
    }
    void take_key(const YAML::Mark& mark, const std::string& key) {
        Frame& frame = frames_.back();
        frame.key = key;
        frame.repeated = frame.value.get_object().contains(key);
        const std::string where = frame.pointer + "/" + json::pointer_segment(key);
        if (frame.repeated) {
            const Place first = into_.places.find(where, true);
            problems_.emplace_back(file_, one_based(mark.line), one_based(mark.column),
                                   "duplicate key \"" + key + "\": it stands already in line " +
                                       std::to_string(first.line));
            if (problems_.size() > kMaxYamlProblems) throw Stop{};
        } else if (!frame.discarded) {
            into_.places.keys[where] = Place{file_, one_based(mark.line), one_based(mark.column)};
        }
    }
    [[nodiscard]] std::string next_pointer() const {
        if (frames_.empty()) return root_;
        const Frame& frame = frames_.back();
        if (frame.is_map) return frame.pointer + "/" + json::pointer_segment(*frame.key);
        return frame.pointer + "/" + std::to_string(frame.value.get_array().size());
    }
    [[nodiscard]] bool discarding() const {
        return !frames_.empty() && (frames_.back().discarded || frames_.back().repeated);
    }
    void place_value(const YAML::Mark& mark) {
        if (discarding()) return;
        into_.places.values[next_pointer()] =
            Place{file_, one_based(mark.line), one_based(mark.column)};
    }
    void attach(bj::value value) {
        if (frames_.empty()) {
            into_.value = std::move(value);
            return;
        }
        Frame& frame = frames_.back();
        if (!frame.is_map) {
            frame.value.get_array().push_back(std::move(value));
            return;
        }
        if (!frame.repeated) frame.value.get_object()[*frame.key] = std::move(value);
        frame.key.reset();
        frame.repeated = false;
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!" && !tag.empty())
            stop(mark, "tags are not allowed: remove " + tag);
        if (expects_key()) stop(mark, "a key must be a plain text");
        if (frames_.size() >= kMaxYamlDepth) stop(mark, "nested deeper than 32");
        place_value(mark);
        Frame frame;
        frame.is_map = is_map;
        frame.pointer = next_pointer();
        frame.discarded = discarding();
        if (is_map) {
            frame.value = bj::object();
        } else {
            frame.value = bj::array();
        }
        frames_.push_back(std::move(frame));
    }
    void close() {
        bj::value value = std::move(frames_.back().value);
        frames_.pop_back();
        attach(std::move(value));
    }

    std::string file_;
    std::string root_;
    YamlDocument& into_;
    std::vector<Problem>& problems_;
    std::vector<Frame> frames_;
    int documents_ = 0;
};

bool is_below(std::string_view pointer, std::string_view parent) {
    return pointer.starts_with(parent) &&
           (pointer.size() == parent.size() || pointer[parent.size()] == '/');
}

void forget(std::map<std::string, Place>& places, const std::string& pointer) {
    for (auto at = places.lower_bound(pointer);
         at != places.end() && at->first.starts_with(pointer);) {
        at = is_below(at->first, pointer) ? places.erase(at) : std::next(at);
    }
}

void take_places(std::map<std::string, Place>& into, std::map<std::string, Place>& from,
                 const std::string& pointer) {
    for (auto at = from.lower_bound(pointer); at != from.end() && at->first.starts_with(pointer);
         ++at) {
        if (is_below(at->first, pointer)) into[at->first] = at->second;
    }
}

void merge_value(bj::value& into, bj::value& from, const std::string& pointer, SourceMap& places,
                 SourceMap& from_places) {
    if (into.is_object() && from.is_object()) {
        for (auto& member : from.get_object()) {
            const std::string key(member.key().data(), member.key().size());
            merge_value(into.get_object()[key], member.value(),
                        pointer + "/" + json::pointer_segment(key), places, from_places);
        }
        return;
    }
    into = std::move(from);
    forget(places.values, pointer);
    forget(places.keys, pointer);
    take_places(places.values, from_places.values, pointer);
    take_places(places.keys, from_places.keys, pointer);
}

}  // namespace

Place SourceMap::find(std::string_view pointer, bool prefer_key) const {
    std::string where(pointer);
    bool key_first = prefer_key;
    for (;;) {
        const auto key = keys.find(where);
        const auto value = values.find(where);
        if (key_first && key != keys.end()) return key->second;
        if (value != values.end()) return value->second;
        if (key != keys.end()) return key->second;
        const std::size_t slash = where.rfind('/');
        if (slash == std::string::npos) return {};
        where.resize(slash);
        key_first = true;
    }
}

YamlDocument read_yaml(std::string_view text, const std::string& file, const std::string& pointer,
                       std::vector<Problem>& problems) {
    YamlDocument document;
    if (!is_readable(text, file, problems)) return document;
    document.places.values[pointer] = Place{file, 1, 1};
    std::istringstream stream{std::string(text)};
    Builder builder(file, pointer, document, problems);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& failure) {
        problems.emplace_back(file, one_based(failure.mark.line), one_based(failure.mark.column),
                              "cannot be read as YAML: " + failure.msg);
    } catch (const Stop&) {
        // The problem is noted already.
        return document;
    }
    return document;
}

void merge(YamlDocument& into, YamlDocument&& from) {
    if (from.value.is_null()) return;
    merge_value(into.value, from.value, "", into.places, from.places);
}

}  // namespace cabroker::config
