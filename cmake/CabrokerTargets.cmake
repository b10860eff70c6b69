# One folder = one library: cabroker_library(name SOURCES a.cpp ... USES target ...).
# An interface-only folder names no SOURCES.

function(cabroker_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
    if(arg_SOURCES)
        add_library(${name} STATIC ${arg_SOURCES})
        target_link_libraries(${name} PUBLIC cabroker_flags ${arg_USES} PRIVATE ${arg_PRIVATE_USES})
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE cabroker_flags ${arg_USES})
    endif()
endfunction()

function(cabroker_program name)
    cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE cabroker_flags ${arg_USES})
endfunction()

# What each test's environment says to the sanitizers. Freed memory is overwritten, so that a library built without
# them does not find its old content there.
set(CABROKER_SANITIZER_OPTIONS
    "ASAN_OPTIONS=detect_stack_use_after_return=0:abort_on_error=0:max_free_fill_size=4096:free_fill_byte=222"
    "UBSAN_OPTIONS=print_stacktrace=1")

# cabroker_test(name SOURCES a_test.cpp ... USES target ...): one GoogleTest program, one ctest entry.
function(cabroker_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE cabroker_flags ${arg_USES} GTest::gtest GTest::gmock GTest::gtest_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "${CABROKER_SANITIZER_OPTIONS}")
endfunction()
