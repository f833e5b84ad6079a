// Functions and variables that kernels share: variadic functions (called directly, through a
// pointer, without their last argument), and what is linked from two modules: an alias, a .common
// variable of both.
#include "test/unit/cuda/in_context.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

// add_up(n, values...): the sum of n numbers. Called in a branch that differs in a warp too.
const char kVariadic[] = R"(
.version 8.0
.target sm_80
.address_size 64
.func (.param .b32 sum) add_up(.param .b32 count, .param .align 4 .b8 values[])
{
  .reg .b32 %n, %v, %s;
  .reg .pred %p;
  ld.param.b32 %n, [count];
  mov.b32 %s, 0;
  setp.eq.u32 %p, %n, 0;
  @%p bra DONE;
  ld.param.b32 %s, [values];
  setp.eq.u32 %p, %n, 1;
  @%p bra DONE;
  ld.param.b32 %v, [values+4];
  add.u32 %s, %s, %v;
  setp.eq.u32 %p, %n, 2;
  @%p bra DONE;
  ld.param.b32 %v, [values+8];
  add.u32 %s, %s, %v;
DONE:
  st.param.b32 [sum], %s;
  ret;
}
.visible .entry sums(.param .u64 out)
{
  .reg .b64 %o, %f;
  .reg .b32 %r, %t;
  .reg .pred %p;
  ld.param.u64 %o, [out];
  mov.u32 %t, %tid.x;
  mad.wide.u32 %o, %t, 16, %o;
  {
    .param .b32 s;
    .param .b32 n;
    .param .align 4 .b8 more[12];
    st.param.b32 [n], 3;
    st.param.b32 [more], %t;
    st.param.b32 [more+4], 200;
    st.param.b32 [more+8], 3000;
    call (s), add_up, (n, more);
    ld.param.b32 %r, [s];
  }
  st.global.b32 [%o], %r;
  mov.u32 %r, 7;
  and.b32 %t, %t, 1;
  setp.eq.u32 %p, %t, 0;
  @%p bra EVEN;
  {
    .param .b32 s;
    .param .b32 n;
    .param .align 4 .b8 more[8];
    st.param.b32 [n], 2;
    st.param.b32 [more], 5;
    st.param.b32 [more+4], 60;
    call (s), add_up, (n, more);
    ld.param.b32 %r, [s];
  }
EVEN:
  st.global.b32 [%o+4], %r;
  {
    .param .b32 s;
    .param .b32 n;
    st.param.b32 [n], 0;
    call (s), add_up, (n);
    ld.param.b32 %r, [s];
  }
  st.global.b32 [%o+8], %r;
  mov.u64 %f, add_up;
  {
    .param .b32 s;
    .param .b32 n;
    .param .align 4 .b8 more[4];
    st.param.b32 [n], 1;
    st.param.b32 [more], 900;
    P: .callprototype (.param .b32 s) _ (.param .b32 n, .param .align 4 .b8 more[]);
    call (s), %f, (n, more), P;
    ld.param.b32 %r, [s];
  }
  st.global.b32 [%o+12], %r;
  ret;
}
)";

const char kUser[] = R"(
.version 8.0
.target sm_80
.address_size 64
.common .global .align 4 .b32 count;
.extern .func (.param .b32 r) renamed(.param .b32 a);
.visible .entry user(.param .u64 out)
{
  .reg .b64 %o;
  .reg .b32 %r;
  ld.param.u64 %o, [out];
  st.global.b32 [count], 40;
  {
    .param .b32 r;
    .param .b32 a;
    st.param.b32 [a], 2;
    call (r), renamed, (a);
    ld.param.b32 %r, [r];
  }
  st.global.b32 [%o], %r;
  ld.global.b32 %r, [count];
  st.global.b32 [%o+4], %r;
  ret;
}
)";
const char kProvider[] = R"(
.version 8.0
.target sm_80
.address_size 64
.common .global .align 4 .b32 count;
.visible .func (.param .b32 r) own(.param .b32 a)
{
  .reg .b32 %a, %c;
  ld.param.b32 %a, [a];
  ld.global.b32 %c, [count];
  add.u32 %a, %a, %c;
  st.global.b32 [count], 99;
  st.param.b32 [r], %a;
  ret;
}
.visible .func (.param .b32 r) renamed(.param .b32 a);
.alias renamed, own;
)";

void run(CUmodule module, const char *kernel, unsigned threads, const std::vector<unsigned> &want) {
  CUfunction function = nullptr;
  CUdeviceptr out = 0;
  CHECK_CU(cuModuleGetFunction(&function, module, kernel));
  CHECK_CU(cuMemAlloc_v2(&out, want.size() * 4));
  CHECK_CU(cuMemsetD8_v2(out, 0xff, want.size() * 4));
  void *arguments[] = {&out};
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, nullptr, arguments, nullptr));
  std::vector<unsigned> got(want.size());
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, want.size() * 4));
  for (size_t i = 0; i < want.size(); ++i)
    if (got[i] != want[i]) {
      ++failed_checks;
      std::fprintf(stderr, "%s: word %zu is %u, not %u\n", kernel, i, got[i], want[i]);
    }
  CHECK_CU(cuMemFree_v2(out));
}

void variadic() {
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, kVariadic));
  std::vector<unsigned> want;
  for (unsigned t = 0; t < 64; ++t)
    for (unsigned word : {3200 + t, t % 2 ? 65u : 7u, 0u, 900u})
      want.push_back(word);
  run(module, "sums", 64, want);
  CHECK_CU(cuModuleUnload(module));
}

void linked() {
  CUlinkState state = nullptr;
  CUmodule module = nullptr;
  void *cubin = nullptr;
  size_t size = 0;
  CHECK_CU(cuLinkCreate_v2(0, nullptr, nullptr, &state));
  for (const char *text : {kUser, kProvider})
    CHECK_CU(cuLinkAddData_v2(state, CU_JIT_INPUT_PTX, const_cast<char *>(text),
                              std::strlen(text) + 1, text == kUser ? "user" : "provider", 0,
                              nullptr, nullptr));
  CHECK_CU(cuLinkComplete(state, &cubin, &size));
  CHECK_CU(cuModuleLoadData(&module, cubin));
  CHECK_CU(cuLinkDestroy(state));
  run(module, "user", 1, {42, 99});
  // One variable, whichever module is asked for it.
  CUdeviceptr count = 0;
  unsigned value = 0;
  size_t bytes = 0;
  CHECK_CU(cuModuleGetGlobal_v2(&count, &bytes, module, "count"));
  CHECK(bytes == 4);
  CHECK_CU(cuMemcpyDtoH_v2(&value, count, 4));
  CHECK(value == 99);
  CHECK_CU(cuModuleUnload(module));
}

} // namespace

int main() {
  return run_in_context("functions", variadic, linked);
}
