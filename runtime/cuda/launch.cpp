// Launching kernels.
// Source: CUDA Driver API, "Execution Control".
#include "runtime/cuda/launch.h"

#include "runtime/cuda/capture.h"
#include "runtime/cuda/function.h"
#include "runtime/cuda/texture_reference.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace w2w::cuda {
namespace {

struct Dim {
  unsigned v[3];
  uint64_t product() const { return uint64_t{v[0]} * v[1] * v[2]; }
};

struct Launch {
  Function *function = nullptr;
  Dim grid{}, block{};
  unsigned shared_bytes = 0;
  CUstream stream = nullptr;
  bool per_thread = false;
  bool cooperative = false;
  void **params = nullptr;
  void **extra = nullptr;
  bool names_cluster = false; // the launch says how large a cluster is: one block
  std::span<const CUlaunchAttribute> attributes = {};
};

/// The parameter buffer: the program's parameters at PTX's offsets, then the launch block's address
/// at the next 8-byte boundary. Small ones stay on the stack.
class ParameterBuffer {
public:
  CUresult fill(const abi::KernelSummary &kernel, void **params, void **extra) {
    size_t bytes = (kernel.param_bytes + 7u) & ~7u;
    size_ = bytes + 8;
    if (size_ > sizeof small_)
      large_.resize(size_);
    uint8_t *out = data();
    if (extra) {
      const void *buffer = nullptr;
      size_t given = 0;
      for (void **p = extra; *p != CU_LAUNCH_PARAM_END; p += 2) {
        if (*p == CU_LAUNCH_PARAM_BUFFER_POINTER)
          buffer = p[1];
        else if (*p == CU_LAUNCH_PARAM_BUFFER_SIZE)
          given = *static_cast<size_t *>(p[1]);
        else
          return CUDA_ERROR_INVALID_VALUE;
      }
      if (params || given < kernel.param_bytes || (kernel.param_bytes > 0 && !buffer))
        return CUDA_ERROR_INVALID_VALUE;
      if (kernel.param_bytes > 0)
        std::memcpy(out, buffer, kernel.param_bytes);
      return CUDA_SUCCESS;
    }
    if (kernel.params.empty())
      return CUDA_SUCCESS;
    if (!params)
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      if (!params[i])
        return CUDA_ERROR_INVALID_VALUE;
      std::memcpy(out + kernel.params[i].offset, params[i], kernel.params[i].size);
    }
    return CUDA_SUCCESS;
  }
  /// The same as a list of pointers, for HIP functions that take no packed buffer.
  std::vector<void *> pointers(const abi::KernelSummary &kernel) {
    std::vector<void *> list;
    for (const abi::KernelParam &param : kernel.params)
      list.push_back(data() + param.offset);
    list.push_back(data() + size_ - 8);
    return list;
  }
  void set_launch_block(uint64_t address) { std::memcpy(data() + size_ - 8, &address, 8); }
  uint8_t *data() { return large_.empty() ? small_ : large_.data(); }
  size_t size() const { return size_; }
  std::span<const uint8_t> bytes() { return {data(), size_}; }

private:
  uint8_t small_[512] = {};
  std::vector<uint8_t> large_;
  size_t size_ = 0;
};

/// CUDA's own checks of a launch's shape.
CUresult check_shape(const Launch &launch, const abi::KernelSummary &kernel, const Device &device) {
  const auto &p = device.properties;
  for (int i = 0; i < 3; ++i)
    if (launch.grid.v[i] == 0 || launch.block.v[i] == 0)
      return CUDA_ERROR_INVALID_VALUE;
  if (launch.grid.v[0] > static_cast<unsigned>(std::numeric_limits<int>::max()) ||
      launch.grid.v[1] > 65535 || launch.grid.v[2] > 65535)
    return CUDA_ERROR_INVALID_VALUE;
  if (launch.block.v[0] > 1024 || launch.block.v[1] > 1024 || launch.block.v[2] > 64 ||
      launch.block.product() > static_cast<uint64_t>(std::min(p.maxThreadsPerBlock, 1024)))
    return CUDA_ERROR_INVALID_VALUE;
  if (solo_alone(device) && launch.block.product() > abi::kMostSoloThreads) {
    log_error("{}: {} threads a block, but W2W_CONFIG=warp-mode=solo serves at most {}; take auto",
              kernel.name, launch.block.product(), abi::kMostSoloThreads);
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  }
  uint64_t most = uint64_t{kernel.max_threads[0]} * std::max(kernel.max_threads[1], 1u) *
                  std::max(kernel.max_threads[2], 1u);
  if (most > 0 && launch.block.product() > most) {
    log_error("{}: {} threads a block, but the kernel was compiled for at most {} (.maxntid)",
              kernel.name, launch.block.product(), most);
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  }
  if (kernel.req_threads[0] > 0)
    for (int i = 0; i < 3; ++i)
      if (launch.block.v[i] != std::max(kernel.req_threads[i], 1u))
        return CUDA_ERROR_INVALID_VALUE;
  if (kernel.explicit_cluster && !launch.names_cluster && kernel.cluster[0] == 0) {
    log_error("{}: the kernel must be launched with the size of a cluster (.explicitcluster): use "
              "cuLaunchKernelEx with CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION",
              kernel.name);
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  }
  return CUDA_SUCCESS;
}

CUresult check_shared(const Launch &launch, const abi::KernelSummary &kernel,
                      const Device &device) {
  uint64_t all = uint64_t{kernel.static_shared} + launch.shared_bytes;
  if (launch.shared_bytes > dynamic_shared_limit(*launch.function)) {
    log_error("{}: {} bytes of dynamic shared memory, {} allowed (raise "
              "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)",
              kernel.name, launch.shared_bytes, dynamic_shared_limit(*launch.function));
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (all > shared_limit(device)) {
    log_error("{}: {} bytes of shared memory a block, {} allowed on {}", kernel.name, all,
              shared_limit(device), device.processor);
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

/// Blocks per slice in one dimension: HIP counts work-items a dimension in 32 bits.
unsigned slice_blocks(unsigned grid, unsigned block) {
  uint64_t most = std::numeric_limits<uint32_t>::max() / block;
  return static_cast<unsigned>(std::min<uint64_t>(grid, most));
}

/// Bytes of the slab for one block: a page's multiple, so that every alignment holds in each.
uint64_t slab_stride(uint64_t window) {
  constexpr uint64_t kPage = 4096;
  return (window + kPage - 1) / kPage * kPage;
}

/// Blocks per slice of a launch whose shared memory lies in a slab, which bounds the slab. Blocks
/// find their part by their number in the whole grid's x and y, so that a slice takes part of one
/// dimension only if it takes one of the higher ones.
Dim slab_slice(const Dim &grid, uint64_t stride) {
  constexpr uint64_t kMostSlab = 256 << 20;
  uint64_t left = std::max<uint64_t>(kMostSlab / stride, 1);
  Dim slice{};
  for (int i = 0; i < 3; ++i) {
    slice.v[i] = static_cast<unsigned>(std::min<uint64_t>(grid.v[i], left));
    left = slice.v[i] == grid.v[i] ? std::max<uint64_t>(left / grid.v[i], 1) : 1;
  }
  return slice;
}

/// Work-items of a workgroup.
Dim workgroup_of(const Launch &launch, const LaunchedKernel &kernel) {
  if (!kernel.loaded->code->solo)
    return launch.block;
  return {{kernel.work_items(static_cast<unsigned>(launch.block.product())), 1, 1}};
}

/// Whether all blocks of a cooperative launch run at once: HIP checks that too, but only after the
/// slab for all of them was allocated.
CUresult check_resident(const Launch &launch, const Device &device, const LaunchedKernel &kernel,
                        Context &context) {
  int blocks = 0;
  hip::hipError_t error = hip::api().hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
      &blocks, kernel.loaded->function, static_cast<int>(workgroup_of(launch, kernel).product()),
      0);
  if (error != hip::hipSuccess)
    return to_cuda(error, context);
  uint64_t most = static_cast<uint64_t>(std::max(blocks, 0)) *
                  static_cast<uint64_t>(device.properties.multiProcessorCount);
  return launch.grid.product() > most ? CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE : CUDA_SUCCESS;
}

/// Bytes of LDS beside the static ones.
unsigned lds_bytes(const Launch &launch, const LaunchedKernel &kernel) {
  return kernel.shared_in_memory ? 0 : launch.shared_bytes;
}

hip::hipError_t launch_packed(const Launch &launch, const Dim &count, const LaunchedKernel &kernel,
                              ParameterBuffer &parameters, const Stream &stream) {
  size_t size = parameters.size();
  void *extra[] = {hip::kLaunchParamBufferPointer, parameters.data(), hip::kLaunchParamBufferSize,
                   &size, hip::kLaunchParamEnd};
  const Dim workgroup = workgroup_of(launch, kernel);
  return hip::api().hipModuleLaunchKernel(
      kernel.loaded->function, count.v[0], count.v[1], count.v[2], workgroup.v[0], workgroup.v[1],
      workgroup.v[2], lds_bytes(launch, kernel), stream.hip, nullptr, extra);
}

CUresult launch_slice(const Launch &launch, const Dim &offset, const Dim &count,
                      const abi::LaunchBlock &block_template, const abi::KernelSummary &summary,
                      const LaunchedKernel &kernel, ParameterBuffer &parameters, Stream &stream,
                      Context &context) {
  abi::LaunchBlock *block = nullptr;
  uint64_t address = 0;
  if (CUresult result = stream.ring.next(stream.hip, block, address))
    return result;
  abi::LaunchBlock filled = block_template;
  for (int i = 0; i < 3; ++i)
    filled.block_offset[i] = offset.v[i];
  std::memcpy(block, &filled, sizeof filled);
  parameters.set_launch_block(address);
  const hip::Api &api = hip::api();
  hip::hipError_t error = hip::hipSuccess;
  if (launch.cooperative) {
    auto pointers = parameters.pointers(summary);
    const Dim workgroup = workgroup_of(launch, kernel);
    error = api.hipModuleLaunchCooperativeKernel(
        kernel.loaded->function, count.v[0], count.v[1], count.v[2], workgroup.v[0], workgroup.v[1],
        workgroup.v[2], lds_bytes(launch, kernel), stream.hip, pointers.data());
  } else {
    error = launch_packed(launch, count, kernel, parameters, stream);
  }
  if (error != hip::hipSuccess)
    log_error("{}", hip::describe(api, fmt::format("launching {}", launch.function->name), error));
  return to_cuda(error, context);
}

/// A launch that was checked, with its kernel compiled and loaded.
struct PreparedLaunch {
  Function *function = nullptr;
  const abi::KernelSummary *kernel = nullptr;
  ParameterBuffer parameters;
  std::shared_ptr<jit::LoadedModule> instance;
  LaunchedKernel loaded;
};

/// Finds the kernel and packs its parameters.
CUresult pack(const Launch &launch, const Context &context, PreparedLaunch &prepared) {
  Function *function = prepared.function = find_function(launch.function);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  if (function->module->bound && function->module->bound != &context)
    return CUDA_ERROR_INVALID_HANDLE; // a function of another context's module
  prepared.kernel = &function->module->program->summary().kernels[function->index];
  return prepared.parameters.fill(*prepared.kernel, launch.params, launch.extra);
}

CUresult prepare(const Launch &launch, Context &context, PreparedLaunch &prepared) {
  if (CUresult result = pack(launch, context, prepared))
    return result;
  Function *function = prepared.function;
  const Device &device = *context.device;
  if (CUresult result = check_shape(launch, *prepared.kernel, device))
    return result;
  if (CUresult result = check_shared(launch, *prepared.kernel, device))
    return result;
  if (CUresult result = prepare_shared(context))
    return result;
  auto instance = function->module->instance(context);
  if (!instance)
    return fail(to_cuda(instance.failure()), instance.failure().message);
  prepared.instance = *instance;
  return load_version(*function, context, **instance, jit::KernelVersion::for_block(launch.block.v),
                      launch.shared_bytes, prepared.parameters.bytes(), prepared.loaded);
}

/// What a graph keeps of a launch.
KernelOperation operation_of(const Launch &launch, PreparedLaunch &prepared, Context &context) {
  KernelOperation operation;
  operation.function = prepared.function;
  operation.context = &context;
  std::copy(std::begin(launch.grid.v), std::end(launch.grid.v), operation.grid);
  std::copy(std::begin(launch.block.v), std::end(launch.block.v), operation.block);
  operation.shared_bytes = launch.shared_bytes;
  const uint8_t *parameters = prepared.parameters.data();
  operation.parameters.assign(parameters, parameters + prepared.kernel->param_bytes);
  operation.attributes.assign(launch.attributes.begin(), launch.attributes.end());
  if (launch.cooperative) {
    CUlaunchAttributeValue value{};
    value.cooperative = 1;
    operation.set_attribute(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value);
  }
  return operation;
}

CUresult launch_kernel(const Launch &launch) {
  if (!initialised())
    return CUDA_ERROR_NOT_INITIALIZED;
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  Stream *stream = find_stream(launch.stream, *context, launch.per_thread);
  if (!stream || stream->context != context)
    return CUDA_ERROR_INVALID_HANDLE;
  bool capturing = false;
  if (CUresult result = enter_stream(*stream, capturing))
    return result;
  PreparedLaunch prepared;
  if (CUresult result = prepare(launch, *context, prepared))
    return result;
  if (capturing)
    return capture(*stream, operation_of(launch, prepared, *context));
  const Device &device = *context->device;
  Function *function = prepared.function;
  const abi::KernelSummary &kernel = *prepared.kernel;
  ParameterBuffer &parameters = prepared.parameters;
  const LaunchedKernel &loaded = prepared.loaded;
  const Dim workgroup = workgroup_of(launch, loaded);

  abi::LaunchBlock block{};
  block.version = abi::kLaunchBlockVersion;
  block.size = sizeof block;
  block.arena = prepared.instance->arena();
  block.managed_arena = prepared.instance->managed_arena();
  for (int i = 0; i < 3; ++i) {
    block.ntid[i] = launch.block.v[i];
    block.nctaid[i] = launch.grid.v[i];
  }
  block.dynamic_shared_size = launch.shared_bytes;
  block.static_shared_size = kernel.static_shared;
  block.explicit_cluster = launch.names_cluster || kernel.cluster[0] > 0;
  block.grid_id = context->next_grid_id++;
  block.printf_fifo = context->fifo_device;
  block.status = context->status_device;
  block.atomic_locks = reinterpret_cast<uint64_t>(context->atomic_locks);
  if (function->module->uses_heap)
    if (CUresult result = prepare_heap(*context, block.device_heap))
      return result;
  Context::Recent &recent = context->recent[block.grid_id % Context::kRecent];
  recent.name = function->name;
  recent.grid_id = block.grid_id;

  Dim slice{};
  for (int i = 0; i < 3; ++i)
    slice.v[i] = slice_blocks(launch.grid.v[i], workgroup.v[i]);
  if (loaded.shared_in_memory) {
    block.shared_slab_stride = slab_stride(loaded.loaded->code->window_bytes + launch.shared_bytes);
    if (!launch.cooperative)
      slice = slab_slice(launch.grid, block.shared_slab_stride);
    else if (CUresult result = check_resident(launch, device, loaded, *context))
      return result;
  }
  std::lock_guard lock(stream->mutex);
  if (launch.cooperative) {
    if (!hip::api().hipModuleLaunchCooperativeKernel)
      return not_supported("cuLaunchCooperativeKernel", "HIP has no cooperative launch");
    // Whether the grid fits the device is HIP's to say; one that needs slices cannot.
    if (slice.product() < launch.grid.product())
      return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    if (CUresult result = stream->prepare_grid_workspace())
      return result;
    block.grid_workspace = reinterpret_cast<uint64_t>(stream->grid_workspace);
  }
  if (loaded.shared_in_memory) {
    if (CUresult result = stream->prepare_shared_slab(slice.product() * block.shared_slab_stride))
      return result;
    block.shared_slab = reinterpret_cast<uint64_t>(stream->shared_slab);
  }
  auto launch_all = [&]() -> CUresult {
    Dim offset{};
    for (offset.v[2] = 0; offset.v[2] < launch.grid.v[2]; offset.v[2] += slice.v[2])
      for (offset.v[1] = 0; offset.v[1] < launch.grid.v[1]; offset.v[1] += slice.v[1])
        for (offset.v[0] = 0; offset.v[0] < launch.grid.v[0];) {
          Dim count{};
          for (int i = 0; i < 3; ++i)
            count.v[i] = std::min(slice.v[i], launch.grid.v[i] - offset.v[i]);
          if (CUresult result = launch_slice(launch, offset, count, block, kernel, loaded,
                                             parameters, *stream, *context))
            return result;
          offset.v[0] += count.v[0];
        }
    return CUDA_SUCCESS;
  };
  CUresult result = function->module->has_textures
                        ? function->module->textures_in(*context).around_launch(
                              prepared.instance->arena(), *stream, *context, launch_all)
                        : launch_all();
  if (result != CUDA_SUCCESS)
    return result;
  log_trace("launched {} grid {}x{}x{} block {}x{}x{}{}", function->name, launch.grid.v[0],
            launch.grid.v[1], launch.grid.v[2], launch.block.v[0], launch.block.v[1],
            launch.block.v[2],
            loaded.loaded->code->device_parameters.empty() ? "" : ", device memory assumed");
  return CUDA_SUCCESS;
}

/// CUDA_LAUNCH_BLOCKING=1: every launch waits, so that an error belongs to the call that caused it.
CUresult launch_and_wait(const Launch &launch) {
  static const bool blocking = [] {
    const char *text = std::getenv("CUDA_LAUNCH_BLOCKING");
    return text && *text && *text != '0';
  }();
  CUresult result = launch_kernel(launch);
  if (result != CUDA_SUCCESS || !blocking)
    return result;
  return launch.per_thread ? cuStreamSynchronize_ptsz(launch.stream)
                           : cuStreamSynchronize(launch.stream);
}

CUresult read_config(const CUlaunchConfig *config, CUfunction function, void **params, void **extra,
                     bool per_thread, Launch &launch) {
  if (!config || (config->numAttrs > 0 && !config->attrs))
    return CUDA_ERROR_INVALID_VALUE;
  launch.function = reinterpret_cast<Function *>(function);
  launch.grid = {{config->gridDimX, config->gridDimY, config->gridDimZ}};
  launch.block = {{config->blockDimX, config->blockDimY, config->blockDimZ}};
  launch.shared_bytes = config->sharedMemBytes;
  launch.stream = config->hStream;
  launch.per_thread = per_thread;
  launch.params = params;
  launch.extra = extra;
  launch.attributes = {config->attrs, config->numAttrs};
  for (const CUlaunchAttribute &attribute : launch.attributes) {
    switch (attribute.id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
      launch.cooperative = attribute.value.cooperative != 0;
      break;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION: {
      const auto &dim = attribute.value.clusterDim;
      if (uint64_t{dim.x} * dim.y * dim.z > 1)
        return not_supported("cuLaunchKernelEx", "clusters of more than one block");
      launch.names_cluster = uint64_t{dim.x} * dim.y * dim.z == 1;
      break;
    }
    // Serialising completely is what these allow to relax; the others are hints.
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_IGNORE:
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
      break;
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
      return not_supported("cuLaunchKernelEx", "events in launch attributes");
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
      return not_supported("cuLaunchKernelEx", "device-updatable graph nodes");
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  }
  return CUDA_SUCCESS;
}

CUresult launch_by_config(const CUlaunchConfig *config, CUfunction function, void **params,
                          void **extra, bool per_thread) {
  Launch launch;
  if (CUresult result = read_config(config, function, params, extra, per_thread, launch))
    return result;
  return launch_and_wait(launch);
}

} // namespace

CUresult make_kernel(const CUlaunchConfig &config, CUfunction function, void **params, void **extra,
                     Context &context, KernelOperation &operation) {
  Launch launch;
  if (CUresult result = read_config(&config, function, params, extra, false, launch))
    return result;
  PreparedLaunch prepared;
  CurrentContext current(context);
  // Programs make nodes before they know the size of the grid: it may be zero until the launch.
  const bool complete = launch.grid.product() != 0 && launch.block.product() != 0;
  if (CUresult result =
          complete ? prepare(launch, context, prepared) : pack(launch, context, prepared))
    return result;
  operation = operation_of(launch, prepared, context);
  return CUDA_SUCCESS;
}

CUresult launch(const KernelOperation &operation, CUstream stream) {
  CUlaunchConfig config{};
  config.gridDimX = operation.grid[0];
  config.gridDimY = operation.grid[1];
  config.gridDimZ = operation.grid[2];
  config.blockDimX = operation.block[0];
  config.blockDimY = operation.block[1];
  config.blockDimZ = operation.block[2];
  config.sharedMemBytes = operation.shared_bytes;
  config.hStream = stream;
  config.attrs = const_cast<CUlaunchAttribute *>(operation.attributes.data());
  config.numAttrs = static_cast<unsigned>(operation.attributes.size());
  size_t bytes = operation.parameters.size();
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER,
                   const_cast<uint8_t *>(operation.parameters.data()), CU_LAUNCH_PARAM_BUFFER_SIZE,
                   &bytes, CU_LAUNCH_PARAM_END};
  Launch launch;
  if (CUresult result = read_config(&config, reinterpret_cast<CUfunction>(operation.function),
                                    nullptr, extra, false, launch))
    return result;
  return launch_kernel(launch);
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

#define W2W_LAUNCH_PARAMETERS                                                                      \
  CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,              \
      unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared_bytes, \
      CUstream stream, void **params

#define W2W_LAUNCH(per_thread, cooperative, extra)                                                 \
  launch_and_wait({reinterpret_cast<Function *>(function),                                         \
                   {{grid_x, grid_y, grid_z}},                                                     \
                   {{block_x, block_y, block_z}},                                                  \
                   shared_bytes,                                                                   \
                   stream,                                                                         \
                   per_thread,                                                                     \
                   cooperative,                                                                    \
                   params,                                                                         \
                   extra})

CUresult cuLaunchKernel(W2W_LAUNCH_PARAMETERS, void **extra) {
  return W2W_LAUNCH(false, false, extra);
}
CUresult cuLaunchKernel_ptsz(W2W_LAUNCH_PARAMETERS, void **extra) {
  return W2W_LAUNCH(true, false, extra);
}
CUresult cuLaunchCooperativeKernel(W2W_LAUNCH_PARAMETERS) {
  return W2W_LAUNCH(false, true, nullptr);
}
CUresult cuLaunchCooperativeKernel_ptsz(W2W_LAUNCH_PARAMETERS) {
  return W2W_LAUNCH(true, true, nullptr);
}
CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **params,
                          void **extra) {
  return launch_by_config(config, function, params, extra, false);
}
CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction function, void **params,
                               void **extra) {
  return launch_by_config(config, function, params, extra, true);
}
