// A program of the driver API alone: vector add from PTX text, and what goes wrong in the ways
// programs meet. It links libcuda.so.1 as any program does; the device comes from W2W_DEVICE.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

const char kVectorAdd[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .entry vector_add(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n)
{
  .reg .pred %p<2>;
  .reg .f32 %f<4>;
  .reg .b32 %r<6>;
  .reg .b64 %rd<11>;
  ld.param.u64 %rd1, [a];
  ld.param.u64 %rd2, [b];
  ld.param.u64 %rd3, [c];
  ld.param.u32 %r2, [n];
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %ctaid.x;
  mov.u32 %r5, %tid.x;
  mad.lo.s32 %r1, %r4, %r3, %r5;
  setp.ge.u32 %p1, %r1, %r2;
  @%p1 bra DONE;
  cvta.to.global.u64 %rd4, %rd1;
  mul.wide.u32 %rd5, %r1, 4;
  add.s64 %rd6, %rd4, %rd5;
  ld.global.f32 %f1, [%rd6];
  cvta.to.global.u64 %rd7, %rd2;
  add.s64 %rd8, %rd7, %rd5;
  ld.global.f32 %f2, [%rd8];
  add.f32 %f3, %f1, %f2;
  cvta.to.global.u64 %rd9, %rd3;
  add.s64 %rd10, %rd9, %rd5;
  st.global.f32 [%rd10], %f3;
DONE:
  ret;
}
)";

/// Two variables, one initialised with the other's address, and a kernel that follows it.
const char kVariables[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .global .align 4 .u32 counter = 41;
.visible .const .align 8 .u64 where = generic(counter);
.visible .entry bump(.param .u32 by)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<3>;
  ld.param.u32 %r1, [by];
  ld.const.u64 %rd1, [where];
  ld.u32 %r2, [%rd1];
  add.u32 %r3, %r2, %r1;
  st.u32 [%rd1], %r3;
  ret;
}
)";

void vector_add() {
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, kVectorAdd));
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, "vector_add"));
  const unsigned n = 1000;
  std::vector<float> a(n), b(n), c(n, -1.0f);
  for (unsigned i = 0; i < n; ++i) {
    a[i] = static_cast<float>(i);
    b[i] = 0.5f * static_cast<float>(i);
  }
  CUdeviceptr da = 0, db = 0, dc = 0;
  CHECK_CU(cuMemAlloc_v2(&da, n * 4));
  CHECK_CU(cuMemAlloc_v2(&db, n * 4));
  CHECK_CU(cuMemAlloc_v2(&dc, n * 4));
  CHECK_CU(cuMemcpyHtoD_v2(da, a.data(), n * 4));
  CHECK_CU(cuMemcpyHtoD_v2(db, b.data(), n * 4));
  CHECK_CU(cuMemsetD8_v2(dc, 0xff, n * 4));
  unsigned count = n;
  void *params[] = {&da, &db, &dc, &count};
  CHECK_CU(cuLaunchKernel(function, (n + 127) / 128, 1, 1, 128, 1, 1, 0, nullptr, params, nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK_CU(cuMemcpyDtoH_v2(c.data(), dc, n * 4));
  for (unsigned i = 0; i < n; ++i)
    CHECK(c[i] == a[i] + b[i]);

  // The packed form, on a stream, timed by events, in place.
  struct {
    CUdeviceptr a, b, c;
    unsigned n;
  } packed{dc, db, dc, n};
  size_t size = 28;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                   CU_LAUNCH_PARAM_END};
  CUstream stream = nullptr;
  CUevent start = nullptr, stop = nullptr;
  CHECK_CU(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  CHECK_CU(cuEventCreate(&start, 0));
  CHECK_CU(cuEventCreate(&stop, 0));
  CHECK_CU(cuEventRecord(start, stream));
  CHECK_CU(cuLaunchKernel(function, 8, 1, 1, 128, 1, 1, 0, stream, nullptr, extra));
  CHECK_CU(cuEventRecord(stop, stream));
  CHECK_CU(cuEventSynchronize(stop));
  float ms = -1;
  CHECK_CU(cuEventElapsedTime(&ms, start, stop));
  CHECK(ms >= 0);
  CHECK_CU(cuMemcpyDtoHAsync_v2(c.data(), dc, n * 4, stream));
  CHECK_CU(cuStreamSynchronize(stream));
  for (unsigned i = 0; i < n; ++i)
    CHECK(c[i] == a[i] + b[i] + b[i]);

  // More launches than the launch ring has slots.
  packed.a = da;
  for (int i = 0; i < 1500; ++i)
    CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, nullptr, extra));
  CHECK_CU(cuStreamSynchronize(stream));

  // What CUDA refuses.
  CHECK(cuLaunchKernel(function, 0, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr) ==
        CUDA_ERROR_INVALID_VALUE);
  CHECK(cuLaunchKernel(function, 1, 1, 1, 1025, 1, 1, 0, nullptr, params, nullptr) ==
        CUDA_ERROR_INVALID_VALUE);
  CHECK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr) ==
        CUDA_ERROR_INVALID_VALUE);
  CHECK(cuLaunchKernel(nullptr, 1, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr) ==
        CUDA_ERROR_INVALID_HANDLE);
  CHECK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, reinterpret_cast<CUstream>(&size), params,
                       nullptr) == CUDA_ERROR_INVALID_HANDLE);
  CHECK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 1 << 20, nullptr, params, nullptr) ==
        CUDA_ERROR_INVALID_VALUE);
  CUfunction missing = nullptr;
  CHECK(cuModuleGetFunction(&missing, module, "nothing") == CUDA_ERROR_NOT_FOUND);

  int regs = -1, threads = -1, blocks = -1;
  CHECK_CU(cuFuncGetAttribute(&regs, CU_FUNC_ATTRIBUTE_NUM_REGS, function));
  CHECK(regs > 0);
  CHECK_CU(cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function));
  CHECK(threads == 1024);
  CHECK_CU(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, 128, 0));
  CHECK(blocks >= 1);

  CHECK_CU(cuEventDestroy_v2(start));
  CHECK_CU(cuEventDestroy_v2(stop));
  CHECK_CU(cuStreamDestroy_v2(stream));
  CHECK(cuStreamDestroy_v2(stream) == CUDA_ERROR_INVALID_HANDLE);
  CHECK_CU(cuMemFree_v2(da));
  CHECK(cuMemFree_v2(da) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuMemFree_v2(db));
  CHECK_CU(cuMemFree_v2(dc));
  CHECK_CU(cuModuleUnload(module));
  CHECK(cuModuleUnload(module) == CUDA_ERROR_INVALID_HANDLE);
}

void variables() {
  CUlibrary library = nullptr;
  CHECK_CU(cuLibraryLoadData(&library, kVariables, nullptr, nullptr, 0, nullptr, nullptr, 0));
  CUkernel kernel = nullptr;
  CHECK_CU(cuLibraryGetKernel(&kernel, library, "bump"));
  CUdeviceptr counter = 0, where = 0;
  size_t bytes = 0;
  CHECK_CU(cuLibraryGetGlobal(&counter, &bytes, library, "counter"));
  CHECK(bytes == 4);
  CHECK_CU(cuLibraryGetGlobal(&where, &bytes, library, "where"));
  CHECK(bytes == 8);
  CHECK(cuLibraryGetGlobal(&where, nullptr, library, "absent") == CUDA_ERROR_NOT_FOUND);
  CUdeviceptr held = 0;
  CHECK_CU(cuMemcpyDtoH_v2(&held, where, 8));
  CHECK(held == counter);
  unsigned by = 1, value = 0;
  void *params[] = {&by};
  CHECK_CU(cuLaunchKernel(reinterpret_cast<CUfunction>(kernel), 1, 1, 1, 1, 1, 1, 0, nullptr,
                          params, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(&value, counter, 4));
  CHECK(value == 42);

  // The handles survive a reset of the primary context; the variables start anew.
  CUdevice device = 0;
  CHECK_CU(cuCtxGetDevice(&device));
  CHECK_CU(cuDevicePrimaryCtxReset_v2(device));
  CHECK_CU(cuLibraryGetGlobal(&counter, nullptr, library, "counter"));
  CHECK_CU(cuMemcpyDtoH_v2(&value, counter, 4));
  CHECK(value == 41);
  CHECK_CU(cuLibraryUnload(library));
  CHECK(cuLibraryGetKernel(&kernel, library, "bump") == CUDA_ERROR_INVALID_HANDLE);
}

void bad_images() {
  CUmodule module = nullptr;
  char errors[4096] = "", info[256] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                            CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
  auto load = [&](const void *image) {
    void *values[] = {errors, reinterpret_cast<void *>(sizeof errors), info,
                      reinterpret_cast<void *>(sizeof info)};
    CUresult result = cuModuleLoadDataEx(&module, image, 4, options, values);
    CHECK(reinterpret_cast<size_t>(values[1]) == std::strlen(errors));
    return result;
  };
  // A syntax error: the log names the line.
  CHECK(
      load(".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry broken()\n{\n  add.u32 "
           "%r1, ;\n  ret;\n}\n") == CUDA_ERROR_INVALID_PTX);
  CHECK(std::strstr(errors, "error") != nullptr);
  CHECK(std::strstr(errors, ":6:") != nullptr);
  // An unknown instruction.
  CHECK(load(".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry "
             "broken()\n{\n  frobnicate.u32 %r1;\n  ret;\n}\n") == CUDA_ERROR_INVALID_PTX);
  CHECK(std::strstr(errors, "frobnicate") != nullptr);
  // Not an image at all.
  CHECK(load("\x01\x02\x03 nonsense") == CUDA_ERROR_INVALID_IMAGE);
  CHECK(cuModuleLoadData(&module, nullptr) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuModuleLoad(&module, "/nonexistent.ptx") == CUDA_ERROR_FILE_NOT_FOUND);
  // One poisoned kernel does not take the others along.
  CHECK_CU(load(".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry bad()\n{\n  "
                "frobnicate.u32 %r1;\n  ret;\n}\n.visible .entry good()\n{\n  ret;\n}\n"));
  CHECK(std::strstr(errors, "frobnicate") != nullptr);
  CUfunction function = nullptr;
  CHECK(cuModuleGetFunction(&function, module, "bad") == CUDA_ERROR_INVALID_PTX);
  CHECK_CU(cuModuleGetFunction(&function, module, "good"));
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK_CU(cuModuleUnload(module));
}

/// The linker gives back what cuModuleLoadData takes.
void linker() {
  CUlinkState link = nullptr;
  CHECK_CU(cuLinkCreate_v2(0, nullptr, nullptr, &link));
  CHECK_CU(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, const_cast<char *>(kVectorAdd),
                            sizeof kVectorAdd, "vector_add.ptx", 0, nullptr, nullptr));
  void *cubin = nullptr;
  size_t size = 0;
  CHECK_CU(cuLinkComplete(link, &cubin, &size));
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, cubin));
  CHECK_CU(cuLinkDestroy(link));
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, "vector_add"));
  size_t offset = 0;
  CHECK_CU(cuFuncGetParamInfo(function, 3, &offset, &size));
  CHECK(offset == 24);
  CHECK(size == 4);
  CHECK(cuFuncGetParamInfo(function, 4, &offset, &size) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuModuleUnload(module));
}

/// Two modules that need each other; both have an internal variable of the same name.
const char kLinkUser[] = R"(
.version 7.0
.target sm_70
.address_size 64
.extern .global .align 4 .u32 shared_value;
.extern .func (.param .b32 result) twice(.param .b32 x);
.global .u32 own = 5;
.visible .entry use(.param .u64 out)
{
  .reg .b32 %r<6>;
  .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [out];
  cvta.to.global.u64 %rd2, %rd1;
  ld.global.u32 %r1, [shared_value];
  ld.global.u32 %r2, [own];
  add.u32 %r3, %r1, %r2;
  { .param .b32 a; .param .b32 b;
    st.param.b32 [a], %r3;
    call.uni (b), twice, (a);
    ld.param.b32 %r4, [b]; }
  st.global.u32 [%rd2], %r4;
  ret;
}
)";
const char kLinkDefiner[] = R"(
.version 7.8
.target sm_75
.address_size 64
.global .u32 own = 100;
.visible .global .align 4 .u32 shared_value = 37;
.visible .func (.param .b32 result) twice(.param .b32 x)
{
  .reg .b32 %r<5>;
  ld.param.b32 %r1, [x];
  add.u32 %r2, %r1, %r1;
  ld.global.u32 %r3, [own];
  add.u32 %r4, %r2, %r3;
  st.param.b32 [result], %r4;
  ret;
}
)";

CUresult link_texts(std::vector<const char *> texts, CUmodule &module) {
  CUlinkState link = nullptr;
  CHECK_CU(cuLinkCreate_v2(0, nullptr, nullptr, &link));
  for (const char *text : texts)
    CHECK_CU(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, const_cast<char *>(text),
                              std::strlen(text) + 1, "part.ptx", 0, nullptr, nullptr));
  void *cubin = nullptr;
  size_t size = 0;
  CUresult result = cuLinkComplete(link, &cubin, &size);
  if (result == CUDA_SUCCESS)
    result = cuModuleLoadData(&module, cubin);
  CHECK_CU(cuLinkDestroy(link));
  return result;
}

/// Symbols of one module used in another, in either order of the two.
void linked_modules() {
  for (bool swapped : {false, true}) {
    CUmodule module = nullptr;
    CHECK_CU(link_texts(swapped ? std::vector{kLinkDefiner, kLinkUser}
                                : std::vector{kLinkUser, kLinkDefiner},
                        module));
    CUfunction function = nullptr;
    CHECK_CU(cuModuleGetFunction(&function, module, "use"));
    CUdeviceptr value = 0, out = 0;
    size_t bytes = 0;
    CHECK_CU(cuModuleGetGlobal_v2(&value, &bytes, module, "shared_value"));
    CHECK(bytes == 4);
    CHECK_CU(cuMemAlloc_v2(&out, 4));
    void *arguments[] = {&out};
    CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
    uint32_t result = 0;
    CHECK_CU(cuMemcpyDtoH_v2(&result, out, 4));
    CHECK(result == 2 * (37 + 5) + 100);
    CHECK_CU(cuMemFree_v2(out));
    CHECK_CU(cuModuleUnload(module));
  }
  CUmodule module = nullptr;
  CHECK(link_texts({kLinkDefiner, kLinkDefiner}, module) == CUDA_ERROR_INVALID_PTX);
  CHECK(link_texts({kLinkUser, kVectorAdd}, module) == CUDA_ERROR_INVALID_PTX);
}

} // namespace

int main() {
  int count = 0;
  CHECK(cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED);
  CHECK_CU(cuInit(0));
  CHECK_CU(cuDeviceGetCount(&count));
  CHECK(count >= 1);
  CUdevice device = -1;
  CHECK_CU(cuDeviceGet(&device, 0));
  CHECK(cuDeviceGet(&device, count) == CUDA_ERROR_INVALID_DEVICE);
  CUdeviceptr pointer = 0;
  CHECK(cuMemAlloc_v2(&pointer, 16) == CUDA_ERROR_INVALID_CONTEXT);
  CUcontext context = nullptr;
  CHECK_CU(cuDevicePrimaryCtxRetain(&context, device));
  CHECK_CU(cuCtxSetCurrent(context));
  vector_add();
  variables();
  bad_images();
  linker();
  linked_modules();
  CHECK_CU(cuDevicePrimaryCtxRelease_v2(device));
  std::printf("driver API program: %d failed checks\n", failed_checks);
  return failed_checks != 0;
}
