// Declares every function of our lists again behind AMD's own header (HIP 5.2), in AMD's types: a
// difference in a parameter or result does not compile, because two extern "C" functions of one
// name must be the same.
#define __HIP_DISABLE_CPP_FUNCTIONS__ 1
#include <hip/hip_runtime_api.h>

#include <catch2/catch.hpp>
#include <dlfcn.h>
#include <string_view>

// What HIP 5.2 calls by another name or does not have.
using hipDeviceProp_tR0000 = hipDeviceProp_t;
struct hipDeviceProp_tR0600;

extern "C" {
#define HIP_FUNCTION(presence, result, name, parameters) result name parameters;
#include "runtime/hip/hip_functions.def"
#include "runtime/hip/hip_program_functions.def"
#undef HIP_FUNCTION
}

TEST_CASE("the installed libamdhip64.so.5 has every function marked `always`") {
  void *library = dlopen("libamdhip64.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    WARN("skipped: no libamdhip64.so.5");
    return;
  }
  enum Presence { always, optional };
  unsigned missing = 0;
#define HIP_FUNCTION(presence, result, name, parameters)                                           \
  {                                                                                                \
    INFO(#name);                                                                                   \
    bool there = dlsym(library, #name) != nullptr;                                                 \
    CHECK((presence == optional || there));                                                        \
    missing += !there;                                                                             \
  }
#include "runtime/hip/hip_functions.def"
#include "runtime/hip/hip_program_functions.def"
#undef HIP_FUNCTION
  CHECK(missing > 0); // `optional` is there for a reason: 5.2 lacks hipDeviceSetLimit, among others
}
