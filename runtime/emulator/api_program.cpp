// What HIP programs compiled by clang need: their device code registers itself before main, and
// kernels and variables are named by host addresses. Modules are loaded on a device when something
// of theirs is first used there.
#include "runtime/emulator/api.h"

#include "runtime/emulator/log.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

/// A __managed__ variable: the device's symbol of that name is a pointer to `memory`.
struct ManagedVariable {
  std::string name;
  void *memory;
};

struct Binary {
  const HipFatBinaryWrapper *wrapper = nullptr;
  std::map<int, hipModule_t> modules; // by device
  std::vector<ManagedVariable> managed;
};

struct Registered {
  Binary *binary = nullptr;
  std::string name;
};

struct Registry {
  std::mutex mutex;
  std::map<const void *, Registered> functions, variables; // by host address
};

Registry &registry() {
  static Registry *instance = new Registry(); // programs unregister while the process ends
  return *instance;
}

/// The module of a registered thing on the calling thread's device. Under the registry's mutex.
hipError_t module_of(const Registered &thing, hipModule_t &out) {
  Platform *platform = Platform::get();
  if (!platform)
    return hipErrorNotInitialized;
  hipModule_t &module = thing.binary->modules[Platform::current_index];
  if (!module || !platform->module(module)) { // not yet, or gone with hipDeviceReset
    module = nullptr;
    if (hipError_t error = hipModuleLoadData(&module, thing.binary->wrapper->binary);
        error != hipSuccess)
      return error;
    for (const ManagedVariable &variable : thing.binary->managed) {
      hipDeviceptr_t pointer = nullptr;
      size_t bytes = 0;
      hipError_t error = hipModuleGetGlobal(&pointer, &bytes, module, variable.name.c_str());
      if (error == hipErrorNotFound)
        continue; // no kernel uses it
      if (error == hipSuccess)
        error = bytes == sizeof variable.memory
                    ? hipMemcpyHtoD(pointer, const_cast<void **>(&variable.memory), bytes)
                    : hipErrorInvalidImage;
      if (error != hipSuccess)
        return error;
    }
  }
  out = module;
  return hipSuccess;
}

} // namespace

hipError_t w2w::emu::function_of(const void *host, hipFunction_t &out) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto found = r.functions.find(host);
  if (found == r.functions.end()) {
    Platform *platform = Platform::get();
    if (!platform || !platform->function(host).first)
      return hipErrorInvalidDeviceFunction;
    out = reinterpret_cast<hipFunction_t>(const_cast<void *>(host));
    return hipSuccess;
  }
  hipModule_t module = nullptr;
  if (hipError_t error = module_of(found->second, module); error != hipSuccess)
    return error;
  return hipModuleGetFunction(&out, module, found->second.name.c_str());
}

namespace {

hipError_t variable_of(const void *symbol, uint8_t *&address, size_t &bytes) {
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  auto found = r.variables.find(symbol);
  if (found == r.variables.end())
    return hipErrorInvalidSymbol;
  hipModule_t module = nullptr;
  if (hipError_t error = module_of(found->second, module); error != hipSuccess)
    return error;
  hipDeviceptr_t pointer = nullptr;
  hipError_t error = hipModuleGetGlobal(&pointer, &bytes, module, found->second.name.c_str());
  address = static_cast<uint8_t *>(pointer);
  return error == hipErrorNotFound ? hipErrorInvalidSymbol : error;
}

/// `bytes` of a symbol from `offset` on.
hipError_t part_of(const void *symbol, size_t bytes, size_t offset, void *&pointer) {
  uint8_t *address = nullptr;
  size_t size = 0;
  if (hipError_t error = variable_of(symbol, address, size); error != hipSuccess)
    return error;
  if (offset > size || bytes > size - offset)
    return hipErrorInvalidValue;
  pointer = address + offset;
  return hipSuccess;
}

struct Configuration {
  dim3 grid, block;
  size_t shared_bytes;
  hipStream_t stream;
};
thread_local std::vector<Configuration> g_configurations;

} // namespace

W2W_HIP_EXPORT void **w2w::hip::__hipRegisterFatBinary(const void *wrapper) {
  auto *header = static_cast<const HipFatBinaryWrapper *>(wrapper);
  if (!header || header->magic != kHipFatBinaryMagic || header->version != 1) {
    log_error("a HIP program registers device code of an unknown form");
    return nullptr;
  }
  return reinterpret_cast<void **>(new Binary{header, {}, {}});
}

W2W_HIP_EXPORT void w2w::hip::__hipUnregisterFatBinary(void **handle) {
  auto *binary = reinterpret_cast<Binary *>(handle);
  if (!binary)
    return;
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  std::erase_if(r.functions, [&](const auto &entry) { return entry.second.binary == binary; });
  std::erase_if(r.variables, [&](const auto &entry) { return entry.second.binary == binary; });
  for (auto [device, module] : binary->modules)
    if (module && !g_process_ends)
      (void)hipModuleUnload(module);
  delete binary;
}

W2W_HIP_EXPORT void w2w::hip::__hipRegisterFunction(void **binary, const void *host_function,
                                                    char *, const char *device_name, unsigned,
                                                    void *, void *, dim3 *, dim3 *, int *) {
  if (!binary || !device_name)
    return;
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  r.functions[host_function] = {reinterpret_cast<Binary *>(binary), device_name};
}

W2W_HIP_EXPORT void w2w::hip::__hipRegisterVar(void **binary, void *variable, char *,
                                               char *device_name, int, size_t, int, int) {
  if (!binary || !device_name)
    return;
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  r.variables[variable] = {reinterpret_cast<Binary *>(binary), device_name};
}

W2W_HIP_EXPORT void w2w::hip::__hipRegisterManagedVar(void *handle, void **pointer, void *initial,
                                                      const char *name, size_t bytes, unsigned) {
  if (!handle || !pointer || !name)
    return;
  // Before main: a program without a device keeps the initial value, in the host's memory alone.
  void *memory = nullptr;
  if (hipMallocManaged(&memory, bytes, kMemAttachGlobal) != hipSuccess) {
    log_error("no managed memory for the variable '{}'", name);
    *pointer = initial;
    return;
  }
  memcpy(memory, initial, bytes);
  *pointer = memory;
  Registry &r = registry();
  std::lock_guard lock(r.mutex);
  static_cast<Binary *>(handle)->managed.push_back({name, memory});
}

W2W_HIP_EXPORT hipError_t w2w::hip::__hipPushCallConfiguration(dim3 grid, dim3 block,
                                                               size_t shared_bytes,
                                                               hipStream_t stream) {
  g_configurations.push_back({grid, block, shared_bytes, stream});
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::__hipPopCallConfiguration(dim3 *grid, dim3 *block,
                                                              size_t *shared_bytes,
                                                              hipStream_t *stream) {
  if (g_configurations.empty())
    return note(hipErrorMissingConfiguration);
  const Configuration &top = g_configurations.back();
  *grid = top.grid;
  *block = top.block;
  *shared_bytes = top.shared_bytes;
  *stream = top.stream;
  g_configurations.pop_back();
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipLaunchKernel(const void *function, dim3 grid, dim3 block,
                                                    void **args, size_t shared_bytes,
                                                    hipStream_t stream) {
  hipFunction_t kernel = nullptr;
  if (hipError_t error = function_of(function, kernel); error != hipSuccess)
    return note(error);
  unsigned shared = static_cast<unsigned>(std::min<size_t>(shared_bytes, UINT32_MAX));
  return hipModuleLaunchKernel(kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared,
                               stream, args, nullptr);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipLaunchCooperativeKernel(const void *function, dim3 grid,
                                                               dim3 block, void **args,
                                                               unsigned shared_bytes,
                                                               hipStream_t stream) {
  hipFunction_t kernel = nullptr;
  if (hipError_t error = function_of(function, kernel); error != hipSuccess)
    return note(error);
  return hipModuleLaunchCooperativeKernel(kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                                          shared_bytes, stream, args);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetSymbolAddress(void **pointer, const void *symbol) {
  if (!pointer)
    return note(hipErrorInvalidValue);
  return note(part_of(symbol, 0, 0, *pointer));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetSymbolSize(size_t *bytes, const void *symbol) {
  uint8_t *address = nullptr;
  if (!bytes)
    return note(hipErrorInvalidValue);
  return note(variable_of(symbol, address, *bytes));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyToSymbol(const void *symbol, const void *src,
                                                      size_t bytes, size_t offset,
                                                      hipMemcpyKind kind) {
  void *dst = nullptr;
  if (hipError_t error = part_of(symbol, bytes, offset, dst); error != hipSuccess)
    return note(error);
  return hipMemcpy(dst, src, bytes, kind);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyFromSymbol(void *dst, const void *symbol, size_t bytes,
                                                        size_t offset, hipMemcpyKind kind) {
  void *src = nullptr;
  if (hipError_t error = part_of(symbol, bytes, offset, src); error != hipSuccess)
    return note(error);
  return hipMemcpy(dst, src, bytes, kind);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyToSymbolAsync(const void *symbol, const void *src,
                                                           size_t bytes, size_t offset,
                                                           hipMemcpyKind kind, hipStream_t stream) {
  void *dst = nullptr;
  if (hipError_t error = part_of(symbol, bytes, offset, dst); error != hipSuccess)
    return note(error);
  return hipMemcpyAsync(dst, src, bytes, kind, stream);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyFromSymbolAsync(void *dst, const void *symbol,
                                                             size_t bytes, size_t offset,
                                                             hipMemcpyKind kind,
                                                             hipStream_t stream) {
  void *src = nullptr;
  if (hipError_t error = part_of(symbol, bytes, offset, src); error != hipSuccess)
    return note(error);
  return hipMemcpyAsync(dst, src, bytes, kind, stream);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipOccupancyMaxActiveBlocksPerMultiprocessor(
    int *blocks, const void *function, int block_size, size_t dynamic_shared) {
  hipFunction_t kernel = nullptr;
  if (hipError_t error = function_of(function, kernel); error != hipSuccess)
    return note(error);
  return hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(blocks, kernel, block_size,
                                                            dynamic_shared);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, const void *function, int block_size, size_t dynamic_shared, unsigned flags) {
  hipFunction_t kernel = nullptr;
  if (hipError_t error = function_of(function, kernel); error != hipSuccess)
    return note(error);
  return hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, kernel, block_size,
                                                                     dynamic_shared, flags);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipOccupancyMaxPotentialBlockSize(int *grid_size,
                                                                      int *block_size,
                                                                      const void *function,
                                                                      size_t dynamic_shared,
                                                                      int block_size_limit) {
  hipFunction_t kernel = nullptr;
  if (hipError_t error = function_of(function, kernel); error != hipSuccess)
    return note(error);
  return hipModuleOccupancyMaxPotentialBlockSize(grid_size, block_size, kernel, dynamic_shared,
                                                 block_size_limit);
}
