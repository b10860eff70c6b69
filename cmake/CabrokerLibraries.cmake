# The libraries of Debian 12 that the house is built with.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
if(CABROKER_TESTS)
    find_package(GTest REQUIRED)
endif()

# Asio and Beast compiled once (BOOST_*_SEPARATE_COMPILATION), not in every source.
add_library(cabroker_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cpp)
target_compile_definitions(cabroker_asio PUBLIC
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
    BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)
target_link_libraries(cabroker_asio PUBLIC Boost::headers Threads::Threads)
add_library(cabroker_beast STATIC ${CMAKE_SOURCE_DIR}/cmake/beast.cpp)
target_link_libraries(cabroker_beast PUBLIC cabroker_asio)

# The allocator of the long-running programs. Measured: a request is a fifth allocation, and this one takes about half of
# the C library's time for it. Sanitizers bring their own.
add_library(cabroker_malloc INTERFACE)
if(NOT CABROKER_SANITIZE)
    pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
    target_link_libraries(cabroker_malloc INTERFACE PkgConfig::JEMALLOC)
endif()
