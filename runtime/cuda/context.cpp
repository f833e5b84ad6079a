// Contexts: the primary one of each device, created ones, the per-thread stack, limits.
// Source: CUDA Driver API, "Primary Context Management", "Context Management".
#include "runtime/cuda/array.h"
#include "runtime/cuda/capture.h"
#include "runtime/cuda/graph_exec.h"
#include "runtime/cuda/texture_object.h"
#include "runtime/cuda/texture_reference.h"

#include <algorithm>

namespace w2w::cuda {
namespace {

std::atomic<uint64_t> next_context_id = 1;

std::unique_ptr<Context> make_context(Device &device, unsigned flags, bool primary) {
  auto context = std::make_unique<Context>();
  context->device = &device;
  context->flags = flags;
  context->primary = primary;
  context->id = next_context_id++;
  context->legacy.context = context.get();
  context->legacy.implicit = true;
  context->legacy.id = 1;
  return context;
}

constexpr unsigned kKnownFlags = CU_CTX_SCHED_MASK | CU_CTX_MAP_HOST | CU_CTX_LMEM_RESIZE_TO_MAX |
                                 CU_CTX_COREDUMP_ENABLE | CU_CTX_USER_COREDUMP_ENABLE |
                                 CU_CTX_SYNC_MEMOPS;

bool flags_are_valid(unsigned flags) {
  unsigned schedule = flags & CU_CTX_SCHED_MASK;
  return (flags & ~kKnownFlags) == 0 && (schedule & (schedule - 1)) == 0;
}

CUresult create_context(CUcontext *result, unsigned flags, CUdevice dev, unsigned api_version) {
  if (!result || !flags_are_valid(flags))
    return CUDA_ERROR_INVALID_VALUE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  std::unique_ptr<Context> context = make_context(*device, flags, false);
  context->api_version = api_version;
  context->references = 1;
  activate(*device);
  Context *raw = context.release();
  driver().contexts.add(raw);
  context_stack().push_back(raw);
  *result = reinterpret_cast<CUcontext>(raw);
  return CUDA_SUCCESS;
}

bool limit_is_known(CUlimit limit) {
  return limit >= CU_LIMIT_STACK_SIZE && static_cast<size_t>(limit) < kLimits;
}

/// The context a call is about: the one given, or the thread's.
CUresult context_or_current(CUcontext handle, Context *&context) {
  context = handle ? driver().contexts.find(handle) : current_context();
  if (!context || !driver().contexts.find(context))
    return CUDA_ERROR_INVALID_CONTEXT;
  return CUDA_SUCCESS;
}

CUresult synchronise(Context &context) {
  if (CUresult result = use_context(context))
    return result;
  if (CUresult result = refuse_in_capture(context))
    return result;
  if (CUresult result = refuse_unsafe())
    return result;
  return after_wait(context, hip::api().hipDeviceSynchronize());
}

} // namespace

Context *primary_context(Device &device) {
  Driver &d = driver();
  std::lock_guard lock(d.mutex);
  if (!device.primary) {
    device.primary = make_context(device, 0, true).release();
    d.contexts.add(device.primary);
  }
  return device.primary;
}

void clear_context(Context &context) {
  const hip::Api &api = hip::api();
  Driver &d = driver();
  activate(*context.device);
  (void)api.hipDeviceSynchronize();
  drain_printf(context);
  free_deferred(context, true);
  for (GraphExec *exec : d.graph_execs.all())
    if (exec->uses(context))
      delete exec;
  for (ModuleObject *module : d.modules.all()) {
    std::shared_ptr<jit::LoadedModule> instance;
    {
      std::lock_guard lock(module->mutex);
      auto it = module->instances.find(&context);
      if (it != module->instances.end()) {
        instance = std::move(it->second);
        module->instances.erase(it);
      }
      module->textures.erase(&context);
    }
    if (module->bound == &context) {
      for (auto &function : module->functions)
        d.functions.remove(function.get());
      d.modules.remove(module);
      delete module;
    }
  }
  for (Event *event : d.events.all())
    if (event->context == &context) {
      forget_capture(*event);
      d.events.remove(event);
      (void)api.hipEventDestroy(event->hip);
      delete event;
    }
  for (Stream *stream : d.streams.all())
    if (stream->context == &context) {
      forget_capture(*stream);
      d.streams.remove(stream);
      stream->destroy_launch_memory();
      if (stream->hip)
        (void)api.hipStreamDestroy(stream->hip);
      delete stream;
    }
  context.legacy.destroy_launch_memory();
  free_texture_objects(context);
  free_arrays(context);
  for (const Allocation &a : d.allocations.take_all_of(&context)) {
    auto *pointer = reinterpret_cast<void *>(a.base);
    if (a.kind == MemoryKind::Host)
      (void)api.hipHostFree(pointer);
    else if (a.kind == MemoryKind::Registered)
      (void)api.hipHostUnregister(pointer);
    else
      (void)api.hipFree(pointer);
  }
  free_shared(context);
  free_heap(context);
  // HIP's errors stay with the device until it is reset, which takes everything on it along: other
  // contexts share the fate, as they would have on their next call.
  if (context.device_failed.exchange(false)) {
    for (Context *other : d.contexts.all())
      if (other != &context && other->device == context.device && other->references > 0) {
        int none = 0;
        other->sticky.compare_exchange_strong(none, context.sticky.load());
      }
    (void)api.hipDeviceReset();
  }
  context.reset_limits();
  std::lock_guard lock(context.mutex);
  context.per_thread.clear();
  context.idle_lanes.clear();
  context.sticky = 0;
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

// ---- primary contexts
// ----------------------------------------------------------------------------

CUresult cuDevicePrimaryCtxRetain(CUcontext *ctx, CUdevice dev) {
  W2W_ENTER(cuDevicePrimaryCtxRetain);
  if (!ctx)
    return CUDA_ERROR_INVALID_VALUE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  Context *context = primary_context(*device);
  ++context->references;
  *ctx = reinterpret_cast<CUcontext>(context);
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev) {
  W2W_ENTER(cuDevicePrimaryCtxRelease);
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  Context *context = primary_context(*device);
  int count = context->references.load();
  do {
    if (count <= 0)
      return CUDA_ERROR_INVALID_CONTEXT;
  } while (!context->references.compare_exchange_weak(count, count - 1));
  if (count == 1)
    clear_context(*context);
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice dev) {
  return cuDevicePrimaryCtxRelease_v2(dev);
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice dev) {
  W2W_ENTER(cuDevicePrimaryCtxReset);
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  clear_context(*primary_context(*device));
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxReset(CUdevice dev) {
  return cuDevicePrimaryCtxReset_v2(dev);
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags) {
  W2W_ENTER(cuDevicePrimaryCtxSetFlags);
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  if (!flags_are_valid(flags))
    return CUDA_ERROR_INVALID_VALUE;
  primary_context(*device)->flags = flags;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags) {
  return cuDevicePrimaryCtxSetFlags_v2(dev, flags);
}

CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active) {
  W2W_ENTER(cuDevicePrimaryCtxGetState);
  if (!flags || !active)
    return CUDA_ERROR_INVALID_VALUE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  Context *context = primary_context(*device);
  *flags = context->flags;
  *active = context->references > 0;
  return CUDA_SUCCESS;
}

// ---- created contexts
// ----------------------------------------------------------------------------

CUresult cuCtxCreate_v2(CUcontext *ctx, unsigned int flags, CUdevice dev) {
  W2W_ENTER(cuCtxCreate_v2);
  return create_context(ctx, flags, dev, 3020);
}

CUresult cuCtxCreate(CUcontext *ctx, unsigned int flags, CUdevice dev) {
  W2W_ENTER(cuCtxCreate);
  return create_context(ctx, flags, dev, 3010);
}

CUresult cuCtxCreate_v3(CUcontext *ctx, CUexecAffinityParam *params, int count, unsigned int flags,
                        CUdevice dev) {
  W2W_ENTER(cuCtxCreate_v3);
  if (count < 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (params && count > 0)
    return not_supported("cuCtxCreate_v3", "execution affinity");
  return create_context(ctx, flags, dev, 3020);
}

CUresult cuCtxCreate_v4(CUcontext *ctx, CUctxCreateParams *params, unsigned int flags,
                        CUdevice dev) {
  W2W_ENTER(cuCtxCreate_v4);
  if (params && (params->numExecAffinityParams > 0 || params->cigParams))
    return not_supported("cuCtxCreate_v4", "execution affinity and graphics interoperation");
  return create_context(ctx, flags, dev, 3020);
}

CUresult cuCtxDestroy_v2(CUcontext ctx) {
  W2W_ENTER(cuCtxDestroy);
  Context *context = driver().contexts.find(ctx);
  if (!context)
    return CUDA_ERROR_INVALID_CONTEXT;
  if (context->primary)
    return CUDA_ERROR_INVALID_CONTEXT; // primary contexts are released, not destroyed
  clear_context(*context);
  std::vector<Context *> &stack = context_stack();
  if (!stack.empty() && stack.back() == context)
    stack.pop_back();
  // Other threads may still have it on their stacks: the handle stays invalid and the object is
  // kept small but alive.
  context->alive = false;
  driver().contexts.remove(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxDestroy(CUcontext ctx) {
  return cuCtxDestroy_v2(ctx);
}

CUresult cuCtxPushCurrent_v2(CUcontext ctx) {
  W2W_ENTER(cuCtxPushCurrent);
  Context *context = driver().contexts.find(ctx);
  if (!context)
    return CUDA_ERROR_INVALID_CONTEXT;
  context_stack().push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent(CUcontext ctx) {
  return cuCtxPushCurrent_v2(ctx);
}

CUresult cuCtxPopCurrent_v2(CUcontext *ctx) {
  W2W_ENTER(cuCtxPopCurrent);
  std::vector<Context *> &stack = context_stack();
  if (stack.empty())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (ctx)
    *ctx = reinterpret_cast<CUcontext>(stack.back());
  stack.pop_back();
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent(CUcontext *ctx) {
  return cuCtxPopCurrent_v2(ctx);
}

CUresult cuCtxSetCurrent(CUcontext ctx) {
  W2W_ENTER(cuCtxSetCurrent);
  std::vector<Context *> &stack = context_stack();
  if (!ctx) {
    if (!stack.empty())
      stack.pop_back();
    return CUDA_SUCCESS;
  }
  Context *context = driver().contexts.find(ctx);
  if (!context)
    return CUDA_ERROR_INVALID_CONTEXT;
  if (stack.empty())
    stack.push_back(context);
  else
    stack.back() = context;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *ctx) {
  W2W_ENTER(cuCtxGetCurrent);
  if (!ctx)
    return CUDA_ERROR_INVALID_VALUE;
  *ctx = reinterpret_cast<CUcontext>(current_context());
  return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx) {
  W2W_ENTER(cuCtxGetDevice);
  if (!device)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = context_or_current(ctx, context))
    return result;
  *device = context->device->ordinal;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice *device) {
  return cuCtxGetDevice_v2(device, nullptr);
}

CUresult cuCtxGetFlags(unsigned int *flags) {
  W2W_ENTER(cuCtxGetFlags);
  if (!flags)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = context_or_current(nullptr, context))
    return result;
  *flags = context->flags;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetFlags(unsigned int flags) {
  W2W_ENTER(cuCtxSetFlags);
  if (!flags_are_valid(flags))
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = context_or_current(nullptr, context))
    return result;
  context->flags = flags;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetId(CUcontext ctx, unsigned long long *id) {
  W2W_ENTER(cuCtxGetId);
  if (!id)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = context_or_current(ctx, context))
    return result;
  *id = context->id;
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void) {
  W2W_ENTER_CONTEXT(cuCtxSynchronize);
  return synchronise(*context);
}

CUresult cuCtxSynchronize_v2(CUcontext ctx) {
  W2W_ENTER(cuCtxSynchronize_v2);
  Context *context = nullptr;
  if (CUresult result = context_or_current(ctx, context))
    return result;
  return synchronise(*context);
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  W2W_ENTER_CONTEXT(cuCtxSetLimit);
  if (!limit_is_known(limit))
    return CUDA_ERROR_UNSUPPORTED_LIMIT;
  std::lock_guard lock(context->mutex);
  // Frames that the compiler knows are always there, and launches take the limit for the stack of
  // alloca; the device's stack is for recursion. HIP refuses what the device cannot have, CUDA
  // gives as much as there is (CUDA Driver API, cuCtxSetLimit). A HIP that cannot be told keeps its
  // own size.
  if (limit == CU_LIMIT_STACK_SIZE)
    if (auto *set = hip::api().hipDeviceSetLimit) {
      if (CUresult result = use_context(*context))
        return result;
      const size_t least = kDefaultLimits[limit];
      while (value > least && set(hip::hipLimitStackSize, value) != hip::hipSuccess)
        value = std::max(value / 2, least);
    }
  // Only before the first launch that uses it, as CUDA has it.
  if ((limit == CU_LIMIT_PRINTF_FIFO_SIZE && context->fifo) ||
      (limit == CU_LIMIT_MALLOC_HEAP_SIZE && context->heap))
    return CUDA_ERROR_INVALID_VALUE;
  context->limits[limit] = value;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  W2W_ENTER_CONTEXT(cuCtxGetLimit);
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  if (!limit_is_known(limit))
    return CUDA_ERROR_UNSUPPORTED_LIMIT;
  *value = context->limit(limit);
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
  W2W_ENTER_CONTEXT(cuCtxGetCacheConfig);
  if (!config)
    return CUDA_ERROR_INVALID_VALUE;
  *config = context->cache_config;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  W2W_ENTER_CONTEXT(cuCtxSetCacheConfig);
  if (config < CU_FUNC_CACHE_PREFER_NONE || config > CU_FUNC_CACHE_PREFER_EQUAL)
    return CUDA_ERROR_INVALID_VALUE;
  context->cache_config = config; // a preference; AMD's LDS and L1 are separate
  return CUDA_SUCCESS;
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config) {
  W2W_ENTER_CONTEXT(cuCtxGetSharedMemConfig);
  if (!config)
    return CUDA_ERROR_INVALID_VALUE;
  *config = context->shared_config;
  return CUDA_SUCCESS;
}

CUresult cuCtxSetSharedMemConfig(CUsharedconfig config) {
  W2W_ENTER_CONTEXT(cuCtxSetSharedMemConfig);
  if (config < CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE ||
      config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
    return CUDA_ERROR_INVALID_VALUE;
  context->shared_config = config; // a preference; bank sizes are fixed
  return CUDA_SUCCESS;
}

CUresult cuCtxGetApiVersion(CUcontext ctx, unsigned int *version) {
  W2W_ENTER(cuCtxGetApiVersion);
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  Context *context = nullptr;
  if (CUresult result = context_or_current(ctx, context))
    return result;
  *version = context->api_version;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  W2W_ENTER_CONTEXT(cuCtxGetStreamPriorityRange);
  int low = 0, high = 0;
  CUresult result = to_cuda(hip::api().hipDeviceGetStreamPriorityRange(&low, &high));
  if (least)
    *least = low;
  if (greatest)
    *greatest = high;
  return result;
}

CUresult cuCtxResetPersistingL2Cache(void) {
  W2W_ENTER_CONTEXT(cuCtxResetPersistingL2Cache);
  return CUDA_SUCCESS; // nothing persists: the device has no set-aside for it
}

CUresult cuCtxGetExecAffinity(CUexecAffinityParam *affinity, CUexecAffinityType type) {
  W2W_ENTER_CONTEXT(cuCtxGetExecAffinity);
  return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
}

CUresult cuCtxAttach(CUcontext *ctx, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuCtxAttach);
  if (!ctx || flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  ++context->references;
  *ctx = reinterpret_cast<CUcontext>(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxDetach(CUcontext ctx) {
  W2W_ENTER(cuCtxDetach);
  Context *context = driver().contexts.find(ctx);
  if (!context || context != current_context())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (--context->references == 0 && !context->primary)
    return cuCtxDestroy_v2(ctx);
  return CUDA_SUCCESS;
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuCtxEnablePeerAccess);
  Context *other = driver().contexts.find(peer);
  if (!other)
    return CUDA_ERROR_INVALID_CONTEXT;
  if (flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (other->device == context->device)
    return CUDA_ERROR_INVALID_DEVICE;
  return to_cuda(hip::api().hipDeviceEnablePeerAccess(other->device->hip_device, 0));
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
  W2W_ENTER_CONTEXT(cuCtxDisablePeerAccess);
  Context *other = driver().contexts.find(peer);
  if (!other)
    return CUDA_ERROR_INVALID_CONTEXT;
  return to_cuda(hip::api().hipDeviceDisablePeerAccess(other->device->hip_device));
}
