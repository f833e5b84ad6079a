// Catch2's main, shared by every unit test executable: compiling it costs seconds, so it is compiled once.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
