// Stores and reductions that may be late (st.async, red.async on global memory) and st.bulk: PTX
// ISA 9.7.9.12, 9.7.9.13, 9.7.13.7.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cstdio>
#include <vector>

namespace {

constexpr unsigned kThreads = 64, kWords = 40;

// Thread 0 zeroes `bytes` of shared memory from byte 16 on, through either address; then thread t
// shows word t. Behind them two counters: of red.async by all threads, and what st.async left.
const char kText[] = R"(
.version 9.0
.target sm_100
.address_size 64
.shared .align 16 .b8 words[160];
.visible .entry stores(.param .u64 out, .param .u64 bytes, .param .u32 generic)
{
  .reg .b64 %out, %bytes, %at, %o, %wide;
  .reg .b32 %t, %generic, %m;
  .reg .pred %show, %p, %first;
  ld.param.u64 %out, [out];
  ld.param.u64 %bytes, [bytes];
  ld.param.u32 %generic, [generic];
  mov.u32 %t, %tid.x;
  setp.lt.u32 %show, %t, 40;
  mov.u32 %m, words;
  mad.lo.u32 %m, %t, 4, %m;
  @%show st.shared.u32 [%m], 0xabcd0123;
  bar.sync 0;
  setp.eq.u32 %first, %t, 0;
  @!%first bra DONE;
  setp.ne.u32 %p, %generic, 0;
  mov.u64 %at, words;
  cvta.shared.u64 %at, %at;
  @%p st.bulk [%at+16], %bytes, 0;
  mov.u64 %at, words;
  @!%p st.bulk.weak.shared::cta [%at+16], %bytes, 0;
DONE:
  bar.sync 0;
  mad.wide.u32 %o, %t, 4, %out;
  @%show ld.shared.u32 %m, [%m];
  @%show st.async.release.gpu.global.b32 [%o], %m;
  red.async.release.gpu.global.add.u32 [%out+160], %t;
  cvt.u64.u32 %wide, %t;
  red.async.mmio.release.sys.global.add.u64 [%out+168], %wide;
  @%first st.async.mmio.release.sys.global.b64 [%out+176], 0x123456789abcdef0;
  ret;
}
)";

void check(CUfunction function, CUdeviceptr out, unsigned long long bytes, unsigned generic) {
  std::vector<unsigned> got(kWords + 6);
  CHECK_CU(cuMemsetD8_v2(out, 0, got.size() * 4));
  void *arguments[] = {&out, &bytes, &generic};
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, kThreads, 1, 1, 0, nullptr, arguments, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, got.size() * 4));
  std::vector<unsigned> want(kWords, 0xabcd0123);
  for (unsigned k = 4; k < 4 + bytes / 4; ++k)
    want[k] = 0;
  constexpr unsigned sum = kThreads * (kThreads - 1) / 2;
  for (unsigned word : {sum, 0u, sum, 0u, 0x9abcdef0u, 0x12345678u})
    want.push_back(word);
  for (size_t i = 0; i < want.size(); ++i)
    if (got[i] != want[i]) {
      ++failed_checks;
      std::fprintf(stderr, "%llu bytes, generic %u: word %zu is 0x%x, not 0x%x\n", bytes, generic,
                   i, got[i], want[i]);
    }
}

} // namespace

int main() {
  CUdevice device = 0;
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr out = 0;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuDeviceGet(&device, 0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, device));
  CHECK_CU(cuModuleLoadData(&module, kText));
  CHECK_CU(cuModuleGetFunction(&function, module, "stores"));
  CHECK_CU(cuMemAlloc_v2(&out, 4096));
  for (unsigned generic : {0u, 1u})
    for (unsigned long long bytes : {0, 8, 16, 136, 144})
      check(function, out, bytes, generic);
  if (failed_checks)
    return 1;
  std::puts("late_stores: all checks passed");
  return 0;
}
