// barrier.cluster in clusters of one block: together and apart, in flow that differs between warps
// and within them, with other barriers between arrival and wait, beside warps that have ended.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cstdio>
#include <string>
#include <vector>

namespace {

// Every kernel writes out[t] of its block, whose threads are `n`. %s is a word of shared memory for
// each thread, %m the thread's own, %f the thread's whose number counts from the end.
const std::string kHead = R"(
.version 8.0
.target sm_90
.address_size 64
.shared .align 4 .b8 words[4096];
.shared .align 4 .b32 flag;
)";
const std::string kEntry = R"((.param .u64 out)
{
  .reg .b64 %out, %d;
  .reg .b32 %t, %n, %w, %m, %f, %v, %x, %i, %sum;
  .reg .pred %p, %q;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  shr.u32 %w, %t, 5;
  shl.b32 %m, %t, 2;
  mov.u32 %v, words;
  add.u32 %m, %m, %v;
  sub.u32 %f, %n, %t;
  sub.u32 %f, %f, 1;
  shl.b32 %f, %f, 2;
  add.u32 %f, %f, %v;
  mad.wide.u32 %d, %t, 4, %out;
  mov.u32 %sum, 0;
  mov.u32 %i, 0;
)";
const std::string kKernels = kHead + ".visible .entry together" + kEntry + R"(
LOOP:
  mad.lo.u32 %v, %t, 3, %i;
  st.shared.u32 [%m], %v;
  barrier.cluster.arrive.release.aligned;
  barrier.cluster.wait.acquire.aligned;
  ld.shared.u32 %x, [%f];
  add.u32 %sum, %sum, %x;
  barrier.cluster.arrive;
  barrier.cluster.wait;
  add.u32 %i, %i, 1;
  setp.lt.u32 %p, %i, 5;
  @%p bra LOOP;
  st.global.u32 [%d], %sum;
  ret;
}
.visible .entry apart)" + kEntry +
                             R"(
LOOP:
  mad.lo.u32 %v, %t, 3, %i;
  st.shared.u32 [%m], %v;
  barrier.cluster.arrive.aligned;
  bar.sync 0;
  bar.sync 0;
  barrier.cluster.wait.aligned;
  ld.shared.u32 %x, [%f];
  add.u32 %sum, %sum, %x;
  barrier.cluster.arrive.aligned;
  add.u32 %i, %i, 1;
  barrier.cluster.wait.aligned;
  setp.lt.u32 %p, %i, 5;
  @%p bra LOOP;
  st.global.u32 [%d], %sum;
  ret;
}
// The first warp goes on behind its arrival and lets the others arrive; it comes to its wait when
// one of them is behind its own.
.visible .entry goes_on)" + kEntry +
                             R"(
  st.shared.u32 [flag], 0;
  st.shared.u32 [%m], %t;
  bar.sync 0;
  setp.ne.u32 %p, %w, 0;
  @%p bra OTHERS;
  barrier.cluster.arrive;
  st.volatile.shared.u32 [flag], 1;
SPIN:
  ld.volatile.shared.u32 %x, [flag];
  setp.ne.u32 %q, %x, 2;
  @%q bra SPIN;
  barrier.cluster.wait;
  bra BOTH;
OTHERS:
  ld.volatile.shared.u32 %x, [flag];
  setp.eq.u32 %q, %x, 0;
  @%q bra OTHERS;
  barrier.cluster.arrive;
  barrier.cluster.wait;
  st.volatile.shared.u32 [flag], 2;
BOTH:
  ld.shared.u32 %x, [%f];
  st.global.u32 [%d], %x;
  ret;
}
// Odd and even threads arrive and wait at different places; the second warp is gone.
.visible .entry ways)" + kEntry +
                             R"(
  setp.eq.u32 %p, %w, 1;
  @%p exit;
  st.shared.u32 [%m], %t;
  and.b32 %x, %t, 1;
  setp.eq.u32 %p, %x, 0;
  @%p bra EVEN;
  barrier.cluster.arrive.release;
  add.u32 %sum, %sum, 1000;
  barrier.cluster.wait.acquire;
  bra BOTH;
EVEN:
  add.u32 %sum, %sum, 2000;
  barrier.cluster.arrive.release;
  barrier.cluster.wait.acquire;
BOTH:
  ld.shared.u32 %x, [%f];
  add.u32 %sum, %sum, %x;
  st.global.u32 [%d], %sum;
  ret;
}
)";
const std::string kLarge = kHead + ".visible .entry large() .reqnctapercluster 2 { ret; }";
const std::string kEnds = kHead + ".visible .entry ends" + kEntry + R"(
  barrier.cluster.arrive;
  setp.eq.u32 %p, %w, 0;
  @%p exit;
  barrier.cluster.wait;
  ret;
}
)";

std::vector<unsigned> run(const char *kernel, unsigned threads) {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr out = 0;
  CHECK_CU(cuModuleLoadData(&module, kKernels.c_str()));
  CHECK_CU(cuModuleGetFunction(&function, module, kernel));
  std::vector<unsigned> values(threads, 77);
  CHECK_CU(cuMemAlloc_v2(&out, threads * 4));
  CHECK_CU(cuMemcpyHtoD_v2(out, values.data(), threads * 4));
  void *arguments[] = {&out};
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, nullptr, arguments, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(values.data(), out, threads * 4));
  CHECK_CU(cuMemFree_v2(out));
  CHECK_CU(cuModuleUnload(module));
  return values;
}

void check(const char *kernel, unsigned threads, auto want) {
  const std::vector<unsigned> got = run(kernel, threads);
  for (unsigned t = 0; t < threads; ++t)
    if (got[t] != want(t)) {
      ++failed_checks;
      std::fprintf(stderr, "%s<<<1, %u>>>: thread %u has %u, not %u\n", kernel, threads, t, got[t],
                   unsigned(want(t)));
      return;
    }
}

/// What a launch of the only kernel gives; loading is where CUDA may compile too.
CUresult refused(const std::string &text, const char *kernel) {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr out = 0;
  void *arguments[] = {&out};
  if (CUresult r = cuModuleLoadData(&module, text.c_str()))
    return r;
  if (CUresult r = cuModuleGetFunction(&function, module, kernel))
    return r;
  return cuLaunchKernel(function, 1, 1, 1, 64, 1, 1, 0, nullptr, arguments, nullptr);
}

} // namespace

int main() {
  CUdevice device = 0;
  CUcontext context = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuDeviceGet(&device, 0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, device));
  for (unsigned n : {64u, 96u, 256u}) {
    auto sums = [n](unsigned t) { return 5 * 3 * (n - 1 - t) + 0 + 1 + 2 + 3 + 4; };
    check("together", n, sums);
    check("apart", n, sums);
    check("goes_on", n, [n](unsigned t) { return n - 1 - t; });
  }
  check("ways", 96, [](unsigned t) {
    const unsigned from = 95 - t;
    if (t / 32 == 1)
      return 77u;
    return (t % 2 ? 1000u : 2000u) + from;
  });
  CHECK(refused(kLarge, "large") != CUDA_SUCCESS);
  CHECK(refused(kEnds, "ends") != CUDA_SUCCESS);
  CHECK_CU(cuCtxDestroy_v2(context));
  if (!failed_checks)
    std::puts("PASS clusters");
  return failed_checks != 0;
}
