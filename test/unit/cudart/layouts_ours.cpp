#include "runtime/cudart/cudart_abi.h"
#include "test/unit/cudart/layouts.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

using namespace w2w::rt;
using DeviceProp = cudaDeviceProp<13>;

std::vector<Layout> our_layouts() {
  return {
#define LAYOUT_DEVICE_PROP DeviceProp
#define LAYOUT_SIZE(type) {"size", sizeof(type)},
#define LAYOUT_FIELD(type, field) {#field, offsetof(type, field)},
#define LAYOUT_VALUE(name) {#name, name},
#include "test/unit/cudart/layouts.inc"
  };
}
