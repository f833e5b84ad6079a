// Attributes of kernels, occupancy.
// Source: CUDA Driver API, "Execution Control", "Occupancy", "Library Management".
#include "runtime/cuda/function.h"

#include "runtime/fatbin/fatbin.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

constexpr uint32_t kSharedWithoutOptIn = 48 << 10;
/// More than a kernel's barriers ever take of the LDS.
constexpr uint32_t kMostBarrierBytes = 2 << 10;

const abi::KernelSummary &summary_of(const Function &function) {
  return function.module->program->summary().kernels[function.index];
}

/// The kernel's limit on threads a block: the device's, .maxntid, and what its registers leave.
int max_threads(const Function &function, const Device &device) {
  const abi::KernelSummary &kernel = summary_of(function);
  int limit = std::min(device.properties.maxThreadsPerBlock, 1024);
  if (solo_alone(device))
    limit = std::min(limit, static_cast<int>(abi::kMostSoloThreads));
  uint64_t most = uint64_t{kernel.max_threads[0]} * std::max(kernel.max_threads[1], 1u) *
                  std::max(kernel.max_threads[2], 1u);
  if (most > 0)
    limit = static_cast<int>(std::min<uint64_t>(most, static_cast<uint64_t>(limit)));
  return limit;
}

CUresult get_attribute(int *value, CUfunction_attribute attrib, Function &function,
                       Context &context) {
  const abi::ModuleSummary &module = function.module->program->summary();
  const abi::KernelSummary &kernel = summary_of(function);
  switch (attrib) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = max_threads(function, *context.device);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = static_cast<int>(kernel.static_shared);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    *value = static_cast<int>(kernel.const_bytes);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION: {
    // CUB picks tuning policies by these: the PTX that was chosen, and what the device claims to
    // be, never below it.
    uint32_t sm = module.sm;
    uint32_t binary = std::max(driver().cc, sm);
    *value = static_cast<int>(attrib == CU_FUNC_ATTRIBUTE_PTX_VERSION ? sm : binary);
    return CUDA_SUCCESS;
  }
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
    *value = 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = static_cast<int>(dynamic_shared_limit(function));
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    *value = function.carveout;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    *value = kernel.explicit_cluster;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    *value = static_cast<int>(kernel.cluster[attrib - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH]);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    *value = 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
  case CU_FUNC_ATTRIBUTE_NUM_REGS: {
    const jit::LoadedKernel *loaded = nullptr;
    if (CUresult result = load_function(function, context, loaded))
      return result;
    *value = static_cast<int>(attrib == CU_FUNC_ATTRIBUTE_NUM_REGS ? loaded->code->vgprs
                                                                   : loaded->code->scratch_bytes);
    return CUDA_SUCCESS;
  }
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult set_attribute(Function &function, CUfunction_attribute attrib, int value,
                       const Device &device) {
  switch (attrib) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: {
    uint64_t room = shared_limit(device);
    uint64_t used = summary_of(function).static_shared;
    if (value < 0 || used + static_cast<uint64_t>(value) > room) {
      log_error(
          "{}: {} bytes of dynamic shared memory with {} static ones exceed the {} bytes that "
          "a block may have on {}",
          function.name, value, used, room, device.processor);
      return CUDA_ERROR_INVALID_VALUE;
    }
    function.max_dynamic_shared = value;
    return CUDA_SUCCESS;
  }
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    if (value < -1 || value > 100)
      return CUDA_ERROR_INVALID_VALUE;
    function.carveout = value; // a preference without effect: the LDS has a fixed size
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return CUDA_SUCCESS; // clusters have one block
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

/// The context in which a kernel's attributes for a device are asked for: the thread's, if it is
/// that device's.
CUresult kernel_context(CUdevice dev, Context *&context) {
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  context = current_context();
  if (!context || !driver().contexts.find(context) || context->device != device)
    context = primary_context(*device);
  return use_context(*context);
}

CUresult param_info(void *handle, size_t index, size_t *offset, size_t *size) {
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  const abi::KernelSummary &kernel = summary_of(*function);
  if (!offset || index >= kernel.params.size())
    return CUDA_ERROR_INVALID_VALUE;
  *offset = kernel.params[index].offset;
  if (size)
    *size = kernel.params[index].size;
  return CUDA_SUCCESS;
}

CUresult name_of(const char **name, void *handle) {
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  *name = function->name;
  return CUDA_SUCCESS;
}

CUresult load_for(const Function &function, Context &context, uint64_t dynamic_shared,
                  int block_size, LaunchedKernel &kernel) {
  auto instance = function.module->instance(context);
  if (!instance)
    return fail(to_cuda(instance.failure()), instance.failure().message);
  return load_version(function, context, **instance,
                      jit::KernelVersion::for_block({static_cast<unsigned>(block_size), 1, 1}),
                      dynamic_shared, {}, kernel);
}

CUresult active_blocks(int *blocks, CUfunction handle, int block_size, size_t dynamic_shared) {
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!blocks || block_size <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  *blocks = 0;
  if (block_size > max_threads(*function, *context->device) ||
      dynamic_shared + summary_of(*function).static_shared > shared_limit(*context->device))
    return CUDA_SUCCESS; // none fits
  LaunchedKernel kernel;
  if (CUresult result = load_for(*function, *context, dynamic_shared, block_size, kernel))
    return result;
  if (kernel.shared_in_memory)
    dynamic_shared = 0;
  return to_cuda(hip::api().hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
                     blocks, kernel.loaded->function,
                     static_cast<int>(kernel.work_items(static_cast<unsigned>(block_size))),
                     dynamic_shared),
                 *context);
}

/// Dynamic shared memory with which that many blocks run on a compute unit at once.
CUresult available_shared(size_t &bytes, const Function &function, CUfunction handle,
                          Context &context, int blocks, int block_size) {
  bytes = 0;
  if (block_size > max_threads(function, *context.device))
    return CUDA_SUCCESS;
  LaunchedKernel kernel;
  if (CUresult result = load_for(function, context, 0, block_size, kernel))
    return result;
  const auto &p = context.device->properties;
  size_t share = shared_limit(*context.device), used = summary_of(function).static_shared;
  if (!kernel.shared_in_memory) { // LDS is what blocks share, barriers' words among it
    const size_t pool = std::max<size_t>(p.sharedMemPerMultiprocessor, p.sharedMemPerBlock);
    share = std::min<size_t>(pool / static_cast<size_t>(blocks), p.sharedMemPerBlock);
    used = kernel.loaded->code->lds_bytes;
  }
  // LDS comes in granules, which HIP knows: at most 1,280 bytes.
  constexpr size_t kStep = 256;
  size_t left = (share > used ? share - used : 0) / kStep * kStep;
  for (int active = 0;; left -= std::min(left, kStep)) {
    if (CUresult result = active_blocks(&active, handle, block_size, left))
      return result;
    if (active >= blocks) {
      bytes = left;
      return CUDA_SUCCESS;
    }
    if (left == 0 || share > used + left + 2 * 1280)
      return CUDA_SUCCESS; // something else is the limit
  }
}

/// Whether what the code assumes of pointers holds: each of these parameters is null or points to
/// memory of the device itself.
bool holds_for(const jit::CompiledKernel &code, std::span<const uint8_t> parameters,
               const Device &device) {
  return std::ranges::all_of(code.device_parameters, [&](uint32_t offset) {
    uint64_t pointer = 0;
    if (offset > parameters.size() || parameters.size() - offset < sizeof pointer)
      return false; // cannot come from our compiler
    std::memcpy(&pointer, parameters.data() + offset, sizeof pointer);
    return pointer == 0 || driver().allocations.is_own(pointer, device);
  });
}

} // namespace

bool solo_alone(const Device &device) {
  return device.target.warp_mode == jit::kSoloMode && device.properties.warpSize == 64;
}

uint32_t dynamic_shared_limit(const Function &function) {
  int opted = function.max_dynamic_shared;
  uint32_t used = summary_of(function).static_shared;
  uint32_t left = used < kSharedWithoutOptIn ? kSharedWithoutOptIn - used : 0;
  return std::max(left, static_cast<uint32_t>(opted));
}

uint64_t shared_limit(const Device &device) {
  // CUDA C++ Programming Guide, "Compute Capabilities": "Maximum amount of shared memory per thread
  // block", in KiB.
  static constexpr struct {
    unsigned cc, kib;
  } kLimits[] = {{120, 99}, {90, 227}, {89, 99}, {87, 163}, {86, 99},
                 {80, 163}, {75, 64},  {70, 96}, {0, 48}};
  const auto *row = std::find_if(std::begin(kLimits), std::end(kLimits),
                                 [](const auto &limit) { return driver().cc >= limit.cc; });
  return std::max<uint64_t>(device.properties.sharedMemPerBlock, uint64_t{row->kib} << 10);
}

CUresult load_version(const Function &function, const Context &context, jit::LoadedModule &instance,
                      jit::KernelVersion version, uint64_t dynamic_shared,
                      std::span<const uint8_t> parameters, LaunchedKernel &kernel) {
  const uint64_t lds = context.device->properties.sharedMemPerBlock,
                 used = summary_of(function).static_shared;
  // Static memory alone may leave no room for what barriers need in LDS, and then there is no code.
  // (CUDA allows 48 KiB of it.)
  version.shared_in_memory = used + dynamic_shared > lds || used + kMostBarrierBytes > lds;
  auto load = [&] {
    auto loaded = instance.kernel(function.index, version);
    // What barriers need in LDS may be too much as well.
    if (loaded && !version.shared_in_memory && (*loaded)->code->lds_bytes + dynamic_shared > lds) {
      version.shared_in_memory = true;
      loaded = instance.kernel(function.index, version);
    }
    return loaded;
  };
  auto loaded = load();
  if (loaded && (*loaded)->code->stack_bytes != 0) {
    version.stack_bytes = abi::stack_for_limit(context.limit(CU_LIMIT_STACK_SIZE));
    loaded = load();
  }
  if (loaded && !parameters.empty() && !holds_for(*(*loaded)->code, parameters, *context.device)) {
    version.device_memory = false;
    loaded = load();
  }
  if (!loaded)
    return to_cuda(loaded.failure()); // logged where it failed
  kernel.loaded = *loaded;
  kernel.shared_in_memory = version.shared_in_memory;
  return CUDA_SUCCESS;
}

CUresult load_function(Function &function, Context &context, const jit::LoadedKernel *&kernel) {
  LaunchedKernel version;
  CUresult result = load_for(function, context, 0, max_threads(function, *context.device), version);
  kernel = version.loaded;
  return result;
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attrib, CUfunction handle) {
  W2W_ENTER_CONTEXT(cuFuncGetAttribute);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  return value ? get_attribute(value, attrib, *function, *context) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attrib, int value) {
  W2W_ENTER_CONTEXT(cuFuncSetAttribute);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  return set_attribute(*function, attrib, value, *context->device);
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
  W2W_ENTER_CONTEXT(cuFuncSetCacheConfig);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (config < CU_FUNC_CACHE_PREFER_NONE || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return CUDA_ERROR_INVALID_VALUE;
  function->cache_config = config; // a preference without effect: the LDS has a fixed size
  return CUDA_SUCCESS;
}

CUresult cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig config) {
  W2W_ENTER_CONTEXT(cuFuncSetSharedMemConfig);
  return find_function(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE; // bank sizes are fixed
}

CUresult cuFuncGetName(const char **name, CUfunction function) {
  W2W_ENTER(cuFuncGetName);
  return name_of(name, function);
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size) {
  W2W_ENTER(cuFuncGetParamInfo);
  return param_info(function, index, offset, size);
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle) {
  W2W_ENTER_CONTEXT(cuFuncIsLoaded);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!state)
    return CUDA_ERROR_INVALID_VALUE;
  auto instance = function->module->instance(*context);
  *state = instance && (*instance)->is_loaded(function->index) ? CU_FUNCTION_LOADING_STATE_LOADED
                                                               : CU_FUNCTION_LOADING_STATE_UNLOADED;
  return CUDA_SUCCESS;
}

CUresult cuFuncLoad(CUfunction handle) {
  W2W_ENTER_CONTEXT(cuFuncLoad);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  const jit::LoadedKernel *loaded = nullptr;
  return load_function(*function, *context, loaded);
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attrib, CUkernel kernel,
                              CUdevice dev) {
  W2W_ENTER(cuKernelGetAttribute);
  Function *function = find_function(kernel);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = kernel_context(dev, context))
    return result;
  return get_attribute(value, attrib, *function, *context);
}

CUresult cuKernelSetAttribute(CUfunction_attribute attrib, int value, CUkernel kernel,
                              CUdevice dev) {
  W2W_ENTER(cuKernelSetAttribute);
  Function *function = find_function(kernel);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  return set_attribute(*function, attrib, value, *device);
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev) {
  W2W_ENTER(cuKernelSetCacheConfig);
  Function *function = find_function(kernel);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!find_device(dev))
    return CUDA_ERROR_INVALID_DEVICE;
  if (config < CU_FUNC_CACHE_PREFER_NONE || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return CUDA_ERROR_INVALID_VALUE;
  function->cache_config = config;
  return CUDA_SUCCESS;
}

CUresult cuKernelGetName(const char **name, CUkernel kernel) {
  W2W_ENTER(cuKernelGetName);
  return name_of(name, kernel);
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset, size_t *size) {
  W2W_ENTER(cuKernelGetParamInfo);
  return param_info(kernel, index, offset, size);
}

// ---- occupancy
// -----------------------------------------------------------------------------------

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction function,
                                                              int block_size, size_t dynamic_shared,
                                                              unsigned int flags) {
  W2W_ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags);
  if (flags & ~static_cast<unsigned>(CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
    return CUDA_ERROR_INVALID_VALUE;
  return active_blocks(blocks, function, block_size, dynamic_shared);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function,
                                                     int block_size, size_t dynamic_shared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block_size,
                                                              dynamic_shared, 0);
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *min_grid, int *block_size,
                                                   CUfunction handle,
                                                   CUoccupancyB2DSize block_to_shared,
                                                   size_t dynamic_shared, int block_limit,
                                                   unsigned int flags) {
  W2W_ENTER_CONTEXT(cuOccupancyMaxPotentialBlockSizeWithFlags);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!min_grid || !block_size)
    return CUDA_ERROR_INVALID_VALUE;
  int limit = max_threads(*function, *context->device);
  if (block_limit > 0)
    limit = std::min(limit, block_limit);
  int best_threads = 0, best_size = 0, best_blocks = 0;
  // Whole warps, largest first, so that the largest of equals wins.
  for (int size = (limit + 31) / 32 * 32; size > 0; size -= 32) {
    int tried = std::min(size, limit);
    size_t shared = block_to_shared ? block_to_shared(tried) : dynamic_shared;
    int blocks = 0;
    if (CUresult result = active_blocks(&blocks, handle, tried, shared))
      return result;
    if (blocks * tried > best_threads) {
      best_threads = blocks * tried;
      best_size = tried;
      best_blocks = blocks;
    }
  }
  *block_size = best_size;
  *min_grid = best_blocks * context->device->properties.multiProcessorCount;
  return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxPotentialBlockSize(int *min_grid, int *block_size, CUfunction function,
                                          CUoccupancyB2DSize block_to_shared, size_t dynamic_shared,
                                          int block_limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(min_grid, block_size, function, block_to_shared,
                                                   dynamic_shared, block_limit, 0);
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction handle, int blocks,
                                                 int block_size) {
  W2W_ENTER_CONTEXT(cuOccupancyAvailableDynamicSMemPerBlock);
  Function *function = find_function(handle);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!bytes || blocks <= 0 || block_size <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  return available_shared(*bytes, *function, handle, *context, blocks, block_size);
}
