// Launches, function attributes, occupancy.
#include "runtime/cudart/registry.h"

#include <climits>
#include <vector>

namespace {

/// A launch between <<< >>> and the stub that makes it.
struct CallConfiguration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
thread_local std::vector<CallConfiguration> t_configurations;

/// The driver says "invalid value" where the runtime tells a bad geometry apart.
cudaError_t launch_error(CUresult r, dim3 grid, dim3 block) {
  if (r != CUDA_ERROR_INVALID_VALUE)
    return to_error(r);
  CUdevice device = 0;
  if (cuCtxGetDevice(&device) != CUDA_SUCCESS)
    return cudaErrorInvalidValue;
  auto limit = [&](CUdevice_attribute a) {
    int v = INT_MAX;
    cuDeviceGetAttribute(&v, a, device);
    return static_cast<uint64_t>(v);
  };
  const unsigned b[3] = {block.x, block.y, block.z}, g[3] = {grid.x, grid.y, grid.z};
  for (int i = 0; i < 3; ++i)
    if (b[i] == 0 || g[i] == 0 ||
        b[i] > limit(static_cast<CUdevice_attribute>(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i)) ||
        g[i] > limit(static_cast<CUdevice_attribute>(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i)))
      return cudaErrorInvalidConfiguration;
  if (uint64_t{b[0]} * b[1] * b[2] > limit(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK))
    return cudaErrorInvalidConfiguration;
  return cudaErrorInvalidValue;
}

cudaError_t launch(const void *function, dim3 grid, dim3 block, void **args, size_t shared,
                   cudaStream_t stream, bool cooperative) {
  return in_context([&]() -> cudaError_t {
    if (shared > UINT_MAX)
      return cudaErrorInvalidValue;
    CUkernel kernel = nullptr;
    if (cudaError_t e = find_kernel(function, kernel))
      return e;
    auto f = reinterpret_cast<CUfunction>(kernel);
    const auto bytes = static_cast<unsigned>(shared);
    CUresult r = cooperative ? cuLaunchCooperativeKernel(f, grid.x, grid.y, grid.z, block.x,
                                                         block.y, block.z, bytes, stream, args)
                             : cuLaunchKernel(f, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                                              bytes, stream, args, nullptr);
    return launch_error(r, grid, block);
  });
}

cudaError_t launch_ex(const cudaLaunchConfig_t *config, const void *function, void **args,
                      bool per_thread) {
  if (!config)
    return record(cudaErrorInvalidValue);
  return in_context([&]() -> cudaError_t {
    if (config->dynamicSmemBytes > UINT_MAX)
      return cudaErrorInvalidValue;
    CUkernel kernel = nullptr;
    if (cudaError_t e = find_kernel(function, kernel))
      return e;
    const dim3 g = config->gridDim, b = config->blockDim;
    CUlaunchConfig c = {};
    c.gridDimX = g.x;
    c.gridDimY = g.y;
    c.gridDimZ = g.z;
    c.blockDimX = b.x;
    c.blockDimY = b.y;
    c.blockDimZ = b.z;
    c.sharedMemBytes = static_cast<unsigned>(config->dynamicSmemBytes);
    c.hStream = !config->stream && per_thread ? CU_STREAM_PER_THREAD : config->stream;
    c.attrs = config->attrs;
    c.numAttrs = config->numAttrs;
    return launch_error(cuLaunchKernelEx(&c, reinterpret_cast<CUfunction>(kernel), args, nullptr),
                        g, b);
  });
}

/// Runs `call(kernel)` for the kernel of a function.
template <class Call> cudaError_t with_kernel(const void *function, Call call) {
  return in_context([&]() -> cudaError_t {
    CUkernel kernel = nullptr;
    if (cudaError_t e = find_kernel(function, kernel))
      return e;
    return to_error(call(kernel));
  });
}

/// The members that every version has.
template <class Attributes> cudaError_t attributes(Attributes *a, const void *function) {
  if (!a)
    return record(cudaErrorInvalidValue);
  return with_kernel(function, [&](CUkernel kernel) -> CUresult {
    CUdevice device = 0;
    if (CUresult r = cuCtxGetDevice(&device))
      return r;
    CUresult failed = CUDA_SUCCESS;
    auto get = [&](CUfunction_attribute which) {
      int v = 0;
      if (CUresult r = cuKernelGetAttribute(&v, which, kernel, device))
        failed = r;
      return v;
    };
    auto size = [&](CUfunction_attribute which) { return static_cast<size_t>(get(which)); };
    *a = {};
    a->sharedSizeBytes = size(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
    a->constSizeBytes = size(CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES);
    a->localSizeBytes = size(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
    a->maxThreadsPerBlock = get(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    a->numRegs = get(CU_FUNC_ATTRIBUTE_NUM_REGS);
    a->ptxVersion = get(CU_FUNC_ATTRIBUTE_PTX_VERSION);
    a->binaryVersion = get(CU_FUNC_ATTRIBUTE_BINARY_VERSION);
    a->cacheModeCA = get(CU_FUNC_ATTRIBUTE_CACHE_MODE_CA);
    a->maxDynamicSharedSizeBytes = get(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
    a->preferredShmemCarveout = get(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
    if constexpr (requires { a->clusterDimMustBeSet; }) {
      a->clusterDimMustBeSet = get(CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET);
      a->requiredClusterWidth = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH);
      a->requiredClusterHeight = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT);
      a->requiredClusterDepth = get(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH);
      a->nonPortableClusterSizeAllowed = get(CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
      a->clusterSchedulingPolicyPreference =
          get(CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE);
    }
    return failed;
  });
}

} // namespace

W2W_RT_RETURNING(unsigned)
w2wrt___cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  t_configurations.push_back({grid, block, shared, stream});
  return 0;
}

W2W_RT w2wrt___cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared,
                                        cudaStream_t *stream) {
  if (t_configurations.empty())
    return record(cudaErrorMissingConfiguration);
  const CallConfiguration &c = t_configurations.back();
  *grid = c.grid;
  *block = c.block;
  *shared = c.shared;
  *stream = c.stream;
  t_configurations.pop_back();
  return cudaSuccess;
}

W2W_RT w2wrt_cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **args,
                              size_t shared, cudaStream_t stream) {
  return launch(function, grid, block, args, shared, stream, false);
}
W2W_RT w2wrt___cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **args,
                                size_t shared, cudaStream_t stream) {
  return launch(kernel, grid, block, args, shared, stream, false);
}
W2W_RT w2wrt_cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block, void **args,
                                         size_t shared, cudaStream_t stream) {
  return launch(function, grid, block, args, shared, stream, true);
}
W2W_RT w2wrt_cudaLaunchKernelExC(const cudaLaunchConfig_t *c, const void *function, void **args) {
  return launch_ex(c, function, args, false);
}
W2W_RT w2wrt_cudaLaunchKernelExC_ptsz(const cudaLaunchConfig_t *c, const void *function,
                                      void **args) {
  return launch_ex(c, function, args, true);
}

W2W_RT w2wrt_cudaFuncGetAttributes(cudaFuncAttributes *a, const void *function) {
  return attributes(a, function);
}
W2W_RT w2wrt_cudaFuncGetAttributes_11(cudaFuncAttributes11 *a, const void *function) {
  return attributes(a, function);
}

W2W_RT w2wrt_cudaFuncSetAttribute(const void *function, int attribute, int value) {
  return with_kernel(function, [=](CUkernel kernel) -> CUresult {
    CUdevice device = 0;
    if (CUresult r = cuCtxGetDevice(&device))
      return r;
    return cuKernelSetAttribute(static_cast<CUfunction_attribute>(attribute), value, kernel,
                                device);
  });
}
W2W_RT w2wrt_cudaKernelSetAttributeForDevice(cudaKernel_t kernel, int attribute, int value,
                                             int device) {
  return with_kernel(kernel, [=](CUkernel k) {
    return cuKernelSetAttribute(static_cast<CUfunction_attribute>(attribute), value, k, device);
  });
}
W2W_RT w2wrt_cudaFuncSetCacheConfig(const void *function, int config) {
  return with_kernel(function, [=](CUkernel kernel) -> CUresult {
    CUdevice device = 0;
    if (CUresult r = cuCtxGetDevice(&device))
      return r;
    return cuKernelSetCacheConfig(kernel, static_cast<CUfunc_cache>(config), device);
  });
}
W2W_RT w2wrt_cudaFuncSetSharedMemConfig(const void *function, int config) {
  return with_kernel(function, [=](CUkernel kernel) -> CUresult {
    CUfunction f = nullptr;
    if (CUresult r = cuKernelGetFunction(&f, kernel))
      return r;
    return cuFuncSetSharedMemConfig(f, static_cast<CUsharedconfig>(config));
  });
}
W2W_RT w2wrt_cudaFuncGetName(const char **name, const void *function) {
  return with_kernel(function, [=](CUkernel kernel) { return cuKernelGetName(name, kernel); });
}
W2W_RT w2wrt_cudaFuncGetParamInfo(const void *function, size_t index, size_t *offset,
                                  size_t *size) {
  return with_kernel(
      function, [=](CUkernel kernel) { return cuKernelGetParamInfo(kernel, index, offset, size); });
}

W2W_RT w2wrt_cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks,
                                                                    const void *function,
                                                                    int block_size, size_t shared,
                                                                    unsigned flags) {
  return with_kernel(function, [=](CUkernel kernel) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks, reinterpret_cast<CUfunction>(kernel), block_size, shared, flags);
  });
}
W2W_RT w2wrt_cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function,
                                                           int block_size, size_t shared) {
  return w2wrt_cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, block_size,
                                                                      shared, 0);
}
W2W_RT w2wrt_cudaOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, const void *function,
                                                       int blocks, int block_size) {
  return with_kernel(function, [=](CUkernel kernel) {
    return cuOccupancyAvailableDynamicSMemPerBlock(bytes, reinterpret_cast<CUfunction>(kernel),
                                                   blocks, block_size);
  });
}

// Libraries (cudaLibrary*): the driver's objects.

W2W_RT w2wrt_cudaLibraryLoadData(cudaLibrary_t *library, const void *code,
                                 CUjit_option *jit_options, void **jit_values, unsigned jit_count,
                                 CUlibraryOption *options, void **values, unsigned count) {
  return in_context([=] {
    return cuLibraryLoadData(library, code, jit_options, jit_values, jit_count, options, values,
                             count);
  });
}
W2W_RT w2wrt_cudaLibraryLoadFromFile(cudaLibrary_t *library, const char *file,
                                     CUjit_option *jit_options, void **jit_values,
                                     unsigned jit_count, CUlibraryOption *options, void **values,
                                     unsigned count) {
  return in_context([=] {
    return cuLibraryLoadFromFile(library, file, jit_options, jit_values, jit_count, options, values,
                                 count);
  });
}
W2W_RT w2wrt_cudaLibraryUnload(cudaLibrary_t library) {
  return in_context([=] { return cuLibraryUnload(library); });
}
W2W_RT w2wrt_cudaLibraryGetKernel(cudaKernel_t *kernel, cudaLibrary_t library, const char *name) {
  return in_context([=] {
    CUresult r = cuLibraryGetKernel(kernel, library, name);
    if (r == CUDA_SUCCESS)
      remember_kernel(*kernel);
    return r;
  });
}
W2W_RT w2wrt_cudaLibraryGetKernelCount(unsigned *count, cudaLibrary_t library) {
  return in_context([=] { return cuLibraryGetKernelCount(count, library); });
}
W2W_RT w2wrt_cudaLibraryEnumerateKernels(cudaKernel_t *kernels, unsigned count,
                                         cudaLibrary_t library) {
  return in_context([=] {
    unsigned present = 0;
    CUresult r = cuLibraryEnumerateKernels(kernels, count, library);
    if (r == CUDA_SUCCESS && (r = cuLibraryGetKernelCount(&present, library)) == CUDA_SUCCESS)
      for (unsigned i = 0; i < count && i < present; ++i)
        remember_kernel(kernels[i]);
    return r;
  });
}
W2W_RT w2wrt_cudaLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, cudaLibrary_t library,
                                  const char *name) {
  return in_context([=] { return cuLibraryGetGlobal(address, bytes, library, name); });
}
W2W_RT w2wrt_cudaLibraryGetManaged(CUdeviceptr *address, size_t *bytes, cudaLibrary_t library,
                                   const char *name) {
  return in_context([=] { return cuLibraryGetManaged(address, bytes, library, name); });
}
