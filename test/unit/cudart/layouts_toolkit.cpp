// Compiled against a toolkit's own header where CMake found one of version 13.
#include "test/unit/cudart/layouts.h"

#ifdef W2W_HAVE_TOOLKIT
#include <cstddef>
#include <cuda_runtime_api.h>

std::vector<Layout> toolkit_layouts() {
  return {
#define LAYOUT_DEVICE_PROP cudaDeviceProp
#define LAYOUT_SIZE(type) {"size", sizeof(type)},
#define LAYOUT_FIELD(type, field) {#field, offsetof(type, field)},
#define LAYOUT_VALUE(name) {#name, name},
#include "test/unit/cudart/layouts.inc"
  };
}
#else
std::vector<Layout> toolkit_layouts() {
  return {};
}
#endif
