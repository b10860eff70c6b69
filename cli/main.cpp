#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.hpp"

int main(int argc, char** argv) {
    try {
        return cabroker::cli::run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::exception& bug) {
        std::cerr << "cabroker: this is a bug: " << bug.what() << '\n';
        return 1;
    }
}
