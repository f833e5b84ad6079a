// What performance directives promise (PTX ISA 11.4), and what a kernel's shared memory allows:
// kernels with bounded registers compute the same, launches beyond .maxntid and .reqntid fail,
// occupancy counts what barriers keep in LDS.
#include "test/unit/cuda/in_context.h"

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr unsigned kValues = 120; // alive at once in every thread
constexpr unsigned kThreads = 96;
const std::string kHead = ".version 8.0\n.target sm_80\n.address_size 64\n";

/// Every thread loads kValues numbers, mixes them in two rounds with a barrier and a shuffle in
/// between, and stores them; `call` lets a function that stays one do the second round's adding.
std::string many_values(const std::string &name, const std::string &directives, bool call) {
  auto n = [](unsigned i) { return std::to_string(i); };
  std::string text = ".visible .entry " + name + "(.param .u64 p) " + directives +
                     " {\n.reg .u64 a;\n.reg .u32 t;\n.reg .f32 f<" + n(kValues) +
                     ">;\nld.param.u64 a, [p];\nmov.u32 t, %tid.x;\nmad.wide.u32 a, t, " +
                     n(4 * kValues) + ", a;\n";
  for (unsigned i = 0; i < kValues; ++i)
    text += "ld.global.f32 f" + n(i) + ", [a+" + n(4 * i) + "];\n";
  text += "bar.sync 0;\n";
  for (unsigned i = 0; i < kValues; ++i)
    text += "fma.rn.f32 f" + n(i) + ", f" + n(i) + ", f" + n((i * 7 + 3) % kValues) + ", f" +
            n((i * 5 + 1) % kValues) + ";\n";
  text += "shfl.sync.bfly.b32 f0, f0, 1, 31, -1;\n";
  for (unsigned i = 0; i < kValues; ++i)
    if (call && i % 8 == 0)
      text += "{ .param .b32 x; .param .b32 r; st.param.f32 [x], f" + n(i) +
              "; call (r), halve, (x); ld.param.f32 f" + n(i) + ", [r]; }\n";
    else
      text += "mul.rn.f32 f" + n(i) + ", f" + n(i) + ", 0.5;\n";
  for (unsigned i = 0; i < kValues; ++i)
    text += "st.global.f32 [a+" + n(4 * (kValues - 1 - i)) + "], f" + n(i) + ";\n";
  return text + "ret;\n}\n";
}

// Recursive, so that it is called.
const char kHalve[] = R"(
.func (.param .b32 r) halve(.param .b32 x)
{
  .reg .f32 %x, %y;
  .reg .pred %p;
  ld.param.f32 %x, [x];
  setp.lt.f32 %p, %x, 0f7F800000;
  @%p bra DONE;
  {
    .param .b32 a;
    .param .b32 b;
    st.param.f32 [a], 0f00000000;
    call (b), halve, (a);
    ld.param.f32 %y, [b];
  }
  add.rn.f32 %x, %x, %y;
DONE:
  mul.rn.f32 %x, %x, 0f3F000000;
  st.param.f32 [r], %x;
  ret;
}
)";

std::vector<float> start() {
  std::vector<float> v(kThreads * kValues);
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = float(i % 37) - 18 + float(i % 11) / 8;
  return v;
}

std::vector<float> expected() {
  std::vector<float> all = start();
  for (unsigned t = 0; t < kThreads; ++t) {
    float *f = &all[t * kValues];
    for (unsigned i = 0; i < kValues; ++i)
      f[i] = std::fma(f[i], f[(i * 7 + 3) % kValues], f[(i * 5 + 1) % kValues]);
  }
  for (unsigned t = 0; t < kThreads; t += 2)
    std::swap(all[t * kValues], all[(t + 1) * kValues]);
  std::vector<float> out(all.size());
  for (unsigned t = 0; t < kThreads; ++t)
    for (unsigned i = 0; i < kValues; ++i)
      out[t * kValues + kValues - 1 - i] = all[t * kValues + i] * 0.5f;
  return out;
}

CUfunction function_of(CUmodule module, const char *name) {
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name));
  return function;
}
int registers_of(CUfunction function) {
  int value = 0;
  CHECK_CU(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, function));
  return value;
}

void registers() {
  const std::string text =
      kHead + kHalve + many_values("free", "", false) + many_values("few", ".maxnreg 24", false) +
      many_values("some", ".maxnreg 64", false) + many_values("calls", ".maxnreg 70", true) +
      many_values("waves", ".maxntid 128 .minnctapersm 12", false);
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, text.c_str()));
  const std::vector<float> want = expected();
  CUdeviceptr data = 0;
  CHECK_CU(cuMemAlloc_v2(&data, want.size() * 4));
  for (const char *name : {"free", "few", "some", "calls", "waves"}) {
    std::vector<float> got = start();
    void *arguments[] = {&data};
    CHECK_CU(cuMemcpyHtoD_v2(data, got.data(), got.size() * 4));
    CHECK_CU(cuLaunchKernel(function_of(module, name), 1, 1, 1, kThreads, 1, 1, 0, nullptr,
                            arguments, nullptr));
    CHECK_CU(cuMemcpyDtoH_v2(got.data(), data, got.size() * 4));
    size_t wrong = 0;
    for (size_t i = 0; i < got.size(); ++i)
      wrong += got[i] != want[i];
    if (wrong) {
      ++failed_checks;
      std::fprintf(stderr, "%s: %zu of %zu values are wrong\n", name, wrong, got.size());
    }
  }
  CHECK(registers_of(function_of(module, "free")) > 100);
  CHECK(registers_of(function_of(module, "few")) <= 24);
  CHECK(registers_of(function_of(module, "some")) <= 64);
  CHECK(registers_of(function_of(module, "calls")) <= 70);
  // 12 blocks of 128 threads.
  int blocks = 0;
  CHECK_CU(
      cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function_of(module, "waves"), 128, 0));
  CHECK(blocks >= 12);
  CHECK_CU(cuMemFree_v2(data));
  CHECK_CU(cuModuleUnload(module));
}

void sizes() {
  const std::string text = kHead + ".visible .entry most() .maxntid 16, 8 { ret; }\n"
                                   ".visible .entry exact() .reqntid 16, 8 { ret; }\n";
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, text.c_str()));
  const CUfunction most = function_of(module, "most"), exact = function_of(module, "exact");
  auto launch = [](CUfunction f, unsigned x, unsigned y) {
    return cuLaunchKernel(f, 1, 1, 1, x, y, 1, 0, nullptr, nullptr, nullptr);
  };
  CHECK_CU(launch(most, 16, 8));
  CHECK_CU(launch(most, 128, 1)); // it is the total that counts
  CHECK(launch(most, 129, 1) == CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  CHECK(launch(most, 16, 9) == CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  CHECK_CU(launch(exact, 16, 8));
  CHECK(launch(exact, 8, 16) == CUDA_ERROR_INVALID_VALUE);
  CHECK(launch(exact, 16, 4) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuCtxSynchronize());
  CHECK_CU(cuModuleUnload(module));
}

/// Two of the block's three warps meet at barrier 3, which is counted in LDS; then thread t stores
/// what thread 63 - t left in the last words of the array.
std::string named_barrier(unsigned shared) {
  return kHead + ".visible .entry k(.param .u64 out) {\n.shared .align 4 .b8 s[" +
         std::to_string(shared) + R"(];
  .reg .b64 %o;
  .reg .b32 %t, %m, %f;
  .reg .pred %p;
  ld.param.u64 %o, [out];
  mov.u32 %t, %tid.x;
  setp.ge.u32 %p, %t, 64;
  @%p exit;
  mov.u32 %m, s;
  add.u32 %m, %m, )" +
         std::to_string(shared - 256) + R"(;
  mad.lo.u32 %f, %t, -4, %m;
  mad.lo.u32 %m, %t, 4, %m;
  st.shared.u32 [%m], %t;
  bar.sync 3, 64;
  ld.shared.u32 %f, [%f+252];
  mad.wide.u32 %o, %t, 4, %o;
  st.global.u32 [%o], %f;
  ret;
}
)";
}

void shared_and_barriers() {
  int lds = 0;
  CHECK_CU(cuDeviceGetAttribute(&lds, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 0));
  // CUDA's limit of static shared memory, and all of the LDS, which leaves no room for counting.
  for (unsigned shared : {48u << 10, (64u << 10) - 16, 64u << 10}) {
    CUmodule module = nullptr;
    CUdeviceptr out = 0;
    CHECK_CU(cuModuleLoadData(&module, named_barrier(shared).c_str()));
    const CUfunction k = function_of(module, "k");
    CHECK_CU(cuMemAlloc_v2(&out, 256));
    CHECK_CU(cuMemsetD8_v2(out, 0xff, 256));
    void *arguments[] = {&out};
    CHECK_CU(cuLaunchKernel(k, 1, 1, 1, 96, 1, 1, 0, nullptr, arguments, nullptr));
    std::vector<unsigned> got(64);
    CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, 256));
    for (unsigned t = 0; t < 64; ++t)
      CHECK(got[t] == 63 - t);
    CHECK_CU(cuMemFree_v2(out));
    CHECK_CU(cuModuleUnload(module));
  }
  // With what is said to be available, so many blocks do fit.
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, named_barrier(1024).c_str()));
  const CUfunction k = function_of(module, "k");
  for (int blocks : {1, 2, 3, 5, 7}) {
    size_t bytes = 0;
    int active = 0;
    CHECK_CU(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, k, blocks, 96));
    CHECK(bytes > 0);
    CHECK_CU(cuOccupancyMaxActiveBlocksPerMultiprocessor(&active, k, 96, bytes));
    CHECK(active >= blocks);
    // Little of a block's share is lost: the static array, barriers, a granule.
    CHECK(bytes + 1024 + 2048 >= size_t(lds) / unsigned(blocks));
  }
  CHECK_CU(cuModuleUnload(module));
}

} // namespace

int main() {
  return run_in_context("launch_bounds", registers, sizes, shared_and_barriers);
}
