#include "config/sources.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/shipped.hpp"
#include "domain/words.hpp"
#include "json/reader.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
namespace fs = std::filesystem;

bool names_a_path(std::string_view text, std::string_view ending) {
    return text.find('/') != std::string_view::npos || text.ends_with(ending);
}

std::string resolved(const std::string& path, const std::string& folder) {
    return path.starts_with('/') ? path : (fs::path(folder) / path).lexically_normal().string();
}

std::string shipped_names(std::string_view folder, std::string_view ending, char stop_at) {
    std::string list;
    for (std::string_view file : shipped_files()) {
        if (!file.starts_with(folder) || !file.ends_with(ending)) continue;
        file.remove_prefix(folder.size());
        file.remove_suffix(ending.size());
        file = file.substr(0, file.find(stop_at));
        if ((", " + list + ",").find(", " + std::string(file) + ",") != std::string::npos) continue;
        list += (list.empty() ? "" : ", ") + std::string(file);
    }
    return list;
}

void adopt(YamlDocument& document, const std::string& pointer, bj::value& slot,
           YamlDocument&& part) {
    slot = std::move(part.value);
    document.places.values.erase(pointer);
    document.places.values.merge(part.places.values);
    document.places.keys.merge(part.places.keys);
}

void inline_profile(YamlDocument& document, bj::value& slot, const std::string& pointer,
                    const std::string& folder, std::vector<Problem>& problems) {
    const std::string name(slot.get_string().data(), slot.get_string().size());
    const Place here = document.places.find(pointer, false);
    if (names_a_path(name, ".yaml")) {
        const std::string path = resolved(name, folder);
        std::vector<Problem> own;
        const std::optional<std::string> text = read_file(path, own);
        if (!text) {
            problems.emplace_back(here.file, here.line, here.column,
                                  own.front().file + ": " + own.front().message);
            return;
        }
        adopt(document, pointer, slot, read_yaml(*text, path, pointer, problems));
        return;
    }
    if (!shipped_file("profiles/" + name + ".yaml")) {
        problems.emplace_back(here.file, here.line, here.column,
                              "no profile \"" + name + "\" is shipped; give a path, or one of: " +
                                  shipped_names("profiles/", ".yaml", '\n'));
        return;
    }
    adopt(document, pointer, slot, read_shipped("profiles/" + name + ".yaml", pointer, problems));
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : std::string(text) + ",") {
        if (c == ',') {
            if (!name.empty()) names.push_back(name);
            name.clear();
        } else if (c != ' ') {
            name += c;
        }
    }
    return names;
}

// `key: value` lines, an empty line, then the text.
bj::value parse_mail_template(std::string_view text, const std::string& file,
                              const std::string& pointer, SourceMap& places,
                              std::vector<Problem>& problems) {
    bj::object mail;
    std::size_t line = 0;
    places.values[pointer] = Place{file, 1, 1};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view row = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line;
        if (row.empty()) break;
        const std::size_t colon = row.find(": ");
        const std::string key(row.substr(0, colon));
        if (colon == std::string_view::npos || (key != "subject" && key != "needs") ||
            mail.contains(key)) {
            problems.emplace_back(
                file, line, 1,
                "must be `subject: ...` or `needs: ...`, once each, then an empty line");
            break;
        }
        places.values[pointer + "/" + key] = Place{file, line, colon + 3};
        if (key == "subject") {
            mail["subject"] = bj::string(row.substr(colon + 2));
        } else {
            bj::array needs;
            for (const std::string& name : split_names(row.substr(colon + 2)))
                needs.emplace_back(bj::string(name));
            mail["needs"] = std::move(needs);
        }
    }
    places.values[pointer + "/text"] = Place{file, line + 1, 1};
    mail["text"] = bj::string(text);
    return mail;
}

void inline_template(YamlDocument& document, bj::value& slot, const std::string& pointer,
                     const std::string& folder, std::vector<Problem>& problems) {
    const std::string name(slot.get_string().data(), slot.get_string().size());
    const Place here = document.places.find(pointer, false);
    const bool on_disk = names_a_path(name, "-");
    const std::string stem = on_disk ? resolved(name, folder) : "templates/" + name;
    YamlDocument part;
    part.places.values[pointer] = here;
    bj::object mails;
    for (const auto& kind : domain::words<domain::Kind>()) {
        const std::string file = stem + "-" + std::string(kind.name) + ".mustache";
        std::optional<std::string> text;
        if (on_disk) {
            std::error_code failure;
            if (fs::exists(file, failure)) text = read_file(file, problems);
        } else if (const auto shipped = shipped_file(file)) {
            text = std::string(*shipped);
        }
        if (!text) continue;
        mails[kind.name] = parse_mail_template(*text, on_disk ? file : "shipped:" + file,
                                               pointer + "/mails/" + std::string(kind.name),
                                               part.places, problems);
    }
    if (mails.empty()) {
        problems.emplace_back(
            here.file, here.line, here.column,
            on_disk ? "there is no " + stem + "-reissue.mustache (or another kind's)"
                    : "no template \"" + name + "\" is shipped; give a path without its " +
                          "-KIND.mustache, or one of: " +
                          shipped_names("templates/", ".mustache", '-'));
        return;
    }
    bj::object whole;
    whole["name"] = name;
    whole["mails"] = std::move(mails);
    part.value = std::move(whole);
    adopt(document, pointer, slot, std::move(part));
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::vector<Problem>& problems) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (status.type() == fs::file_type::not_found) {
        problems.emplace_back(path, 0, 0, "cannot read: there is no such file");
        return std::nullopt;
    }
    if (status.type() != fs::file_type::regular) {
        problems.emplace_back(path, 0, 0,
                              failure ? "cannot read: " + failure.message()
                                      : "cannot read: it is not a regular file");
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        problems.emplace_back(path, 0, 0, "cannot read: it may not be opened by this user");
        return std::nullopt;
    }
    std::string text(kMaxYamlBytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxYamlBytes) {
        problems.emplace_back(path, 0, 0, "cannot read: it is larger than 1 MiB");
        return std::nullopt;
    }
    return text;
}

YamlDocument read_shipped(const std::string& name, const std::string& pointer,
                          std::vector<Problem>& problems) {
    return read_yaml(shipped_file(name).value_or(""), "shipped:" + name, pointer, problems);
}

void inline_adapter_files(YamlDocument& document, const std::string& folder,
                          std::vector<Problem>& problems) {
    bj::object* root = document.value.if_object();
    bj::value* adapters = root == nullptr ? nullptr : root->if_contains("adapters");
    if (adapters == nullptr || !adapters->is_object()) return;
    for (auto& adapter : adapters->get_object()) {
        bj::object* settings = adapter.value().if_object();
        if (settings == nullptr) continue;
        const std::string at = "/adapters/" + json::pointer_segment(std::string_view(
                                                  adapter.key().data(), adapter.key().size()));
        bj::value* profile = settings->if_contains("profile");
        if (profile != nullptr && profile->is_string())
            inline_profile(document, *profile, at + "/profile", folder, problems);
        bj::value* mail = settings->if_contains("template");
        if (mail != nullptr && mail->is_string())
            inline_template(document, *mail, at + "/template", folder, problems);
    }
}

}  // namespace cabroker::config
