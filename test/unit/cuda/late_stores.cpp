// Stores and reductions that may be late (st.async, red.async), on global memory or with an
// mbarrier that hears of their bytes, and st.bulk: PTX ISA 9.7.9.12, 9.7.9.13, 9.7.13.7.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <algorithm>
#include <cstdio>
#include <string>
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

// --- With an mbarrier
// --------------------------------------------------------------------------------------------------

/// One instruction on [%to], of the value 3 * thread + 5 (or vectors of it and its double, triple,
/// ...), and what it makes of the words there, which are 0x40 + thread.
struct Signalling {
  std::string text;
  unsigned bytes;
  std::vector<unsigned> (*words)(unsigned value, unsigned old);
};

template <unsigned N> std::vector<unsigned> stored(unsigned value, unsigned) {
  std::vector<unsigned> words;
  for (unsigned k = 1; k <= N; ++k)
    words.push_back(k * value);
  return words;
}
template <unsigned N> std::vector<unsigned> stored_wide(unsigned value, unsigned) {
  std::vector<unsigned> words;
  for (unsigned k = 1; k <= N; ++k)
    words.insert(words.end(), {k * value, ~(k * value)});
  return words;
}

std::vector<Signalling> signalling() {
  std::vector<Signalling> all;
  const std::string by_bytes = ".mbarrier::complete_tx::bytes";
  for (const char *space : {"", ".shared::cluster"})
    for (const char *scope : {"", ".weak", ".cluster"})
      for (const char *type : {"b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"}) {
        const std::string name = "st.async" + std::string(scope) + space + by_bytes;
        const bool wide = std::string(type).find("64") != std::string::npos;
        const std::string r = wide ? "%d" : "%r", t = std::string(".") + type;
        all.push_back({name + t + " [%to], " + r + "1, [%mbar]", wide ? 8u : 4u,
                       wide ? stored_wide<1> : stored<1>});
        all.push_back({name + ".v2" + t + " [%to], {" + r + "1, " + r + "2}, [%mbar]",
                       wide ? 16u : 8u, wide ? stored_wide<2> : stored<2>});
        if (!wide)
          all.push_back(
              {name + ".v4" + t + " [%to], {%r1, %r2, %r3, %r4}, [%mbar]", 16, stored<4>});
      }
  using Words = std::vector<unsigned>;
  const std::pair<const char *, Words (*)(unsigned, unsigned)> reductions[] = {
      {"inc.u32", [](unsigned v, unsigned old) { return Words{old >= v ? 0 : old + 1}; }},
      {"dec.u32",
       [](unsigned v, unsigned old) { return Words{old == 0 || old > v ? v : old - 1}; }},
      {"min.u32", [](unsigned v, unsigned old) { return Words{v < old ? v : old}; }},
      {"max.u32", [](unsigned v, unsigned old) { return Words{v > old ? v : old}; }},
      {"min.s32", [](unsigned v, unsigned old) { return Words{v < old ? v : old}; }},
      {"max.s32", [](unsigned v, unsigned old) { return Words{v > old ? v : old}; }},
      {"and.b32", [](unsigned v, unsigned old) { return Words{v & old}; }},
      {"or.b32", [](unsigned v, unsigned old) { return Words{v | old}; }},
      {"xor.b32", [](unsigned v, unsigned old) { return Words{v ^ old}; }},
      {"add.u32", [](unsigned v, unsigned old) { return Words{v + old}; }},
      {"add.s32", [](unsigned v, unsigned old) { return Words{v + old}; }},
  };
  for (const char *space : {"", ".shared::cluster"}) {
    const std::string name = "red.async.relaxed.cluster" + std::string(space) + by_bytes + ".";
    for (const auto &[operation, words] : reductions)
      all.push_back({name + operation + " [%to], %r1, [%mbar]", 4, words});
    for (const char *operation : {"add.u64", "add.s64"})
      all.push_back({name + operation + " [%to], %d1, [%mbar]", 8, [](unsigned v, unsigned old) {
                       // The upper word is ~v, to which the sum below may carry.
                       return Words{v + old, ~v + old + (v + old < v)};
                     }});
  }
  return all;
}

/// Each thread has 32 bytes of shared memory; its neighbour shows them.
std::string signalling_kernels(const std::vector<Signalling> &all) {
  std::string text = ".version 8.6\n.target sm_90\n.address_size 64\n";
  for (size_t k = 0; k < all.size(); ++k) {
    const bool generic = all[k].text.find("shared") == std::string::npos;
    std::string instruction = all[k].text;
    for (auto [word, by] : {std::pair{std::string("%to"), generic ? "%wide_to" : "%to32"},
                            {std::string("%mbar"), generic ? "%wide_mbar" : "%mbar32"}})
      instruction.replace(instruction.find(word), word.size(), by);
    text += ".visible .entry signals" + std::to_string(k) + R"((.param .u64 out)
{
  .reg .b64 %out, %wide_to, %wide_mbar, %d<5>;
  .reg .b32 %t, %r<5>, %s<5>, %n<5>, %to32, %mbar32, %old, %other;
  .reg .pred %p;
  .shared .align 16 .b8 places[2048];
  .shared .align 8 .b64 barrier;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  mad.lo.u32 %r1, %t, 3, 5;
  mul.lo.u32 %r2, %r1, 2;
  mul.lo.u32 %r3, %r1, 3;
  mul.lo.u32 %r4, %r1, 4;
  not.b32 %n1, %r1;
  not.b32 %n2, %r2;
  not.b32 %n3, %r3;
  not.b32 %n4, %r4;
  mov.b64 %d1, {%r1, %n1};
  mov.b64 %d2, {%r2, %n2};
  mov.b64 %d3, {%r3, %n3};
  mov.b64 %d4, {%r4, %n4};
  mov.u32 %mbar32, barrier;
  mov.u32 %to32, places;
  mad.lo.u32 %to32, %t, 32, %to32;
  cvt.u64.u32 %wide_to, %to32;
  cvta.shared.u64 %wide_to, %wide_to;
  cvt.u64.u32 %wide_mbar, %mbar32;
  cvta.shared.u64 %wide_mbar, %wide_mbar;
  add.u32 %old, %t, 0x40;
  st.shared.v4.u32 [%to32], {%old, %old, %old, %old};
  st.shared.v4.u32 [%to32+16], {%old, %old, %old, %old};
  setp.eq.u32 %p, %t, 0;
  @%p mbarrier.init.shared.b64 [barrier], 64;
  bar.sync 0;
  mbarrier.arrive.expect_tx.shared.b64 _, [barrier], )" +
            std::to_string(all[k].bytes) + ";\n  " + instruction + R"(;
WAIT:
  mbarrier.try_wait.parity.shared.b64 %p, [barrier], 0;
  @!%p bra WAIT;
  mad.wide.u32 %out, %t, 32, %out;
  xor.b32 %to32, %t, 1;
  mad.lo.u32 %to32, %to32, 32, 0;
  mov.u32 %other, places;
  add.u32 %to32, %to32, %other;
  ld.shared.v4.u32 {%s1, %s2, %s3, %s4}, [%to32];
  st.global.v4.u32 [%out], {%s1, %s2, %s3, %s4};
  ld.shared.v4.u32 {%s1, %s2, %s3, %s4}, [%to32+16];
  st.global.v4.u32 [%out+16], {%s1, %s2, %s3, %s4};
  ret;
}
)";
  }
  return text;
}

void check_signalling(CUdeviceptr out) {
  const std::vector<Signalling> all = signalling();
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, signalling_kernels(all).c_str()));
  for (size_t k = 0; k < all.size(); ++k) {
    CUfunction function = nullptr;
    CHECK_CU(cuModuleGetFunction(&function, module, ("signals" + std::to_string(k)).c_str()));
    std::vector<unsigned> got(8 * kThreads);
    void *arguments[] = {&out};
    CHECK_CU(cuLaunchKernel(function, 1, 1, 1, kThreads, 1, 1, 0, nullptr, arguments, nullptr));
    CHECK_CU(cuMemcpyDtoH_v2(got.data(), out, got.size() * 4));
    for (unsigned t = 0; t < kThreads; ++t) {
      const unsigned other = t ^ 1;
      std::vector<unsigned> want = all[k].words(3 * other + 5, 0x40 + other);
      want.resize(8, 0x40 + other);
      if (!std::equal(want.begin(), want.end(), &got[8 * t]) && ++failed_checks < 20)
        std::fprintf(stderr, "%s: thread %u: 0x%x 0x%x ..., not 0x%x 0x%x ...\n",
                     all[k].text.c_str(), other, got[8 * t], got[8 * t + 1], want[0], want[1]);
    }
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
  check_signalling(out);
  if (failed_checks)
    return 1;
  std::puts("late_stores: all checks passed");
  return 0;
}
