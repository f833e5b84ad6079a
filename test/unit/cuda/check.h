// Checks for test programs that are no Catch2 executables, because they start new or in a given
// environment.
#pragma once

#include <cstdio>

inline int failed_checks = 0;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      ++failed_checks;                                                                             \
      std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                 \
    }                                                                                              \
  } while (0)

#define CHECK_CU(call)                                                                             \
  do {                                                                                             \
    CUresult check_result = call;                                                                  \
    if (check_result != CUDA_SUCCESS) {                                                            \
      const char *check_name = nullptr;                                                            \
      cuGetErrorName(check_result, &check_name);                                                   \
      ++failed_checks;                                                                             \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, check_name, #call);              \
    }                                                                                              \
  } while (0)
