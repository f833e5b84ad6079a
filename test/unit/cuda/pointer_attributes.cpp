// What the driver says about pointers: of memory that the program has allocated, in each way, and
// of a module's variables, which no one can free. CUDA driver API, "Unified Addressing".
#include "test/unit/cuda/in_context.h"

#include <initializer_list>

namespace {

const char kModule[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .global .align 8 .b8 variable[48] = {1, 2, 3};
.visible .const .align 4 .b8 constant[16];
.visible .global .attribute(.managed) .align 8 .b8 managed_variable[24];
.visible .entry use()
{
  ret;
}
)";

template <typename Value> Value attribute(CUpointer_attribute which, CUdeviceptr pointer) {
  Value value{};
  CHECK_CU(cuPointerGetAttribute(&value, which, pointer));
  return value;
}

/// Where memory lies: on the device, unless the host has it or shares it.
struct Expected {
  bool host = false, managed = false;
};

void check(CUdeviceptr pointer, const Expected &expected) {
  CUcontext context = nullptr;
  CHECK_CU(cuCtxGetCurrent(&context));
  CHECK(attribute<CUcontext>(CU_POINTER_ATTRIBUTE_CONTEXT, pointer) == context);
  CHECK(attribute<unsigned>(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, pointer) ==
        (expected.host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE));
  CHECK(attribute<unsigned>(CU_POINTER_ATTRIBUTE_IS_MANAGED, pointer) == expected.managed);
  CHECK(attribute<int>(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, pointer) == 0);
  if (!expected.host)
    CHECK(attribute<CUdeviceptr>(CU_POINTER_ATTRIBUTE_DEVICE_POINTER, pointer) == pointer);
  CHECK(attribute<CUdeviceptr>(CU_POINTER_ATTRIBUTE_HOST_POINTER, pointer) ==
        (expected.host || expected.managed ? pointer : 0));
  const auto start = attribute<CUdeviceptr>(CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, pointer);
  const auto size = attribute<size_t>(CU_POINTER_ATTRIBUTE_RANGE_SIZE, pointer);
  CHECK(start <= pointer && pointer < start + size);
  CUdeviceptr base = 0;
  size_t bytes = 0;
  CHECK_CU(cuMemGetAddressRange_v2(&base, &bytes, pointer));
  CHECK(base == start && bytes == size);
}

CUdeviceptr variable(CUmodule module, const char *name, size_t expected) {
  CUdeviceptr address = 0;
  size_t bytes = 0;
  CHECK_CU(cuModuleGetGlobal_v2(&address, &bytes, module, name));
  CHECK(bytes == expected);
  return address;
}

void allocations() {
  CUdeviceptr device = 0, shared = 0;
  void *host = nullptr;
  CHECK_CU(cuMemAlloc_v2(&device, 100));
  CHECK_CU(cuMemAllocManaged(&shared, 100, CU_MEM_ATTACH_GLOBAL));
  CHECK_CU(cuMemHostAlloc(&host, 100, 0));
  check(device + 99, {});
  check(shared + 50, {.managed = true});
  check(reinterpret_cast<CUdeviceptr>(host) + 1, {.host = true});
  CHECK_CU(cuMemFree_v2(device));
  CHECK_CU(cuMemFree_v2(shared));
  CHECK_CU(cuMemFreeHost(host));
  CUcontext context = nullptr;
  CHECK(cuPointerGetAttribute(&context, CU_POINTER_ATTRIBUTE_CONTEXT, device) ==
        CUDA_ERROR_INVALID_VALUE);
}

void variables() {
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, kModule));
  const CUdeviceptr global = variable(module, "variable", 48),
                    constant = variable(module, "constant", 16),
                    managed = variable(module, "managed_variable", 24);
  check(global, {});
  check(global + 47, {});
  check(constant + 15, {});
  check(managed, {.managed = true});
  check(managed + 23, {.managed = true});
  // The program did not allocate them.
  for (CUdeviceptr pointer : {global, constant, managed})
    CHECK(cuMemFree_v2(pointer) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuMemPrefetchAsync(managed, 24, 0, nullptr));
  CHECK(cuMemPrefetchAsync(global, 48, 0, nullptr) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuModuleUnload(module));
  CUcontext context = nullptr;
  for (CUdeviceptr pointer : {global, constant, managed})
    CHECK(cuPointerGetAttribute(&context, CU_POINTER_ATTRIBUTE_CONTEXT, pointer) ==
          CUDA_ERROR_INVALID_VALUE);
}

} // namespace

int main() {
  return run_in_context("pointer_attributes", allocations, variables);
}
