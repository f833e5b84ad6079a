// Modules, functions, launches, occupancy.
#include "runtime/emulator/api.h"

#include "runtime/emulator/log.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

hipError_t load(Device &device, Platform &platform, std::span<const uint8_t> image,
                hipModule_t *out) {
  LoadError error;
  CodeMemory memory{[&device](uint64_t bytes) { return device.allocate_internal(bytes); },
                    [&device](uint64_t address) { device.release_internal(address); }};
  auto module = std::make_shared<Module>();
  module->device = device.index;
  module->object = CodeObject::load(image, device.model, memory, error);
  if (!module->object) {
    log_error("{}", error.text);
    return error.code;
  }
  *out = platform.add(std::move(module));
  return hipSuccess;
}

/// The explicit arguments, packed as in the kernarg segment, from `params` (one pointer for each
/// argument).
std::vector<uint8_t> pack(const Kernel &kernel, void **params) {
  std::vector<uint8_t> bytes(kernel.explicit_bytes);
  size_t next = 0;
  for (const KernelArg &arg : kernel.args)
    if (arg.kind == ArgKind::Explicit) {
      if (const void *from = params[next++])
        memcpy(bytes.data() + arg.offset, from, arg.size);
    }
  return bytes;
}

hipError_t launch_function(hipFunction_t handle, const Dim &grid, const Dim &block,
                           unsigned shared_bytes, hipStream_t stream, void **params, void **extra,
                           bool cooperative) {
  W2W_BEGIN(call, stream);
  auto [function, module] = call.platform->function(handle);
  if (!function || !module)
    return note(hipErrorInvalidHandle);
  if (module->device != call.device->index) {
    log_error(
        "launch of '{}' refused: the module is loaded on device {}, the stream is on device {}",
        function->kernel->name, module->device, call.device->index);
    return note(hipErrorInvalidHandle);
  }
  const Kernel &kernel = *function->kernel;
  std::vector<uint8_t> packed(kernel.explicit_bytes);
  if (extra) {
    if (params)
      return note(hipErrorInvalidValue);
    const void *buffer = nullptr;
    size_t bytes = 0;
    bool have_bytes = false;
    for (unsigned i = 0; i < 4 && extra[i] != kLaunchParamEnd; i += 2) {
      if (extra[i] == kLaunchParamBufferPointer)
        buffer = extra[i + 1];
      else if (extra[i] == kLaunchParamBufferSize && extra[i + 1])
        have_bytes = true, bytes = *static_cast<const size_t *>(extra[i + 1]);
      else
        return note(hipErrorInvalidValue);
    }
    // A caller's struct may end in padding, up to its alignment; anything else is another kernel's
    // argument list.
    constexpr size_t kMostPadding = 15;
    if (!have_bytes || (!buffer && kernel.explicit_bytes) || bytes < kernel.explicit_bytes ||
        bytes > kernel.explicit_bytes + kMostPadding) {
      log_error("launch of '{}' refused: {} bytes of arguments, the kernel takes {}", kernel.name,
                bytes, kernel.explicit_bytes);
      return note(hipErrorInvalidValue);
    }
    if (kernel.explicit_bytes)
      memcpy(packed.data(), buffer, kernel.explicit_bytes);
  } else if (kernel.explicit_bytes) {
    if (!params)
      return note(hipErrorInvalidValue);
    packed = pack(kernel, params);
  }
  return note(launch(*call.device, call.stream, module, kernel, grid, block, shared_bytes,
                     packed.data(), cooperative));
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleLoad(hipModule_t *module, const char *path) {
  W2W_BEGIN(call);
  if (!module || !path)
    return note(hipErrorInvalidValue);
  FILE *file = fopen(path, "rbe");
  if (!file) {
    log_error("{}: {}", path, strerror(errno));
    return note(hipErrorFileNotFound);
  }
  std::vector<uint8_t> bytes;
  uint8_t chunk[65536];
  while (size_t n = fread(chunk, 1, sizeof chunk, file))
    bytes.insert(bytes.end(), chunk, chunk + n);
  bool bad = ferror(file);
  fclose(file);
  if (bad)
    return note(hipErrorInvalidImage);
  return note(load(*call.device, *call.platform, bytes, module));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleLoadData(hipModule_t *module, const void *image) {
  W2W_BEGIN(call);
  if (!module || !image)
    return note(hipErrorInvalidValue);
  uint64_t bytes = image_extent(image);
  if (bytes == 0) {
    log_error("hipModuleLoadData: neither an ELF file nor an offload bundle");
    return note(hipErrorInvalidImage);
  }
  return note(
      load(*call.device, *call.platform, {static_cast<const uint8_t *>(image), bytes}, module));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleLoadDataEx(hipModule_t *module, const void *image,
                                                        unsigned, hipJitOption *, void **) {
  return hipModuleLoadData(module, image); // options are for compilers; code objects need none
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleUnload(hipModule_t handle) {
  auto call = begin_call();
  if (!call.device)
    return note(call.error);
  std::shared_ptr<Module> module = call.platform->module(handle);
  if (!module)
    return note(hipErrorInvalidHandle);
  synchronize(*call.platform->device(module->device));
  return note(call.platform->remove(handle) ? hipSuccess : hipErrorInvalidHandle);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleGetFunction(hipFunction_t *out, hipModule_t handle,
                                                         const char *name) {
  W2W_BEGIN(call);
  if (!out || !name)
    return note(hipErrorInvalidValue);
  std::shared_ptr<Module> module = call.platform->module(handle);
  if (!module)
    return note(hipErrorInvalidHandle);
  const Kernel *kernel = module->object->kernel(name);
  if (!kernel)
    return note(hipErrorNotFound);
  std::lock_guard lock(module->mutex);
  auto &function = module->functions[kernel];
  if (!function) {
    function = std::make_unique<Function>(Function{module.get(), kernel});
    call.platform->add_function(function.get());
  }
  *out = reinterpret_cast<hipFunction_t>(function.get());
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleGetGlobal(hipDeviceptr_t *pointer, size_t *bytes,
                                                       hipModule_t handle, const char *name) {
  W2W_BEGIN(call);
  if (!name)
    return note(hipErrorInvalidValue);
  std::shared_ptr<Module> module = call.platform->module(handle);
  if (!module)
    return note(hipErrorInvalidHandle);
  const Variable *variable = module->object->variable(name);
  if (!variable)
    return note(hipErrorNotFound);
  if (pointer)
    *pointer = reinterpret_cast<hipDeviceptr_t>(variable->address);
  if (bytes)
    *bytes = variable->bytes;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFuncGetAttribute(int *value, hipFunction_attribute attribute,
                                                        hipFunction_t handle) {
  W2W_BEGIN(call);
  auto [function, module] = call.platform->function(handle);
  if (!function)
    return note(hipErrorInvalidHandle);
  if (!value)
    return note(hipErrorInvalidValue);
  const Kernel &kernel = *function->kernel;
  const Model &model = call.platform->device(module->device)->model;
  switch (attribute) {
  case HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = static_cast<int>(kernel.max_threads);
    break;
  case HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = static_cast<int>(kernel.static_lds);
    break;
  case HIP_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    *value = static_cast<int>(kernel.scratch_per_lane);
    break;
  case HIP_FUNC_ATTRIBUTE_NUM_REGS:
    *value = static_cast<int>(kernel.vgprs);
    break;
  case HIP_FUNC_ATTRIBUTE_PTX_VERSION:
  case HIP_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = model.gfx_major * 10 + model.gfx_minor;
    break;
  case HIP_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value =
        static_cast<int>(model.lds_per_group - std::min(model.lds_per_group, kernel.static_lds));
    break;
  case HIP_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
  case HIP_FUNC_ATTRIBUTE_CACHE_MODE_CA:
  case HIP_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    *value = 0;
    break;
  default:
    return note(hipErrorInvalidValue);
  }
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFuncGetAttributes(hipFuncAttributes *attributes,
                                                         const void *handle) {
  W2W_BEGIN(call);
  hipFunction_t resolved = nullptr;
  if (hipError_t error = function_of(handle, resolved); error != hipSuccess)
    return note(error);
  auto [function, module] = call.platform->function(resolved);
  if (!function || !module)
    return note(hipErrorInvalidDeviceFunction);
  if (!attributes)
    return note(hipErrorInvalidValue);
  const Kernel &kernel = *function->kernel;
  const Model &model = call.platform->device(module->device)->model;
  *attributes = {};
  attributes->binaryVersion = attributes->ptxVersion = model.gfx_major * 10 + model.gfx_minor;
  attributes->localSizeBytes = kernel.scratch_per_lane;
  attributes->maxDynamicSharedSizeBytes =
      static_cast<int>(model.lds_per_group - std::min(model.lds_per_group, kernel.static_lds));
  attributes->maxThreadsPerBlock = static_cast<int>(kernel.max_threads);
  attributes->numRegs = static_cast<int>(kernel.vgprs);
  attributes->sharedSizeBytes = kernel.static_lds;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFuncSetAttribute(const void *handle,
                                                        hipFuncAttribute attribute, int value) {
  W2W_BEGIN(call);
  hipFunction_t resolved = nullptr;
  if (hipError_t error = function_of(handle, resolved); error != hipSuccess)
    return note(error);
  auto [function, module] = call.platform->function(resolved);
  if (!function || !module)
    return note(hipErrorInvalidDeviceFunction);
  const Model &model = call.platform->device(module->device)->model;
  if (attribute == hipFuncAttributePreferredSharedMemoryCarveout)
    return hipSuccess; // LDS and cache are separate memories
  if (attribute != hipFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
      uint64_t{function->kernel->static_lds} + static_cast<uint64_t>(value) > model.lds_per_group)
    return note(hipErrorInvalidValue);
  return hipSuccess; // all of the LDS may be used without asking
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFuncSetCacheConfig(const void *, hipFuncCache_t) {
  return hipSuccess;
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipFuncSetSharedMemConfig(const void *, hipSharedMemConfig) {
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleLaunchKernel(hipFunction_t function, unsigned grid_x,
                                                          unsigned grid_y, unsigned grid_z,
                                                          unsigned block_x, unsigned block_y,
                                                          unsigned block_z, unsigned shared_bytes,
                                                          hipStream_t stream, void **params,
                                                          void **extra) {
  return launch_function(function, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z},
                         shared_bytes, stream, params, extra, false);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleLaunchCooperativeKernel(
    hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
    unsigned block_y, unsigned block_z, unsigned shared_bytes, hipStream_t stream, void **params) {
  return launch_function(function, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z},
                         shared_bytes, stream, params, nullptr, true);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, hipFunction_t handle, int block_size, size_t dynamic_shared, unsigned flags) {
  W2W_BEGIN(call);
  auto [function, module] = call.platform->function(handle);
  if (!function)
    return note(hipErrorInvalidDeviceFunction);
  if (!blocks || block_size <= 0 || block_size > 1024 || flags > 1)
    return note(hipErrorInvalidValue);
  const Model &model = call.platform->device(module->device)->model;
  const Kernel &kernel = *function->kernel;
  *blocks = 0;
  if (kernel.static_lds + dynamic_shared <= model.lds_per_group &&
      static_cast<uint32_t>(block_size) <= kernel.max_threads)
    *blocks = static_cast<int>(
        groups_per_multiprocessor(model, needs_of(kernel, static_cast<uint32_t>(block_size),
                                                  static_cast<uint32_t>(dynamic_shared))));
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
    int *blocks, hipFunction_t function, int block_size, size_t dynamic_shared) {
  return hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block_size,
                                                                     dynamic_shared, 0);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleOccupancyMaxPotentialBlockSize(int *grid_size,
                                                                            int *block_size,
                                                                            hipFunction_t handle,
                                                                            size_t dynamic_shared,
                                                                            int block_size_limit) {
  W2W_BEGIN(call);
  auto [function, module] = call.platform->function(handle);
  if (!function)
    return note(hipErrorInvalidDeviceFunction);
  if (!grid_size || !block_size || block_size_limit < 0)
    return note(hipErrorInvalidValue);
  const Model &model = call.platform->device(module->device)->model;
  const Kernel &kernel = *function->kernel;
  uint32_t most = kernel.max_threads;
  if (block_size_limit)
    most = std::min(most, static_cast<uint32_t>(block_size_limit));
  uint32_t best_threads = 0, best_blocks = 0, best_total = 0;
  for (uint32_t threads = most; threads > 0;) {
    uint32_t blocks =
        kernel.static_lds + dynamic_shared > model.lds_per_group
            ? 0
            : groups_per_multiprocessor(
                  model, needs_of(kernel, threads, static_cast<uint32_t>(dynamic_shared)));
    if (blocks * threads > best_total) {
      best_total = blocks * threads;
      best_threads = threads;
      best_blocks = blocks;
    }
    uint32_t whole = (threads - 1) / kernel.wave_size * kernel.wave_size;
    threads = whole;
  }
  if (!best_threads)
    return note(hipErrorLaunchOutOfResources);
  *block_size = static_cast<int>(best_threads);
  *grid_size = static_cast<int>(best_blocks * model.multiprocessors);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipModuleOccupancyMaxPotentialBlockSizeWithFlags(
    int *grid_size, int *block_size, hipFunction_t function, size_t dynamic_shared,
    int block_size_limit, unsigned flags) {
  if (flags > 1)
    return note(hipErrorInvalidValue);
  return hipModuleOccupancyMaxPotentialBlockSize(grid_size, block_size, function, dynamic_shared,
                                                 block_size_limit);
}
