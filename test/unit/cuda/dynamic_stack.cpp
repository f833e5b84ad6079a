// alloca, stacksave and stackrestore by threads of one wave that come to them in different orders:
// sizes of their own, around barriers and spin locks, in loops, in functions; stacks as large as
// the limit says, and code for them; and the end of a launch that asks for more than there is.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/in_context.h"
#include "test/unit/cuda/log_file.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

const char kKernels[] = R"(
.version 7.3
.target sm_70
.address_size 64

// Words 0 to n - 1 at p become first, first + 1 and so on.
.func fill(.reg .u32 p, .reg .u32 n, .reg .u32 first)
{
  .reg .pred %q;
  .reg .u32 %i, %p, %v;
  mov.u32 %i, 0;
  mov.u32 %p, p;
FILL:
  setp.ge.u32 %q, %i, n;
  @%q ret;
  add.u32 %v, first, %i;
  st.local.u32 [%p], %v;
  add.u32 %p, %p, 4;
  add.u32 %i, %i, 1;
  bra FILL;
}
.func (.reg .u32 r) sum(.reg .u32 p, .reg .u32 n)
{
  .reg .pred %q;
  .reg .u32 %i, %p, %v;
  mov.u32 %i, 0;
  mov.u32 %p, p;
  mov.u32 r, 0;
SUM:
  setp.ge.u32 %q, %i, n;
  @%q ret;
  ld.local.u32 %v, [%p];
  add.u32 r, r, %v;
  add.u32 %p, %p, 4;
  add.u32 %i, %i, 1;
  bra SUM;
}
// An array of n words, which goes with the call.
.func (.reg .u32 r) array_of(.reg .u32 n, .reg .u32 first)
{
  .reg .u32 %p, %bytes;
  shl.b32 %bytes, n, 2;
  alloca.u32 %p, %bytes, 16;
  call fill, (%p, n, first);
  call (r), sum, (%p, n);
  ret;
}
// n frames with an array of n words, n - 1 words and so on.
.func (.reg .u32 r) descend(.reg .u32 n)
{
  .reg .pred %q;
  .reg .u32 %p, %bytes, %m, %below;
  mov.u32 r, 0;
  setp.eq.u32 %q, n, 0;
  @%q ret;
  shl.b32 %bytes, n, 2;
  alloca.u32 %p, %bytes;
  call fill, (%p, n, n);
  sub.u32 %m, n, 1;
  call (%below), descend, (%m);
  call (r), sum, (%p, n);
  add.u32 r, r, %below;
  ret;
}

// Three rounds: an array of its own size, a barrier, a second array under a lock that the threads
// take one by one, and the stack as it was.
.visible .entry locked(.param .u64 out, .param .u64 lock)
{
  .reg .pred %q;
  .reg .u32 %t, %n, %m, %bytes, %saved, %a, %b, %round, %all, %s, %old, %first;
  .reg .u64 %out, %lock, %at;
  ld.param.u64 %out, [out];
  ld.param.u64 %lock, [lock];
  mov.u32 %t, %tid.x;
  mov.u32 %round, 0;
  mov.u32 %all, 0;
ROUND:
  add.u32 %n, %t, %round;
  rem.u32 %n, %n, 5;
  add.u32 %n, %n, 1;
  stacksave.u32 %saved;
  shl.b32 %bytes, %n, 2;
  alloca.u32 %a, %bytes, 16;
  mul.lo.u32 %first, %t, 1000;
  call fill, (%a, %n, %first);
  bar.sync 0;
LOCK:
  atom.acquire.gpu.global.cas.b32 %old, [%lock], 0, 1;
  setp.ne.u32 %q, %old, 0;
  @%q bra LOCK;
  rem.u32 %m, %t, 3;
  add.u32 %m, %m, 1;
  shl.b32 %bytes, %m, 2;
  alloca.u32 %b, %bytes, 8;
  call fill, (%b, %m, %round);
  call (%s), sum, (%b, %m);
  ld.global.u32 %old, [%lock+4];
  add.u32 %old, %old, %s;
  st.global.u32 [%lock+4], %old;
  st.release.gpu.global.u32 [%lock], 0;
  bar.sync 0;
  add.u32 %all, %all, %s;
  call (%s), sum, (%a, %n);
  add.u32 %all, %all, %s;
  call (%s), sum, (%b, %m);
  add.u32 %all, %all, %s;
  stackrestore.u32 %saved;
  add.u32 %round, %round, 1;
  setp.lt.u32 %q, %round, 3;
  @%q bra ROUND;
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %all;
  ret;
}

// The even threads take the stack back to where it was while the odd ones have an array there.
.visible .entry own_pointers(.param .u64 out, .param .u64 lock)
{
  .reg .pred %odd;
  .reg .u32 %t, %n, %saved, %a, %b, %s, %r, %low;
  .reg .u64 %out, %at;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  and.b32 %low, %t, 1;
  setp.eq.u32 %odd, %low, 1;
  mov.u32 %n, 16;
  stacksave.u32 %saved;
  @!%odd bra EVEN;
  add.u32 %n, %t, 16;
  shl.b32 %n, %n, 2;
  alloca.u32 %a, %n;
  mov.u32 %n, 16;
  call fill, (%a, %n, %t);
  bra BOTH;
EVEN:
  alloca.u32 %a, 64;
  stackrestore.u32 %saved;
BOTH:
  shl.b32 %n, %n, 2;
  alloca.u32 %b, %n;
  mov.u32 %n, 16;
  call fill, (%b, %n, 7777);
  call (%s), sum, (%b, %n);
  @!%odd bra END;
  call (%r), sum, (%a, %n);
  add.u32 %s, %s, %r;
END:
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %s;
  ret;
}

// Many times more than the stack holds at once, in a loop of as many rounds as the thread's number.
.visible .entry loops(.param .u64 out, .param .u64 lock)
{
  .reg .pred %q;
  .reg .u32 %t, %i, %n, %s, %all, %saved, %a;
  .reg .u64 %out, %at, %saved64, %a64, %n64;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  mov.u32 %i, 0;
  mov.u32 %all, 0;
LOOP:
  and.b32 %n, %i, 15;
  add.u32 %n, %n, 1;
  call (%s), array_of, (%n, %i);
  add.u32 %all, %all, %s;
  stacksave.u64 %saved64;
  mul.wide.u32 %n64, %n, 4;
  alloca.u64 %a64, %n64, 256;
  cvt.u32.u64 %a, %a64;
  and.b32 %s, %a, 255;
  add.u32 %all, %all, %s;
  call fill, (%a, %n, %t);
  call (%s), sum, (%a, %n);
  add.u32 %all, %all, %s;
  stackrestore.u64 %saved64;
  add.u32 %i, %i, 1;
  setp.le.u32 %q, %i, %t;
  @%q bra LOOP;
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %all;
  ret;
}

// In frames of a recursion, as deep as the thread's number says.
.visible .entry frames(.param .u64 out, .param .u64 lock)
{
  .reg .u32 %t, %n, %s;
  .reg .u64 %out, %at;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  and.b32 %n, %t, 7;
  call (%s), descend, (%n);
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %s;
  ret;
}

// An array of n bytes, less 64 for some, around a barrier.
.visible .entry large(.param .u64 out, .param .u32 n)
{
  .reg .u32 %t, %n, %less, %words, %a, %s;
  .reg .u64 %out, %at;
  ld.param.u64 %out, [out];
  ld.param.u32 %n, [n];
  mov.u32 %t, %tid.x;
  and.b32 %less, %t, 3;
  mul.lo.u32 %less, %less, 64;
  sub.u32 %n, %n, %less;
  alloca.u32 %a, %n, 16;
  shr.u32 %words, %n, 2;
  call fill, (%a, %words, %t);
  bar.sync 0;
  call (%s), sum, (%a, %words);
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %s;
  ret;
}

// Arrays of n bytes in four frames of a recursion, and one of the kernel's own.
.func (.reg .u32 r) four(.reg .u32 bytes, .reg .u32 depth)
{
  .reg .pred %q;
  .reg .u32 %p, %n, %more, %below;
  mov.u32 r, 0;
  setp.eq.u32 %q, depth, 4;
  @%q ret;
  alloca.u32 %p, bytes, 16;
  shr.u32 %n, bytes, 2;
  call fill, (%p, %n, depth);
  add.u32 %more, depth, 1;
  call (%below), four, (bytes, %more);
  call (r), sum, (%p, %n);
  add.u32 r, r, %below;
  ret;
}
.visible .entry large_frames(.param .u64 out, .param .u32 n)
{
  .reg .u32 %t, %n, %words, %a, %s, %r;
  .reg .u64 %out, %at;
  ld.param.u64 %out, [out];
  ld.param.u32 %n, [n];
  mov.u32 %t, %tid.x;
  alloca.u32 %a, %n, 16;
  shr.u32 %words, %n, 2;
  call fill, (%a, %words, %t);
  mov.u32 %r, 0;
  call (%s), four, (%n, %r);
  call (%r), sum, (%a, %words);
  add.u32 %s, %s, %r;
  mad.wide.u32 %at, %t, 4, %out;
  st.global.u32 [%at], %s;
  ret;
}

.visible .entry without(.param .u64 out, .param .u32 n)
{
  .reg .u32 %t, %n;
  .reg .u64 %out, %at;
  ld.param.u64 %out, [out];
  ld.param.u32 %n, [n];
  mov.u32 %t, %tid.x;
  add.u32 %n, %n, %t;
  cvt.u64.u32 %at, %t;
  shl.b64 %at, %at, 2;
  add.u64 %at, %at, %out;
  st.global.u32 [%at], %n;
  ret;
}

// One thread asks for too much, by a size that does not fit 32 bits.
.visible .entry overflows(.param .u64 out)
{
  .reg .u32 %t;
  .reg .u64 %out, %n, %a;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  ld.global.u64 %n, [%out];
  alloca.u64 %a, %n;
  st.local.u32 [%a], %t;
  ld.local.u32 %t, [%a];
  st.global.u32 [%out+8], %t;
  ret;
}
)";

const LogFile log_file("dynamic_stack", "info");
constexpr unsigned kThreads = 128;

uint32_t series(uint32_t first, uint32_t n) {
  return n * first + n * (n - 1) / 2;
}
uint32_t rounds_of_locked(uint32_t t) {
  uint32_t all = 0;
  for (uint32_t round = 0; round < 3; ++round)
    all += series(t * 1000, (t + round) % 5 + 1) + 2 * series(round, t % 3 + 1);
  return all;
}
uint32_t own_pointers(uint32_t t) {
  return series(7777, 16) + (t % 2 ? series(t, 16) : 0);
}
uint32_t loops(uint32_t t) {
  uint32_t all = 0;
  for (uint32_t i = 0; i <= t; ++i)
    all += series(i, i % 16 + 1) + series(t, i % 16 + 1);
  return all;
}
uint32_t frames(uint32_t t) {
  uint32_t all = 0;
  for (uint32_t n = t % 8; n > 0; --n)
    all += series(n, n);
  return all;
}

CUfunction find(const char *name) {
  static CUmodule module = [] {
    CUmodule loaded = nullptr;
    CHECK_CU(cuModuleLoadData(&loaded, kKernels));
    return loaded;
  }();
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name));
  return function;
}

void check_results(const char *name, CUdeviceptr out, auto expected) {
  std::vector<uint32_t> results(kThreads);
  CHECK_CU(cuMemcpyDtoH_v2(results.data(), out, kThreads * 4));
  for (uint32_t t = 0; t < kThreads; ++t)
    if (results[t] != expected(t)) {
      std::fprintf(stderr, "%s: thread %u: %u, expected %u\n", name, t, results[t], expected(t));
      CHECK(!"as expected");
      break;
    }
}

void check_kernel(const char *name, uint32_t (*expected)(uint32_t)) {
  CUdeviceptr out = 0, lock = 0;
  CHECK_CU(cuMemAlloc_v2(&out, kThreads * 4));
  CHECK_CU(cuMemAlloc_v2(&lock, 8));
  CHECK_CU(cuMemsetD8_v2(out, 0xff, kThreads * 4));
  CHECK_CU(cuMemsetD8_v2(lock, 0, 8));
  void *parameters[] = {&out, &lock};
  CHECK_CU(cuLaunchKernel(find(name), 1, 1, 1, kThreads, 1, 1, 0, nullptr, parameters, nullptr));
  CHECK_CU(cuCtxSynchronize());
  check_results(name, out, expected);
  uint32_t under_lock[2] = {};
  CHECK_CU(cuMemcpyDtoH_v2(under_lock, lock, 8));
  uint32_t total = 0;
  if (expected == rounds_of_locked)
    for (uint32_t t = 0; t < kThreads; ++t)
      for (uint32_t round = 0; round < 3; ++round)
        total += series(round, t % 3 + 1);
  CHECK(under_lock[1] == total);
  CHECK_CU(cuMemFree_v2(out));
  CHECK_CU(cuMemFree_v2(lock));
}

/// A kernel that takes a number of bytes.
void check_bytes(const char *name, uint32_t bytes, uint32_t (*expected)(uint32_t, uint32_t)) {
  CUdeviceptr out = 0;
  CHECK_CU(cuMemAlloc_v2(&out, kThreads * 4));
  CHECK_CU(cuMemsetD8_v2(out, 0xff, kThreads * 4));
  void *parameters[] = {&out, &bytes};
  CHECK_CU(cuLaunchKernel(find(name), 1, 1, 1, kThreads, 1, 1, 0, nullptr, parameters, nullptr));
  CHECK_CU(cuCtxSynchronize());
  check_results(name, out, [&](uint32_t t) { return expected(t, bytes); });
  CHECK_CU(cuMemFree_v2(out));
}
uint32_t large(uint32_t t, uint32_t bytes) {
  return series(t, (bytes - t % 4 * 64) / 4);
}
uint32_t large_frames(uint32_t t, uint32_t bytes) {
  uint32_t all = series(t, bytes / 4);
  for (uint32_t depth = 0; depth < 4; ++depth)
    all += series(depth, bytes / 4);
  return all;
}
uint32_t without(uint32_t t, uint32_t n) {
  return n + t;
}

void set_limit(size_t bytes) {
  CHECK_CU(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, bytes));
}

void arrays_of_threads() {
  check_kernel("locked", rounds_of_locked);
  check_kernel("own_pointers", own_pointers);
  check_kernel("loops", loops);
  // For frames that are not known; as much as there is.
  size_t limit = 0;
  set_limit(size_t{1} << 40);
  CHECK_CU(cuCtxGetLimit(&limit, CU_LIMIT_STACK_SIZE));
  CHECK(limit >= 16384 && limit <= 128 << 10);
  set_limit(16384);
  check_kernel("frames", frames);
}

/// Stacks of the limit's size. What is compiled is counted.
void limits() {
  const auto compiled = [](const char *kernel) {
    return log_file.count(std::string("compiled ") + kernel + " for");
  };
  set_limit(0);
  check_bytes("large", 4096, large);
  check_bytes("without", 1, without);
  // Raised: for the launches that follow. Not for kernels that have no stack.
  set_limit(20000);
  check_bytes("large", 20000, large);
  check_bytes("without", 2, without);
  CHECK(compiled("large") == 2);
  // Another limit with a stack of the same size, and sizes that were there before.
  set_limit(32768);
  check_bytes("large", 32768, large);
  set_limit(1024);
  check_bytes("large", 4096, large);
  set_limit(20000);
  check_bytes("large", 20000, large);
  CHECK(compiled("large") == 2);
  CHECK(compiled("without") == 1);
  // Half of it for arrays where there is recursion.
  set_limit(65536);
  check_bytes("large_frames", 6400, large_frames);
  // As much as the device can have: on some, the stack is smaller than the limit then.
  CHECK(log_file.count("for a thread's stack, less than") == 0);
  set_limit(size_t{1} << 40);
  check_bytes("large", 120000, large);
  check_bytes("large", 120000, large);
  CHECK(compiled("large") == 3);
  const bool wave64 = std::string(std::getenv("W2W_DEVICE")).find("gfx9") != std::string::npos;
  CHECK(log_file.count("for a thread's stack, less than CU_LIMIT_STACK_SIZE asks for") == wave64);
  CHECK(compiled("without") == 1);
}

/// A context of its own, with which the error goes.
void overflow_by(uint64_t bytes, size_t limit, const std::string &message) {
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr out = 0;
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuModuleLoadData(&module, kKernels));
  CHECK_CU(cuModuleGetFunction(&function, module, "overflows"));
  CHECK_CU(cuMemAlloc_v2(&out, 16));
  if (limit)
    set_limit(limit);
  const auto ask_for = [&](uint64_t n) {
    CHECK_CU(cuMemcpyHtoD_v2(out, &n, 8));
    void *parameters[] = {&out};
    CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters, nullptr));
    return cuCtxSynchronize();
  };
  CHECK(ask_for(4096) == CUDA_SUCCESS);
  CHECK(ask_for(bytes) == CUDA_ERROR_LAUNCH_FAILED);
  CHECK(log_file.count(message) == 1);
  CHECK_CU(cuCtxDestroy_v2(context));
}

void overflow() {
  overflow_by(20000, 0,
              "alloca of 20000 bytes is more than the 4096 that are left of the thread's stack; "
              "raise CU_LIMIT_STACK_SIZE, which is 1024");
  overflow_by((uint64_t{1} << 32) + 8, 0,
              "alloca of 4294967304 bytes is more than the 4096 that are left of the thread's "
              "stack; raise CU_LIMIT_STACK_SIZE, which is 1024");
  overflow_by(20000, 8000,
              "alloca of 20000 bytes is more than the 8192 that are left of the thread's stack; "
              "raise CU_LIMIT_STACK_SIZE, which is 8000");
}

} // namespace

int main() {
  ::setenv("CUDA_CACHE_DISABLE", "1", 1); // what is compiled is counted
  return run_in_context("dynamic_stack", arrays_of_threads, limits, overflow);
}
