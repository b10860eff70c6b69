#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>

#include "cli/command.hpp"

namespace cabroker::cli {
namespace {

// "-o,--output" as "-o --output".
std::string option_words(const std::vector<Option>& options) {
    std::string words;
    for (const Option& option : options) {
        for (const char c : option.names) words += c == ',' ? ' ' : c;
        words += ' ';
    }
    return words;
}

// For each path ("", "request", "request show"): the words that may follow.
std::map<std::string, std::string> words_by_path() {
    std::map<std::string, std::set<std::string>> next;
    std::map<std::string, std::string> words;
    for (const Command& command : commands()) {
        std::istringstream parts(command.path);
        std::string path;
        for (std::string part; parts >> part; path += (path.empty() ? "" : " ") + part) {
            next[path].insert(part);
        }
        words[command.path] = option_words(command.options);
    }
    for (const auto& [path, names] : next) {
        for (const std::string& name : names) words[path] += name + ' ';
    }
    words["completion"] += "bash zsh ";
    words["route preview"] += "status reissue revoke cancel download transfer ";
    return words;
}

}  // namespace

std::string completion_script(std::string_view shell) {
    std::string out =
        shell == "zsh" ? "#compdef cabroker\nautoload -U +X bashcompinit && bashcompinit\n" : "";
    out +=
        "# completion for cabroker\n_cabroker() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word "
        "words\n"
        "    case $prev in\n"
        "        -o|--output) COMPREPLY=($(compgen -W 'table wide json jsonl yaml csv name' -- "
        "\"$cur\")); return;;\n"
        "        --color) COMPREPLY=($(compgen -W 'auto always never' -- \"$cur\")); return;;\n"
        "        --csr|--value-file|--certificate|-s|--socket|import|inspect) COMPREPLY=($(compgen "
        "-f -- \"$cur\")); return;;\n"
        "        --out) COMPREPLY=($(compgen -d -- \"$cur\")); return;;\n"
        "    esac\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case \"${path:+$path }$word\" in\n";
    std::string known;
    std::string table;
    for (const auto& [path, words] : words_by_path()) {
        if (!path.empty()) known += fmt::format("{}'{}'", known.empty() ? "" : "|", path);
        table += fmt::format("        '{}') words='{}';;\n", path, words);
    }
    out += fmt::format(
        "            {}) path=\"${{path:+$path }}$word\";;\n        esac\n    done\n", known);
    out += "    case $path in\n" + table + "    esac\n";
    out += fmt::format("    COMPREPLY=($(compgen -W \"$words {}\" -- \"$cur\"))\n}}\n",
                       option_words(global_options()));
    return out + "complete -F _cabroker cabroker\n";
}

}  // namespace cabroker::cli
