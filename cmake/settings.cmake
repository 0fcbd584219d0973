# Language, warnings, sanitizers and tools: what every target shares.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

option(ROWHAUL_TESTS "Build the tests" ON)
option(ROWHAUL_BENCHMARKS "Build the micro-benchmarks" OFF)
option(ROWHAUL_FUZZERS "Build the fuzzers (clang only)" OFF)
set(ROWHAUL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wcast-align -Wformat=2 -Werror)
# A member that is not named has its default: that is what designated initialisers are for.
add_compile_options(-Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Known false positives of g++ 12 in optimised standard library code.
  add_compile_options(-Wno-restrict -Wno-dangling-pointer -Wno-maybe-uninitialized)
endif()
if(ROWHAUL_SANITIZE)
  add_compile_options(-fsanitize=${ROWHAUL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ROWHAUL_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The sanitizers' own checks confuse this one at -O1.
    add_compile_options(-Wno-stringop-overflow)
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # One cache for every checkout of the project, wherever it lies.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                  CCACHE_SLOPPINESS=time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
