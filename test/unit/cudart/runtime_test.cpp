// libcudart's behaviour over a driver of the test's own: errors, registration, launches, copies,
// default streams.
#include <catch2/catch.hpp>

#include "runtime/cudart/cudart_abi.h"

#include "runtime/cuda/cuda_api.h"

#include <cstring>
#include <string>
#include <thread>
#include <vector>

using namespace w2w::rt;

// The functions under test, as programs see them (shim.S, version 13).
extern "C" {
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char *cudaGetErrorName(cudaError_t);
const char *cudaGetErrorString(cudaError_t);
cudaError_t cudaRuntimeGetVersion(int *);
cudaError_t cudaMalloc(void **, size_t);
cudaError_t cudaFree(void *);
cudaError_t cudaMemcpy(void *, const void *, size_t, int);
cudaError_t cudaMemcpyAsync(void *, const void *, size_t, int, CUstream);
cudaError_t cudaMemcpyAsync_ptsz(void *, const void *, size_t, int, CUstream);
cudaError_t cudaMemcpy2DAsync_ptsz(void *, size_t, const void *, size_t, size_t, size_t, int,
                                   CUstream);
cudaError_t cudaMemcpyToSymbol(const void *, const void *, size_t, size_t, int);
cudaError_t cudaGetSymbolSize(size_t *, const void *);
cudaError_t cudaLaunchKernel(const void *, dim3, dim3, void **, size_t, CUstream);
cudaError_t cudaLaunchKernel_ptsz(const void *, dim3, dim3, void **, size_t, CUstream);
cudaError_t __cudaLaunchKernel(CUkernel, dim3, dim3, void **, size_t, CUstream);
cudaError_t __cudaGetKernel(CUkernel *, const void *);
cudaError_t cudaStreamSynchronize_ptsz(CUstream);
cudaError_t cudaStreamSynchronize(CUstream);
cudaError_t cudaSetDevice(int);
cudaError_t cudaGetDevice(int *);
cudaError_t cudaGetDeviceCount(int *);
cudaError_t cudaGraphCreate(void *, unsigned);
cudaError_t cudaPointerGetAttributes(void *, const void *);
void **__cudaRegisterFatBinary(const void *);
void __cudaRegisterFatBinaryEnd(void **);
void __cudaUnregisterFatBinary(void **);
void __cudaRegisterFunction(void **, const void *, char *, const char *, int, void *, void *,
                            void *, void *, int *);
void __cudaRegisterVar(void **, const void *, char *, const char *, int, size_t, int, int);
void __cudaRegisterManagedVar(void **, void **, char *, const char *, int, size_t, int, int);
char __cudaInitModule(void **);
unsigned __cudaPushCallConfiguration(dim3, dim3, size_t, CUstream);
cudaError_t __cudaPopCallConfiguration(dim3 *, dim3 *, size_t *, CUstream *);
}

namespace {

/// What the fake driver saw and what it shall answer.
struct Driver {
  std::vector<std::string> calls;
  CUstream stream = nullptr; // of the last call that had one
  CUresult launch = CUDA_SUCCESS, load = CUDA_SUCCESS, alloc = CUDA_SUCCESS;
  unsigned grid[3] = {}, block[3] = {};
  unsigned shared = 0;
  CUfunction function = nullptr;
  int loaded = 0, unloaded = 0;
  CUmemorytype source_type = CU_MEMORYTYPE_ARRAY;
} g;

thread_local CUcontext t_context = nullptr;
char g_contexts[2];
char g_library, g_kernel, g_global[64], g_managed[16];

void note(const char *call) {
  g.calls.push_back(call);
}
bool saw(const char *call) {
  return std::find(g.calls.begin(), g.calls.end(), call) != g.calls.end();
}

} // namespace

extern "C" {
CUresult cuInit(unsigned) {
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int *n) {
  return *n = 2, CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) {
  *c = reinterpret_cast<CUcontext>(&g_contexts[d]);
  return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext c) {
  return t_context = c, CUDA_SUCCESS;
}
CUresult cuCtxGetCurrent(CUcontext *c) {
  return *c = t_context, CUDA_SUCCESS;
}
CUresult cuCtxGetDevice(CUdevice *d) {
  *d = static_cast<int>(reinterpret_cast<char *>(t_context) - g_contexts);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int *v, CUdevice_attribute, CUdevice) {
  return *v = 1024, CUDA_SUCCESS;
}
CUresult cuMemAlloc_v2(CUdeviceptr *p, size_t) {
  return *p = 0x1000, g.alloc;
}
CUresult cuMemFree_v2(CUdeviceptr) {
  return note("free"), CUDA_SUCCESS;
}
CUresult cuMemcpyHtoD_v2(CUdeviceptr d, const void *s, size_t n) {
  note("HtoD");
  std::memcpy(reinterpret_cast<void *>(d), s, n);
  return CUDA_SUCCESS;
}
CUresult cuMemcpyDtoH_v2(void *, CUdeviceptr, size_t) {
  return note("DtoH"), CUDA_SUCCESS;
}
CUresult cuMemcpyDtoHAsync_v2(void *, CUdeviceptr, size_t, CUstream s) {
  return note("DtoHAsync"), g.stream = s, CUDA_SUCCESS;
}
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream s) {
  return g.source_type = c->srcMemoryType, g.stream = s, CUDA_SUCCESS;
}
CUresult cuMemcpy(CUdeviceptr, CUdeviceptr, size_t) {
  return note("unified"), CUDA_SUCCESS;
}
CUresult cuStreamSynchronize(CUstream s) {
  return note("sync"), g.stream = s, CUDA_SUCCESS;
}
CUresult cuLibraryLoadData(CUlibrary *l, const void *, CUjit_option *, void **, unsigned,
                           CUlibraryOption *o, void **v, unsigned n) {
  CHECK(n == 1);
  CHECK(o[0] == CU_LIBRARY_BINARY_IS_PRESERVED);
  CHECK(v[0] == reinterpret_cast<void *>(1));
  ++g.loaded;
  *l = reinterpret_cast<CUlibrary>(&g_library);
  return g.load;
}
CUresult cuLibraryUnload(CUlibrary) {
  return ++g.unloaded, CUDA_SUCCESS;
}
CUresult cuLibraryGetKernel(CUkernel *k, CUlibrary, const char *name) {
  *k = reinterpret_cast<CUkernel>(&g_kernel);
  return std::strcmp(name, "_Z6kernelv") == 0 ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
CUresult cuLibraryGetGlobal(CUdeviceptr *p, size_t *n, CUlibrary, const char *) {
  *p = reinterpret_cast<CUdeviceptr>(g_global);
  *n = sizeof g_global;
  return CUDA_SUCCESS;
}
CUresult cuLibraryGetManaged(CUdeviceptr *p, size_t *n, CUlibrary, const char *) {
  *p = reinterpret_cast<CUdeviceptr>(g_managed);
  *n = sizeof g_managed;
  return CUDA_SUCCESS;
}
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, CUstream s, void **, void **) {
  g.function = f;
  const unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  std::memcpy(g.grid, grid, sizeof grid);
  std::memcpy(g.block, block, sizeof block);
  g.shared = shared;
  g.stream = s;
  return g.launch;
}
CUresult cuPointerGetAttributes(unsigned, CUpointer_attribute *, void **, CUdeviceptr) {
  return CUDA_SUCCESS; // an unknown pointer: everything stays zero
}
}

namespace {

/// A registered module with one kernel and two variables; cleans up after itself.
struct Registered {
  Registered() {
    g = {};
    handle = __cudaRegisterFatBinary(&image);
    __cudaRegisterFunction(handle, &host_kernel, nullptr, "_Z6kernelv", -1, nullptr, nullptr,
                           nullptr, nullptr, nullptr);
    __cudaRegisterFunction(handle, &host_missing, nullptr, "_Z7missingv", -1, nullptr, nullptr,
                           nullptr, nullptr, nullptr);
    __cudaRegisterVar(handle, &host_variable, nullptr, "variable", 0, 64, 0, 0);
    __cudaRegisterManagedVar(handle, &managed_pointer, nullptr, "managed", 0, 16, 0, 0);
    __cudaRegisterFatBinaryEnd(handle);
    cudaGetLastError();
  }
  ~Registered() {
    if (handle)
      __cudaUnregisterFatBinary(handle);
  }
  char image = 0, host_kernel = 0, host_missing = 0, host_variable = 0;
  void *managed_pointer = nullptr;
  void **handle = nullptr;
};

constexpr dim3 kOne = {1, 1, 1};

} // namespace

TEST_CASE("errors have names, texts and stay until asked for", "[cudart]") {
  g = {};
  CHECK(std::string(cudaGetErrorName(cudaErrorInvalidValue)) == "cudaErrorInvalidValue");
  CHECK(std::string(cudaGetErrorString(cudaSuccess)) == "no error");
  CHECK(std::string(cudaGetErrorName(static_cast<cudaError_t>(12345))) ==
        "unrecognized error code");
  cudaGetLastError();
  CHECK(cudaMemcpy(nullptr, nullptr, 1, 9) == cudaErrorInvalidMemcpyDirection);
  CHECK(cudaFree(nullptr) == cudaSuccess);
  CHECK(cudaPeekAtLastError() == cudaErrorInvalidMemcpyDirection);
  std::thread([] { CHECK(cudaGetLastError() == cudaSuccess); }).join();
  CHECK(cudaGetLastError() == cudaErrorInvalidMemcpyDirection);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("what is not implemented says so and never succeeds", "[cudart]") {
  CHECK(cudaGraphCreate(nullptr, 0) == cudaErrorNotSupported);
  CHECK(cudaGetLastError() == cudaErrorNotSupported);
}

TEST_CASE("version", "[cudart]") {
  int v = 0;
  CHECK(cudaRuntimeGetVersion(&v) == cudaSuccess);
  CHECK(v == 13000);
  CHECK(cudaRuntimeGetVersion(nullptr) == cudaErrorInvalidValue);
}

TEST_CASE("the current device is a thread's own", "[cudart]") {
  int d = -1;
  CHECK(cudaSetDevice(1) == cudaSuccess);
  CHECK(cudaGetDevice(&d) == cudaSuccess);
  CHECK(d == 1);
  std::thread([] {
    int other = -1;
    CHECK(cudaGetDevice(&other) == cudaSuccess);
    CHECK(other == 0);
  }).join();
  CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
  CHECK(cudaSetDevice(-1) == cudaErrorInvalidDevice);
  CHECK(cudaSetDevice(0) == cudaSuccess);
}

TEST_CASE("allocations of nothing give null", "[cudart]") {
  void *p = &p;
  CHECK(cudaMalloc(&p, 0) == cudaSuccess);
  CHECK(p == nullptr);
  CHECK(cudaMalloc(&p, 16) == cudaSuccess);
  CHECK(p == reinterpret_cast<void *>(0x1000));
  g.alloc = CUDA_ERROR_OUT_OF_MEMORY;
  CHECK(cudaMalloc(&p, 16) == cudaErrorMemoryAllocation);
  CHECK(cudaMalloc(nullptr, 16) == cudaErrorInvalidValue);
}

TEST_CASE("modules are loaded at the first launch and only once", "[cudart]") {
  Registered r;
  CHECK(g.loaded == 0);
  CHECK(cudaLaunchKernel(&r.host_kernel, {4, 5, 6}, {7, 8, 9}, nullptr, 100,
                         reinterpret_cast<CUstream>(0x77)) == cudaSuccess);
  CHECK(g.loaded == 1);
  CHECK(g.grid[0] == 4);
  CHECK(g.grid[2] == 6);
  CHECK(g.block[0] == 7);
  CHECK(g.block[2] == 9);
  CHECK(g.shared == 100);
  CHECK(g.stream == reinterpret_cast<CUstream>(0x77));
  CHECK(g.function == reinterpret_cast<CUfunction>(&g_kernel));
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) == cudaSuccess);
  CHECK(g.loaded == 1);
  CHECK(g.stream == nullptr);
  // The twin for per-thread default streams, whose stream argument lies on the stack.
  CHECK(cudaLaunchKernel_ptsz(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) == cudaSuccess);
  CHECK(g.stream == CU_STREAM_PER_THREAD);
  CHECK(cudaLaunchKernel_ptsz(&r.host_kernel, kOne, kOne, nullptr, 0,
                              reinterpret_cast<CUstream>(0x55)) == cudaSuccess);
  CHECK(g.stream == reinterpret_cast<CUstream>(0x55));
  __cudaUnregisterFatBinary(r.handle);
  r.handle = nullptr;
  CHECK(g.unloaded == 1);
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorInvalidDeviceFunction);
}

TEST_CASE("the way nvcc 13 launches", "[cudart]") {
  Registered r;
  CUkernel kernel = nullptr;
  CHECK(__cudaPushCallConfiguration({2, 1, 1}, {32, 1, 1}, 8, nullptr) == 0);
  CHECK(__cudaGetKernel(&kernel, &r.host_kernel) == cudaSuccess);
  dim3 grid, block;
  size_t shared;
  CUstream stream;
  CHECK(__cudaPopCallConfiguration(&grid, &block, &shared, &stream) == cudaSuccess);
  CHECK(__cudaLaunchKernel(kernel, grid, block, nullptr, shared, stream) == cudaSuccess);
  CHECK(g.grid[0] == 2);
  CHECK(g.block[0] == 32);
  CHECK(g.shared == 8);
  CHECK(__cudaPopCallConfiguration(&grid, &block, &shared, &stream) ==
        cudaErrorMissingConfiguration);
  CHECK(__cudaGetKernel(&kernel, &kernel) == cudaErrorInvalidDeviceFunction);
}

TEST_CASE("launches that cannot be", "[cudart]") {
  Registered r;
  int not_a_kernel = 0;
  CHECK(cudaLaunchKernel(&not_a_kernel, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorInvalidDeviceFunction);
  CHECK(cudaLaunchKernel(nullptr, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorInvalidDeviceFunction);
  CHECK(cudaLaunchKernel(&r.host_missing, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorInvalidDeviceFunction);
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, size_t{1} << 32, nullptr) ==
        cudaErrorInvalidValue);
  // The driver says "invalid value"; the runtime says what is.
  g.launch = CUDA_ERROR_INVALID_VALUE;
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, {64, 64, 1}, nullptr, 0, nullptr) ==
        cudaErrorInvalidConfiguration);
  CHECK(cudaLaunchKernel(&r.host_kernel, {0, 1, 1}, kOne, nullptr, 0, nullptr) ==
        cudaErrorInvalidConfiguration);
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 99, nullptr) ==
        cudaErrorInvalidValue);
}

TEST_CASE("a module that cannot be loaded stays so", "[cudart]") {
  Registered r;
  g.load = CUDA_ERROR_NO_BINARY_FOR_GPU;
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorNoKernelImageForDevice);
  CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) ==
        cudaErrorNoKernelImageForDevice);
  CHECK(g.loaded == 1);
}

TEST_CASE("device variables by their host address", "[cudart]") {
  Registered r;
  size_t size = 0;
  int value = 42;
  CHECK(cudaGetSymbolSize(&size, &r.host_variable) == cudaSuccess);
  CHECK(size == sizeof g_global);
  CHECK(cudaMemcpyToSymbol(&r.host_variable, &value, 4, 8, cudaMemcpyHostToDevice) == cudaSuccess);
  CHECK(std::memcmp(g_global + 8, &value, 4) == 0);
  CHECK(cudaMemcpyToSymbol(&r.host_variable, &value, 4, 61, cudaMemcpyHostToDevice) ==
        cudaErrorInvalidValue);
  CHECK(cudaMemcpyToSymbol(&r.host_variable, &value, 4, 0, cudaMemcpyDeviceToHost) ==
        cudaErrorInvalidMemcpyDirection);
  CHECK(cudaMemcpyToSymbol(&value, &value, 4, 0, cudaMemcpyHostToDevice) == cudaErrorInvalidSymbol);
  CHECK(r.managed_pointer == g_managed); // loading the module set it
}

TEST_CASE("managed variables are there after __cudaInitModule", "[cudart]") {
  Registered r;
  CHECK(r.managed_pointer == nullptr);
  CHECK(__cudaInitModule(r.handle));
  CHECK(r.managed_pointer == g_managed);
  size_t size = 0;
  CHECK(cudaGetSymbolSize(&size, g_managed) ==
        cudaSuccess); // nvcc passes the variable's own address
  CHECK(size == sizeof g_managed);
}

TEST_CASE("copies go the way their kind says", "[cudart]") {
  g = {};
  char a[8] = "1234567", b[8] = {};
  CHECK(cudaMemcpy(b, a, 8, cudaMemcpyHostToHost) == cudaSuccess);
  CHECK(std::string(b) == "1234567");
  CHECK(cudaMemcpy(b, a, 8, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(saw("DtoH"));
  CHECK(cudaMemcpy(b, a, 8, cudaMemcpyDefault) == cudaSuccess);
  CHECK(saw("unified"));
  g.calls.clear();
  CHECK(cudaMemcpy(b, a, 0, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(g.calls.empty());
  CHECK(cudaMemcpyAsync(b, a, 8, cudaMemcpyDeviceToHost, nullptr) == cudaSuccess);
  CHECK(g.stream == nullptr);
  CHECK(cudaMemcpyAsync_ptsz(b, a, 8, cudaMemcpyDeviceToHost, nullptr) == cudaSuccess);
  CHECK(g.stream == CU_STREAM_PER_THREAD);
  CHECK(cudaMemcpy2DAsync_ptsz(b, 8, a, 8, 4, 1, cudaMemcpyDeviceToHost, nullptr) == cudaSuccess);
  CHECK(g.stream == CU_STREAM_PER_THREAD);
  CHECK(g.source_type == CU_MEMORYTYPE_DEVICE);
  CHECK(cudaStreamSynchronize_ptsz(nullptr) == cudaSuccess);
  CHECK(g.stream == CU_STREAM_PER_THREAD);
  CHECK(cudaStreamSynchronize(nullptr) == cudaSuccess);
  CHECK(g.stream == nullptr);
}

TEST_CASE("a pointer nobody knows is unregistered, not an error", "[cudart]") {
  alignas(8) char attributes[kPointerAttributes13];
  std::memset(attributes, 0xff, sizeof attributes);
  int x = 0;
  CHECK(cudaPointerGetAttributes(attributes, &x) == cudaSuccess);
  cudaPointerAttributes a;
  std::memcpy(&a, attributes, sizeof a);
  CHECK(a.type == cudaMemoryTypeUnregistered);
  CHECK(a.hostPointer == &x);
  CHECK(a.devicePointer == nullptr);
  CHECK(attributes[kPointerAttributes13 - 1] == 0);
}

// Last: afterwards the device is unusable for this thread until reset.
TEST_CASE("errors of kernels stick", "[cudart]") {
  std::thread([] {
    Registered r;
    g.launch = CUDA_ERROR_ILLEGAL_ADDRESS;
    CHECK(cudaLaunchKernel(&r.host_kernel, kOne, kOne, nullptr, 0, nullptr) ==
          cudaErrorIllegalAddress);
    CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
    CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
  }).join();
}
