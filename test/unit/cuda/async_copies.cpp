// cp.async in all its forms, and its groups: PTX ISA 9.7.9.25.3. What a form copies is said again
// here, byte by byte.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/in_context.h"
#include "test/unit/cuda/shared_in_memory.h"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

constexpr unsigned kSlot = 16;

/// One instruction, behind `cp.async.`; %to, %from, %n (number of the thread modulo 17), %odd
/// (whether that of the thread is), %policy.
struct Form {
  const char *text;
  unsigned size;
  std::function<unsigned(unsigned thread)> source_size;
};

unsigned odd(unsigned t) {
  return t % 2;
}
unsigned seventeenth(unsigned t) {
  return t % 17;
}
std::function<unsigned(unsigned)> always(unsigned n) {
  return [n](unsigned) { return n; };
}
std::function<unsigned(unsigned)> up_to(unsigned n) {
  return [n](unsigned t) { return seventeenth(t) % (n + 1); };
}

const std::vector<Form> &forms() {
  static const std::vector<Form> all = {
      {"ca.shared.global [%to], [%from], 4", 4, always(4)},
      {"ca.shared.global [%to], [%from], 8", 8, always(8)},
      {"ca.shared::cta.global [%to], [%from], 16", 16, always(16)},
      {"cg.shared.global [%to], [%from], 16", 16, always(16)},
      {"cg.shared::cta.global.L2::256B [%to], [%from], 16", 16, always(16)},
      {"ca.shared.global.L2::cache_hint [%to], [%from], 8, %policy", 8, always(8)},
      {"cg.shared.global [%to], [%from], 16, %n", 16, seventeenth},
      {"cg.shared.global.L2::cache_hint.L2::128B [%to], [%from], 16, %n, %policy", 16, seventeenth},
      {"ca.shared.global [%to], [%from], 16, %n", 16, seventeenth},
      {"ca.shared.global [%to], [%from], 8, %n8", 8, up_to(8)},
      {"ca.shared.global.L2::64B [%to], [%from], 4, %n4", 4, up_to(4)},
      {"ca.shared.global [%to], [%from], 16, 5", 16, always(5)},
      {"ca.shared.global [%to], [%from], 8, 8", 8, always(8)},
      {"ca.shared.global [%to], [%nowhere], 8, 0", 8, always(0)},
      {"cg.shared.global [%to], [%maybe], 16, %all", 16, [](unsigned t) { return 16 * odd(t); }},
      {"cg.shared.global [%to], [%from], 16, %odd", 16,
       [](unsigned t) { return 16 - 16 * odd(t); }},
      {"cg.shared.global [%to], [%maybe], 16, !%odd", 16, [](unsigned t) { return 16 * odd(t); }},
      {"ca.shared.global [%to], [%maybe], 4, !%odd", 4, [](unsigned t) { return 4 * odd(t); }},
      {"ca.shared.global.L2::cache_hint [%to], [%maybe], 8, !%odd, %policy", 8,
       [](unsigned t) { return 8 * odd(t); }},
  };
  return all;
}

/// A thread copies its slots of the input, which lie at the end of a buffer: a byte too much of the
/// last one is an error. Then it shows its neighbour's slots.
std::string text_of_forms() {
  const std::string slots = std::to_string(forms().size());
  const std::string bytes = std::to_string(forms().size() * kSlot);
  std::string text = R"(
.version 8.6
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 memory[];
.visible .entry forms(.param .u64 in, .param .u64 out)
{
  .reg .b64 %in, %out, %from, %maybe, %nowhere, %policy, %at;
  .reg .b32 %t, %n, %n4, %n8, %all, %k, %to, %other, %count, %a<4>;
  .reg .pred %odd, %p;
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  mov.u32 %count, %ntid.x;
  rem.u32 %n, %t, 17;
  rem.u32 %n4, %n, 5;
  rem.u32 %n8, %n, 9;
  and.b32 %k, %t, 1;
  setp.ne.u32 %odd, %k, 0;
  selp.b32 %all, 16, 0, %odd;
  createpolicy.fractional.L2::evict_first.b64 %policy, 1.0;
  mov.u64 %nowhere, 0;
  mad.wide.u32 %from, %t, SLOTBYTES, %in;
  mov.u32 %to, memory;
  mad.lo.u32 %to, %t, SLOTBYTES, %to;
  mov.u32 %k, 0;
FILL:
  st.shared.v4.u32 [%to], {-1, -1, -1, -1};
  add.u32 %to, %to, 16;
  add.u32 %k, %k, 1;
  setp.lt.u32 %p, %k, SLOTS;
  @%p bra FILL;
  sub.u32 %to, %to, SLOTBYTES;
  selp.b64 %maybe, %from, 0, %odd;
)";
  for (const Form &f : forms())
    text += std::string("  cp.async.") + f.text + ";\n" +
            "  add.u32 %to, %to, 16;\n  add.u64 %from, %from, 16;\n"
            "  selp.b64 %maybe, %from, 0, %odd;\n";
  text += R"(
  cp.async.wait_all;
  bar.sync 0;
  add.u32 %other, %t, 1;
  rem.u32 %other, %other, %count;
  mov.u32 %to, memory;
  mad.lo.u32 %to, %other, SLOTBYTES, %to;
  mad.wide.u32 %at, %t, SLOTBYTES, %out;
  mov.u32 %k, 0;
SHOW:
  ld.shared.v4.u32 {%a0, %a1, %a2, %a3}, [%to];
  st.global.v4.u32 [%at], {%a0, %a1, %a2, %a3};
  add.u32 %to, %to, 16;
  add.u64 %at, %at, 16;
  add.u32 %k, %k, 1;
  setp.lt.u32 %p, %k, SLOTS;
  @%p bra SHOW;
  ret;
}

// Three copies are always under way: each thread adds up what its neighbour has copied, in rounds
// of four buffers, and in the last rounds waits for the rest.
.visible .entry stages(.param .u64 in, .param .u64 out, .param .u32 rounds)
{
  .reg .b64 %in, %from, %step, %out;
  .reg .b32 %t, %n, %k, %ahead, %rounds, %base, %to, %other, %sum, %v;
  .reg .pred %p, %more;
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  ld.param.u32 %rounds, [rounds];
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  mad.wide.u32 %from, %t, 4, %in;
  mul.wide.u32 %step, %n, 4;
  mov.u32 %base, memory;
  mov.u32 %ahead, 0;
  mov.u32 %k, 0;
  mov.u32 %sum, 0;
  add.u32 %other, %t, 31;
  rem.u32 %other, %other, %n;
START:
  and.b32 %to, %ahead, 3;
  mad.lo.u32 %to, %to, %n, %t;
  mad.lo.u32 %to, %to, 4, %base;
  setp.lt.u32 %more, %ahead, %rounds;
  @%more cp.async.ca.shared.global [%to], [%from], 4;
  cp.async.commit_group;
  add.u64 %from, %from, %step;
  add.u32 %ahead, %ahead, 1;
  setp.lt.u32 %p, %ahead, 3;
  @%p bra START;
  cp.async.wait_group 2;
  bar.sync 0;
  and.b32 %to, %k, 3;
  mad.lo.u32 %to, %to, %n, %other;
  mad.lo.u32 %to, %to, 4, %base;
  ld.shared.u32 %v, [%to];
  mad.lo.u32 %sum, %sum, 3, %v;
  add.u32 %k, %k, 1;
  setp.lt.u32 %p, %k, %rounds;
  @%p bra START;
  cp.async.wait_group 0;
  mad.wide.u32 %out, %t, 4, %out;
  st.global.u32 [%out], %sum;
  ret;
}
)";
  for (auto [name, value] : {std::pair{std::string("SLOTBYTES"), bytes}, {"SLOTS", slots}})
    for (size_t at; (at = text.find(name)) != std::string::npos;)
      text.replace(at, name.size(), value);
  return text;
}

CUfunction find(const char *name) {
  static CUmodule module = [] {
    CUmodule loaded = nullptr;
    CHECK_CU(cuModuleLoadData(&loaded, text_of_forms().c_str()));
    return loaded;
  }();
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name));
  return function;
}

uint32_t noise(uint32_t k) {
  k = (k ^ k >> 15) * 0x2c1b3c6du;
  return (k ^ k >> 12) * 0x297a2d39u;
}

void all_forms() {
  constexpr unsigned kThreads = 96;
  const size_t bytes = forms().size() * kSlot * kThreads;
  std::vector<uint8_t> in(bytes), out(bytes);
  for (size_t k = 0; k < bytes; ++k)
    in[k] = static_cast<uint8_t>(noise(static_cast<uint32_t>(k)) | 1);
  CUdeviceptr from = 0, to = 0;
  CHECK_CU(cuMemAlloc_v2(&from, bytes));
  CHECK_CU(cuMemAlloc_v2(&to, bytes));
  CHECK_CU(cuMemcpyHtoD_v2(from, in.data(), bytes));
  void *parameters[] = {&from, &to};
  CUfunction function = find("forms");
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, kThreads, 1, 1,
                          dynamic_shared(function, static_cast<unsigned>(bytes)), nullptr,
                          parameters, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(out.data(), to, bytes));
  for (unsigned t = 0; t < kThreads; ++t)
    for (size_t f = 0; f < forms().size(); ++f)
      for (unsigned k = 0; k < kSlot; ++k) {
        const unsigned other = (t + 1) % kThreads;
        const Form &form = forms()[f];
        const uint8_t want = k >= form.size ? 0xff
                             : k >= form.source_size(other)
                                 ? 0
                                 : in[(other * forms().size() + f) * kSlot + k];
        const uint8_t got = out[(t * forms().size() + f) * kSlot + k];
        if (got != want && ++failed_checks < 20)
          std::fprintf(stderr, "cp.async.%s: thread %u: byte %u is 0x%x, not 0x%x\n", form.text,
                       other, k, got, want);
      }
  CHECK_CU(cuMemFree_v2(from));
  CHECK_CU(cuMemFree_v2(to));
}

void stages(unsigned threads, unsigned rounds) {
  std::vector<uint32_t> in(threads * rounds), out(threads);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = noise(static_cast<uint32_t>(k));
  CUdeviceptr from = 0, to = 0;
  CHECK_CU(cuMemAlloc_v2(&from, in.size() * 4));
  CHECK_CU(cuMemAlloc_v2(&to, out.size() * 4));
  CHECK_CU(cuMemcpyHtoD_v2(from, in.data(), in.size() * 4));
  void *parameters[] = {&from, &to, &rounds};
  CUfunction function = find("stages");
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, dynamic_shared(function, threads * 16),
                          nullptr, parameters, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(out.data(), to, out.size() * 4));
  for (unsigned t = 0; t < threads; ++t) {
    uint32_t want = 0;
    for (unsigned k = 0; k < rounds; ++k)
      want = want * 3 + in[k * threads + (t + 31) % threads];
    if (out[t] != want && ++failed_checks < 20)
      std::fprintf(stderr, "stages: %u threads, %u rounds: thread %u: 0x%x, not 0x%x\n", threads,
                   rounds, t, out[t], want);
  }
  CHECK_CU(cuMemFree_v2(from));
  CHECK_CU(cuMemFree_v2(to));
}

void all_stages() {
  stages(64, 1);
  stages(32, 2);
  stages(128, 17);
  if (const char *config = std::getenv("W2W_CONFIG");
      !config || std::string(config).find("solo") == std::string::npos)
    stages(1024, 7);
}

} // namespace

int main(int argc, char **argv) {
  choose_shared_memory(argc, argv);
  return run_in_context("async_copies", all_forms, all_stages);
}
