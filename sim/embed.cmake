# Writes the built-in files into one source: cmake -DOUTPUT=... -DBASE=... -DFILES=a,b -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(text "#include \"sim/pages.hpp\"\n\nnamespace cabroker::sim {\n\nstd::string_view embedded_file(std::string_view name) {\n")
foreach(file IN LISTS files)
    file(READ "${BASE}/${file}" content)
    string(APPEND text "    if (name == \"${file}\") return R\"~~~~(${content})~~~~\";\n")
endforeach()
string(APPEND text "    return {};\n}\n\n}  // namespace cabroker::sim\n")
file(WRITE "${OUTPUT}" "${text}")
