# Writes a source with the texts of files: cmake -DOUTPUT=x.cpp -DROOT=dir "-DFILES=a,b" -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(table "")
foreach(file IN LISTS files)
    file(READ "${ROOT}/${file}" text)
    string(APPEND table "    {\"${file}\", R\"shipped(${text})shipped\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"config/shipped_table.hpp\"

namespace cabroker::config {

const std::vector<ShippedFile>& shipped_table() {
    static const std::vector<ShippedFile> kTable{
${table}    };
    return kTable;
}

}  // namespace cabroker::config
")
