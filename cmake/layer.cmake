# A room is a folder and a static library. layers.txt says which rooms it may include; a room gets
# exactly those include paths and nothing transitively, so that a forbidden include fails to compile.

# Each visible room shows its headers through a folder that holds one link, named like the room.
set(WEIR_ROOMS_DIR ${PROJECT_BINARY_DIR}/rooms)

function(weir_read_layers file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^[a-z]")
  set(rooms "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE " +" ";" words "${line}")
    list(POP_FRONT words wing room)
    if(wing STREQUAL "external")
      set_property(GLOBAL APPEND PROPERTY weir_external_${room} ${words})
      continue()
    endif()
    list(APPEND rooms ${room})
    set_property(GLOBAL PROPERTY weir_wing_${room} ${wing})
    set_property(GLOBAL PROPERTY weir_sees_${room} "${words}")
    file(MAKE_DIRECTORY ${WEIR_ROOMS_DIR}/${room})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${wing}/${room} ${WEIR_ROOMS_DIR}/${room}/${room}
         SYMBOLIC)
  endforeach()
  set_property(GLOBAL PROPERTY weir_rooms "${rooms}")
endfunction()

function(weir_add_rooms)
  get_property(rooms GLOBAL PROPERTY weir_rooms)
  foreach(room IN LISTS rooms)
    get_property(wing GLOBAL PROPERTY weir_wing_${room})
    if(EXISTS ${PROJECT_SOURCE_DIR}/src/${wing}/${room}/CMakeLists.txt)
      add_subdirectory(src/${wing}/${room})
    endif()
  endforeach()
endfunction()

# The room itself and all rooms it may see, as include paths of a target.
function(weir_see target)
  foreach(room IN LISTS ARGN)
    target_include_directories(${target} PRIVATE ${WEIR_ROOMS_DIR}/${room})
  endforeach()
endfunction()

# weir_layer(room FILES a.c b.c): the library of the room in the current folder.
function(weir_layer room)
  cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
  get_property(sees GLOBAL PROPERTY weir_sees_${room})
  get_property(parts GLOBAL PROPERTY weir_external_${room})
  add_library(${room} STATIC ${arg_FILES})
  weir_see(${room} ${room} ${sees})
  foreach(other IN LISTS sees)
    get_property(wing GLOBAL PROPERTY weir_wing_${other})
    if(EXISTS ${PROJECT_SOURCE_DIR}/src/${wing}/${other}/CMakeLists.txt)
      target_link_libraries(${room} PUBLIC ${other})
    endif()
  endforeach()
  foreach(part IN LISTS parts)
    weir_external(${room} ${part})
  endforeach()
endfunction()

# weir_test(wing/room/test_x LAYERS room… [FILES more.c]): one cmocka program a source file.
function(weir_test name)
  cmake_parse_arguments(arg "" "" "LAYERS;FILES" ${ARGN})
  string(REPLACE "/" "." target ${name})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${name}.c ${arg_FILES})
  weir_see(${target} ${arg_LAYERS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${arg_LAYERS} cmocka m)
  target_compile_definitions(${target} PRIVATE WEIR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# weir_fault(wing/room/test_x): allocations of that test can fail (tests/fault_memory.h).
function(weir_fault name)
  string(REPLACE "/" "." target ${name})
  target_link_options(${target} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
endfunction()

# weir_fuzz(name LAYERS room…): libFuzzer with the fuzz preset, else a plain program that replays
# fuzz/seeds/<name> under ctest.
function(weir_fuzz name)
  cmake_parse_arguments(arg "" "" "LAYERS;FILES" ${ARGN})
  set(target fuzz_${name})
  if(WEIR_FUZZ)
    add_executable(${target} ${PROJECT_SOURCE_DIR}/fuzz/${target}.c ${arg_FILES})
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${target} ${PROJECT_SOURCE_DIR}/fuzz/${target}.c
                   ${PROJECT_SOURCE_DIR}/fuzz/replay.c ${arg_FILES})
    add_test(NAME fuzz/${name} COMMAND ${target} ${PROJECT_SOURCE_DIR}/fuzz/seeds/${name})
  endif()
  weir_see(${target} ${arg_LAYERS})
  target_link_libraries(${target} PRIVATE ${arg_LAYERS} m)
endfunction()

# weir_bench(name LAYERS room…): built with everything, run by `make bench`.
function(weir_bench name)
  cmake_parse_arguments(arg "" "" "LAYERS;FILES" ${ARGN})
  set(target bench_${name})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/bench/${target}.c ${arg_FILES})
  weir_see(${target} ${arg_LAYERS})
  target_link_libraries(${target} PRIVATE ${arg_LAYERS} m)
endfunction()
