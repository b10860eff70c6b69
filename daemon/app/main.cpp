#include "daemon/app/app.hpp"

int main(int argc, char** argv) { return cabroker::app::run(argc, argv); }
