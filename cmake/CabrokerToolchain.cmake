# Compiler flags, sanitizers, ccache and mold: what every target is built with.

set(CABROKER_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

add_library(cabroker_flags INTERFACE)
target_compile_options(cabroker_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these inside the standard library's and Boost's inlined code.
    target_compile_options(cabroker_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
    if(CMAKE_BUILD_TYPE MATCHES "Rel")
        # g++ 12 at -O2 takes the frame of an inlined coroutine for memory of another allocator.
        target_compile_options(cabroker_flags INTERFACE -Wno-mismatched-new-delete)
    endif()
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A source that another one includes counts as a header for this warning.
    target_compile_options(cabroker_flags INTERFACE -Wno-subobject-linkage)
endif()
target_include_directories(cabroker_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(cabroker_flags INTERFACE
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
    # Else each coroutine frame is an aligned_alloc(), which jemalloc has no quick way for.
    BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)

add_compile_options(-fstack-protector-strong)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_compile_definitions(_FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
    add_link_options(-Wl,-z,relro,-z,now)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-pie)

if(CABROKER_SANITIZE)
    add_compile_options(-fsanitize=${CABROKER_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CABROKER_SANITIZE})
    if(CABROKER_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    if(CABROKER_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(cabroker_flags INTERFACE -Wno-tsan)
    endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
endif()
