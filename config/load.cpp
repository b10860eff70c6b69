#include "config/load.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <tuple>

#include "config/profile_decode.hpp"
#include "config/settings_decode.hpp"
#include "config/sources.hpp"
#include "config/yaml.hpp"

namespace cabroker::config {
namespace {

namespace bj = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kUnknown = "remove this member: it is not known here";

// `/adapters/portal/accounts/0` as `adapters.portal.accounts[0]`.
std::string readable(std::string_view pointer) {
    std::string out;
    while (pointer.starts_with('/')) {
        pointer.remove_prefix(1);
        const std::size_t end = std::min(pointer.find('/'), pointer.size());
        std::string part(pointer.substr(0, end));
        pointer.remove_prefix(end);
        for (std::size_t at = 0; (at = part.find('~', at)) != std::string::npos; ++at)
            part.replace(at, 2, part.compare(at, 2, "~1") == 0 ? "/" : "~");
        const bool index =
            !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
        if (index) {
            out += "[" + part + "]";
        } else {
            out += (out.empty() ? "" : ".") + part;
        }
    }
    return out;
}

std::string message_of(const domain::FieldProblem& problem) {
    const std::string path = readable(problem.pointer);
    if (problem.code == "unknown_field") {
        const std::size_t slash = problem.pointer.rfind('/');
        const std::string parent = readable(std::string_view(problem.pointer).substr(0, slash));
        const std::string key = path.substr(parent.empty() ? 0 : parent.size() + 1);
        std::string text = "unknown key \"" + key + "\"" + (parent.empty() ? "" : " in " + parent);
        if (problem.detail.starts_with(kUnknown))
            return text + problem.detail.substr(kUnknown.size());
        return text + "; " + problem.detail;
    }
    if (problem.code == "required" && problem.detail == "give this member")
        return path + " is missing";
    std::string detail = problem.detail;
    if (detail == "must be an object") detail = "must be a map";
    if (detail == "must be an array of strings") detail = "must be a list of strings";
    return path.empty() ? detail : path + ": " + detail;
}

void add_all(const json::Problems& found, const SourceMap& places, std::vector<Problem>& problems) {
    for (const domain::FieldProblem& problem : found) {
        const Place place = places.find(problem.pointer, problem.code == "unknown_field");
        problems.emplace_back(place.file, place.line, place.column, message_of(problem));
    }
}

void sort_unique(std::vector<Problem>& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
    });
    problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
}

std::vector<std::string> parts_beside(const fs::path& main) {
    std::vector<std::string> files;
    std::error_code failure;
    for (fs::directory_iterator at(main.parent_path() / "conf.d", failure), end;
         !failure && at != end; at.increment(failure)) {
        const std::string name = at->path().filename().string();
        if (name.ends_with(".yaml") && !name.starts_with('.')) files.push_back(at->path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

YamlDocument read_and_merge(const fs::path& main, std::vector<Problem>& problems) {
    YamlDocument merged;
    std::vector<std::string> files{main.string()};
    for (std::string& part : parts_beside(main)) files.push_back(std::move(part));
    for (const std::string& file : files) {
        const std::optional<std::string> text = read_file(file, problems);
        if (!text) continue;
        YamlDocument document = read_yaml(*text, file, "", problems);
        if (!document.value.is_object() && !document.value.is_null()) {
            problems.emplace_back(file, 1, 1, "must be a map of settings");
            continue;
        }
        merge(merged, std::move(document));
    }
    if (merged.value.is_null()) merged.value = bj::object();
    if (!merged.places.values.contains("")) merged.places.values[""] = Place{main.string(), 1, 1};
    return merged;
}

// Shipped values first, so that what the files say goes on top of them.
void put_below(YamlDocument& document, const std::string& key, const std::string& shipped,
               std::vector<Problem>& problems) {
    YamlDocument base;
    YamlDocument part = read_shipped(shipped, "/" + key, problems);
    bj::object root;
    root[key] = std::move(part.value);
    base.value = std::move(root);
    base.places = std::move(part.places);
    const Place whole = document.places.find("", false);
    const bj::value* own = document.value.get_object().if_contains(key);
    if (own != nullptr && own->is_null()) document.value.get_object().erase(key);
    merge(base, std::move(document));
    base.places.values[""] = whole;
    document = std::move(base);
}

bool is_missing(const std::string& path) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    return status.type() == fs::file_type::not_found;
}

void check_file(const std::optional<std::string>& path, const std::string& pointer,
                json::Problems& problems) {
    if (path && path->starts_with('/') && is_missing(*path))
        problems.emplace_back(pointer, "bad_format", "there is no file " + *path);
}

void check_files(const Settings& settings, bool roots_given, json::Problems& problems) {
    for (const auto& [name, adapter] : settings.adapters) {
        if (const auto* portal = std::get_if<GuestPortalSettings>(&adapter.details))
            check_file(portal->ca_file, "/adapters/" + json::pointer_segment(name) + "/ca_file",
                       problems);
    }
    for (const auto& [name, mailer] : settings.mailers)
        check_file(mailer.ca_file, "/mailers/" + json::pointer_segment(name) + "/ca_file",
                   problems);
    for (const auto& [name, mailbox] : settings.mailboxes)
        check_file(mailbox.ca_file, "/mailboxes/" + json::pointer_segment(name) + "/ca_file",
                   problems);
    for (std::size_t at = 0; roots_given && at < settings.certificate_roots.size(); ++at)
        check_file(settings.certificate_roots[at], "/certificate_roots/" + std::to_string(at),
                   problems);
}

}  // namespace

std::string Problem::text() const {
    if (line == 0) return file + ": " + message;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

std::string LoadResult::text() const {
    std::string out;
    for (const Problem& problem : problems) out += problem.text() + "\n";
    return out;
}

LoadResult load(const std::string& path) {
    LoadResult result;
    std::error_code failure;
    const fs::path main = fs::absolute(path, failure).lexically_normal();
    YamlDocument document = read_and_merge(main, result.problems);
    const bool broken = !result.problems.empty();
    const std::string effective = bj::serialize(document.value);
    const bj::object& written = document.value.get_object();
    const bj::value* routes = written.if_contains("routes");
    const bool shipped_routes = routes == nullptr || routes->is_null();
    const bool roots_given = written.contains("certificate_roots");
    if (shipped_routes) put_below(document, "routes", "routes.yaml", result.problems);
    put_below(document, "brands", "brands.yaml", result.problems);
    put_below(document, "policy", "policy.yaml", result.problems);
    inline_adapter_files(document, main.parent_path().string(), result.problems);

    json::Problems found;
    DecodedSettings decoded = decode_settings(document.value, shipped_routes, found);
    check_files(decoded.settings, roots_given, found);
    // What a file that could not be read does not say is not missing.
    if (broken)
        std::erase_if(found, [](const auto& problem) { return problem.code == "required"; });
    add_all(found, document.places, result.problems);
    add_all(decoded.warnings, document.places, result.warnings);
    sort_unique(result.problems);
    sort_unique(result.warnings);
    if (!result.problems.empty()) return result;
    decoded.settings.file = main.string();
    decoded.settings.effective_json = effective;
    result.settings = std::make_shared<const Settings>(std::move(decoded.settings));
    return result;
}

std::vector<Problem> check_profile(const std::string& path, const XPathJudge& judge) {
    std::vector<Problem> problems;
    const std::optional<std::string> text = read_file(path, problems);
    if (!text) return problems;
    const YamlDocument document = read_yaml(*text, path, "", problems);
    if (!problems.empty()) return problems;
    json::Problems found;
    (void)decode_portal_profile(document.value, "", found);
    if (judge && found.empty()) {
        for (const ProfileXPath& xpath : xpaths_of(document.value)) {
            std::string why = judge(xpath.text);
            if (!why.empty()) found.emplace_back(xpath.pointer, "bad_format", std::move(why));
        }
    }
    add_all(found, document.places, problems);
    sort_unique(problems);
    return problems;
}

}  // namespace cabroker::config
