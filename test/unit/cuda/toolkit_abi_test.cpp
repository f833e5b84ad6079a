// Our ABI against a toolkit's cuda.h. This file sees cuda.h's types; ours come in as numbers from
// abi_layout.cpp, and the prototypes of cuda_api.h are compiled after cuda.h, so that one that
// differs is an error here.
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#include "runtime/cuda/cuda_api.h"

#include <catch2/catch.hpp>

#include "test/unit/cuda/abi_layout.h"

#include <string>

TEST_CASE("enumerators have cuda.h's values") {
#define W2W_CUDA_ENUM(type, tag)
#define W2W_CUDA_VALUE(name, number)                                                               \
  {                                                                                                \
    INFO(#name);                                                                                   \
    CHECK(static_cast<long long>(name) == static_cast<long long>(number));                         \
  }
#define W2W_CUDA_END(type)
#if CUDA_VERSION >= 13000 && CUDA_VERSION < 13010
#include "runtime/cuda/cuda_enums.def"
#else
  WARN("cuda.h is not of CUDA 13.0: enumerators are not compared");
#endif
}

TEST_CASE("structures have cuda.h's layout") {
  std::map<std::string, size_t> ours = abi_layout();
  for (const auto &[what, number] : [] {
         std::map<std::string, size_t> theirs;
#define W2W_SIZE(type) theirs["sizeof " #type] = sizeof(type);
#define W2W_OFFSET(type, member) theirs[#type "." #member] = offsetof(type, member);
#include "test/unit/cuda/abi_layout.def"
#undef W2W_SIZE
#undef W2W_OFFSET
         return theirs;
       }()) {
    INFO(what);
    CHECK(ours.at(what) == number);
  }
}
