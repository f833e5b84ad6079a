// Bulk copies and reductions, st.async and red.async (PTX ISA 9.7.9.25.4, 9.7.9.12, 9.7.13.7), each
// by one thread of a block whose other threads wait for the bytes; and rings of buffers that
// one thread fills and others empty.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/in_context.h"
#include "test/unit/cuda/log_file.h"
#include "test/unit/cuda/shared_in_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace {

const LogFile log_file("bulk_copies");
constexpr unsigned kBytes = 4096; // of each buffer
using Bytes = std::vector<uint8_t>;

/// What becomes of the destination: `source` is as long as what was asked for.
using Meaning = std::function<void(Bytes &destination, const Bytes &source)>;

/// One instruction; %to, %from, %size, %mbar are in shared memory or, of copies that end in a
/// bulk group, %to is in global memory.
struct Form {
  std::string text;
  bool source_is_shared, signals;
  Meaning meaning;
};

void copied(Bytes &to, const Bytes &from) {
  std::copy(from.begin(), from.end(), to.begin());
}
void untouched(Bytes &, const Bytes &) {}

template <typename T> Meaning each(T (*f)(T, T)) {
  return [f](Bytes &to, const Bytes &from) {
    for (size_t k = 0; k + sizeof(T) <= from.size(); k += sizeof(T)) {
      T a, b;
      std::memcpy(&a, &to[k], sizeof(T));
      std::memcpy(&b, &from[k], sizeof(T));
      a = f(a, b);
      std::memcpy(&to[k], &a, sizeof(T));
    }
  };
}
template <typename T> T sum(T a, T b) {
  return static_cast<T>(a + b);
}
template <typename T> T least(T a, T b) {
  return std::min(a, b);
}
template <typename T> T most(T a, T b) {
  return std::max(a, b);
}
template <typename T> T both(T a, T b) {
  return a & b;
}
template <typename T> T either(T a, T b) {
  return a | b;
}
template <typename T> T differ(T a, T b) {
  return a ^ b;
}
uint32_t next(uint32_t a, uint32_t b) {
  return a >= b ? 0 : a + 1;
}
uint32_t previous(uint32_t a, uint32_t b) {
  return a == 0 || a > b ? b : a - 1;
}
/// 16-bit floats; the test gives f16 and bf16 integers of which the sum is exact.
float wide(uint16_t v, bool brain) {
  uint32_t bits = uint32_t{v} << 16;
  if (!brain) {
    const uint32_t exponent = v >> 10 & 31, sign = uint32_t{v} >> 15 << 31;
    bits = exponent ? sign | (exponent + 112) << 23 | (v & 1023u) << 13 : sign;
  }
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
uint16_t narrow(float f, bool brain) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  if (brain)
    return static_cast<uint16_t>(bits >> 16);
  const uint32_t sign = bits >> 31 << 15, exponent = bits >> 23 & 255;
  return static_cast<uint16_t>(exponent ? sign | (exponent - 112) << 10 | (bits >> 13 & 1023)
                                        : sign);
}
template <bool Brain> uint16_t half_sum(uint16_t a, uint16_t b) {
  return narrow(wide(a, Brain) + wide(b, Brain), Brain);
}
template <bool Brain> uint16_t half_least(uint16_t a, uint16_t b) {
  return narrow(std::min(wide(a, Brain), wide(b, Brain)), Brain);
}
template <bool Brain> uint16_t half_most(uint16_t a, uint16_t b) {
  return narrow(std::max(wide(a, Brain), wide(b, Brain)), Brain);
}

const std::vector<Form> &forms() {
  static const std::vector<Form> all = [] {
    std::vector<Form> f;
    const std::string by_bytes = ".mbarrier::complete_tx::bytes";
    auto copy_in = [&](const std::string &space, const std::string &rest, Meaning meaning) {
      f.push_back({"cp.async.bulk." + space + ".global" + by_bytes + rest, false, true, meaning});
    };
    copy_in("shared::cta", " [%to], [%from], %size, [%mbar]", copied);
    copy_in("shared::cta", ".L2::cache_hint [%to], [%from], %size, [%mbar], %policy", copied);
    copy_in("shared::cluster", " [%to], [%from], %size, [%mbar]", copied);
    copy_in("shared::cluster", ".multicast::cluster [%to], [%from], %size, [%mbar], %one", copied);
    copy_in("shared::cluster",
            ".multicast::cluster.L2::cache_hint [%to], [%from], %size, [%mbar], 1, %policy",
            copied);
    copy_in("shared::cluster",
            ".multicast::cluster [%to], [%from], %size, [%mbar], %none;\n"
            "  mbarrier.complete_tx.shared.b64 [%mbar], %size",
            untouched);
    f.push_back(
        {"cp.async.bulk.shared::cluster.shared::cta" + by_bytes + " [%to], [%from], %size, [%mbar]",
         true, true, copied});
    auto copy_out = [&](const std::string &rest, Meaning meaning) {
      f.push_back({"cp.async.bulk.global.shared::cta.bulk_group" + rest, true, false, meaning});
    };
    copy_out(" [%to], [%from], %size", copied);
    copy_out(".L2::cache_hint [%to], [%from], %size, %policy", copied);
    auto masked = [](Bytes &to, const Bytes &from) {
      for (size_t k = 0; k < from.size(); ++k)
        if (0x9a35 >> (k % 16) & 1)
          to[k] = from[k];
    };
    copy_out(".cp_mask [%to], [%from], %size, %mask", masked);
    copy_out(".L2::cache_hint.cp_mask [%to], [%from], %size, %policy, 0x9a35", masked);
    // Element types of shared memory are among those of global memory.
    auto reduction = [&](const std::string &operation, Meaning meaning, bool in_shared) {
      if (in_shared)
        f.push_back({"cp.reduce.async.bulk.shared::cluster.shared::cta" + by_bytes + operation +
                         " [%to], [%from], %size, [%mbar]",
                     true, true, meaning});
      f.push_back({"cp.reduce.async.bulk.global.shared::cta.bulk_group" + operation +
                       " [%to], [%from], %size",
                   true, false, meaning});
    };
    reduction(".add.u32", each(sum<uint32_t>), true);
    reduction(".min.u32", each(least<uint32_t>), true);
    reduction(".max.u32", each(most<uint32_t>), true);
    reduction(".inc.u32", each(next), true);
    reduction(".dec.u32", each(previous), true);
    reduction(".add.s32", each(sum<uint32_t>), true);
    reduction(".min.s32", each(least<int32_t>), true);
    reduction(".max.s32", each(most<int32_t>), true);
    reduction(".add.u64", each(sum<uint64_t>), true);
    reduction(".and.b32", each(both<uint32_t>), true);
    reduction(".or.b32", each(either<uint32_t>), true);
    reduction(".xor.b32", each(differ<uint32_t>), true);
    reduction(".and.b64", each(both<uint64_t>), false);
    reduction(".or.b64", each(either<uint64_t>), false);
    reduction(".xor.b64", each(differ<uint64_t>), false);
    reduction(".min.u64", each(least<uint64_t>), false);
    reduction(".max.u64", each(most<uint64_t>), false);
    reduction(".min.s64", each(least<int64_t>), false);
    reduction(".max.s64", each(most<int64_t>), false);
    reduction(".add.f32", each(sum<float>), false);
    reduction(".add.f64", each(sum<double>), false);
    reduction(".add.noftz.f16", each(half_sum<false>), false);
    reduction(".add.noftz.bf16", each(half_sum<true>), false);
    reduction(".min.f16", each(half_least<false>), false);
    reduction(".max.f16", each(half_most<false>), false);
    reduction(".min.bf16", each(half_least<true>), false);
    reduction(".max.bf16", each(half_most<true>), false);
    f.push_back({"cp.reduce.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.add.u32 "
                 "[%to], [%from], %size, %policy",
                 true, false, each(sum<uint32_t>)});
    return f;
  }();
  return all;
}

/// Both buffers come from global memory; source and destination, if they are to lie in shared
/// memory, are brought there and back by all threads.
std::string kernel_of(size_t number) {
  const Form &form = forms()[number];
  std::string text = ".visible .entry form" + std::to_string(number) + R"(
(.param .u64 destination, .param .u64 source, .param .u32 size)
{
  .reg .b64 %destination, %source, %global_to, %global_from, %policy, %at, %v;
  .reg .b32 %t, %n, %k, %size, %shared_to, %shared_from, %mbar;
  .reg .b16 %one, %none, %mask;
  .reg .pred %p, %first;
  .shared .align 8 .b64 barrier;
  ld.param.u64 %destination, [destination];
  ld.param.u64 %source, [source];
  ld.param.u32 %size, [size];
  createpolicy.fractional.L2::evict_first.b64 %policy, 1.0;
  mov.u16 %one, 1;
  mov.u16 %none, 0xfffe;
  mov.u16 %mask, 0x9a35;
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  mov.u32 %mbar, barrier;
  mov.u32 %shared_to, memory;
  add.u32 %shared_from, %shared_to, 4096;
  setp.eq.u32 %first, %t, 0;
  @%first mbarrier.init.shared.b64 [barrier], 1;
  shl.b32 %k, %t, 3;
IN:
  cvt.u64.u32 %at, %k;
  add.u64 %at, %at, %destination;
  ld.global.u64 %v, [%at];
  add.u32 %mbar, %shared_to, %k;
  st.shared.u64 [%mbar], %v;
  cvt.u64.u32 %at, %k;
  add.u64 %at, %at, %source;
  ld.global.u64 %v, [%at];
  st.shared.u64 [%mbar+4096], %v;
  mad.lo.u32 %k, %n, 8, %k;
  setp.lt.u32 %p, %k, 4096;
  @%p bra IN;
  fence.proxy.async;
  mov.u32 %mbar, barrier;
  bar.sync 0;
  @!%first bra WAIT;
)";
  text += form.signals ? "  mbarrier.arrive.expect_tx.shared.b64 _, [barrier], %size;\n" : "";
  std::string instruction = form.text;
  const std::pair<const char *, const char *> places[] = {
      {"%to", form.signals ? "%shared_to" : "%destination"},
      {"%from", form.source_is_shared ? "%shared_from" : "%source"}};
  for (const auto &[word, by] : places)
    instruction.replace(instruction.find(word), std::strlen(word), by);
  text += "  " + instruction + ";\n";
  text += form.signals ? ""
                       : "  cp.async.bulk.commit_group;\n  cp.async.bulk.wait_group.read 1;\n"
                         "  cp.async.bulk.wait_group 0;\n";
  text += "WAIT:\n";
  text += form.signals ? "  mbarrier.try_wait.parity.shared.b64 %p, [barrier], 0;\n"
                         "  @!%p bra WAIT;\n"
                         "  shl.b32 %k, %t, 3;\n"
                         "OUT:\n"
                         "  add.u32 %mbar, %shared_to, %k;\n"
                         "  ld.shared.u64 %v, [%mbar];\n"
                         "  cvt.u64.u32 %at, %k;\n"
                         "  add.u64 %at, %at, %destination;\n"
                         "  st.global.u64 [%at], %v;\n"
                         "  mad.lo.u32 %k, %n, 8, %k;\n"
                         "  setp.lt.u32 %p, %k, 4096;\n"
                         "  @%p bra OUT;\n"
                       : "";
  return text + "  ret;\n}\n";
}

// Three buffers of 256 bytes. One thread fills them, or a warp; the threads behind it add up what
// they find. A buffer is filled again when all of them have said that they have read it.
const char kRings[] = R"(
.visible .entry ring(.param .u64 out, .param .u64 in, .param .u32 rounds, .param .u32 fillers)
{
  .reg .b64 %in, %out, %at, %v;
  .reg .b32 %t, %n, %k, %s, %rounds, %parity, %to, %full, %empty, %sum, %w, %turn, %fillers;
  .reg .pred %p, %one, %fills;
  .shared .align 8 .b64 barriers[6];
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  ld.param.u32 %rounds, [rounds];
  ld.param.u32 %fillers, [fillers];
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  sub.u32 %n, %n, %fillers;
  setp.lt.u32 %fills, %t, %fillers;
  setp.eq.u32 %one, %fillers, 1;
  setp.eq.u32 %p, %t, 0;
  @%p mbarrier.init.shared.b64 [barriers], %fillers;
  @%p mbarrier.init.shared.b64 [barriers+8], %fillers;
  @%p mbarrier.init.shared.b64 [barriers+16], %fillers;
  @%p mbarrier.init.shared.b64 [barriers+24], %n;
  @%p mbarrier.init.shared.b64 [barriers+32], %n;
  @%p mbarrier.init.shared.b64 [barriers+40], %n;
  bar.sync 0;
  mov.u32 %k, 0;
  mov.u32 %sum, 0;
  @%fills bra FILL;
ADD:
  rem.u32 %s, %k, 3;
  div.u32 %turn, %k, 3;
  and.b32 %parity, %turn, 1;
  mov.u32 %full, barriers;
  mad.lo.u32 %full, %s, 8, %full;
FULL:
  mbarrier.try_wait.parity.shared.b64 %p, [%full], %parity;
  @!%p bra FULL;
  mov.u32 %to, memory;
  mad.lo.u32 %to, %s, 256, %to;
  and.b32 %w, %t, 63;
  mad.lo.u32 %to, %w, 4, %to;
  ld.shared.u32 %w, [%to];
  mad.lo.u32 %sum, %sum, 7, %w;
  mbarrier.arrive.shared.b64 _, [%full+24];
  add.u32 %k, %k, 1;
  setp.lt.u32 %p, %k, %rounds;
  @%p bra ADD;
  mad.wide.u32 %out, %t, 4, %out;
  st.global.u32 [%out], %sum;
  ret;
FILL:
  rem.u32 %s, %k, 3;
  div.u32 %turn, %k, 3;
  xor.b32 %parity, %turn, 1;
  and.b32 %parity, %parity, 1;
  mov.u32 %full, barriers;
  mad.lo.u32 %full, %s, 8, %full;
  mov.u32 %to, memory;
  mad.lo.u32 %to, %s, 256, %to;
EMPTY:
  mbarrier.try_wait.parity.shared.b64 %p, [%full+24], %parity, 100;
  @!%p bra EMPTY;
  @!%one bra WARP;
  mbarrier.arrive.expect_tx.shared.b64 _, [%full], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%to], [%in], 256, [%full];
  bra FILLED;
WARP:
  mad.wide.u32 %at, %t, 8, %in;
  mad.lo.u32 %to, %t, 8, %to;
  cp.async.ca.shared.global [%to], [%at], 8;
  cp.async.mbarrier.arrive.noinc.shared.b64 [%full];
FILLED:
  add.u64 %in, %in, 256;
  add.u32 %k, %k, 1;
  setp.lt.u32 %p, %k, %rounds;
  @%p bra FILL;
  ret;
}
)";

CUfunction find(const std::string &name) {
  static CUmodule module = [] {
    std::string text = ".version 8.6\n.target sm_100\n.address_size 64\n"
                       ".shared .align 16 .b8 memory[8192];\n";
    for (size_t k = 0; k < forms().size(); ++k)
      text += kernel_of(k);
    text += kRings;
    CUmodule loaded = nullptr;
    CHECK_CU(cuModuleLoadData(&loaded, text.c_str()));
    return loaded;
  }();
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name.c_str()));
  return function;
}

/// Random words; of 16-bit and wider floats small integers.
Bytes words_for(const std::string &text, uint32_t seed) {
  Bytes bytes(kBytes);
  auto noise = [&seed] { return (seed = seed * 1664525 + 1013904223) >> 8; };
  auto fill = [&](auto value) {
    for (size_t k = 0; k < kBytes; k += sizeof(value)) {
      value = static_cast<decltype(value)>(static_cast<int>(noise() % 64) - 32);
      std::memcpy(&bytes[k], &value, sizeof(value));
    }
  };
  const bool brain = text.find(".bf16") != std::string::npos;
  if (text.find(".f32") != std::string::npos)
    fill(0.0f);
  else if (text.find(".f64") != std::string::npos)
    fill(0.0);
  else
    for (uint8_t &b : bytes)
      b = static_cast<uint8_t>(noise());
  if (brain || text.find(".f16") != std::string::npos)
    for (size_t k = 0; k < kBytes; k += 2) {
      const uint16_t v = narrow(static_cast<float>(static_cast<int>(noise() % 64) - 32), brain);
      std::memcpy(&bytes[k], &v, 2);
    }
  return bytes;
}

void check_form(size_t number, unsigned size, unsigned threads) {
  const Form &form = forms()[number];
  Bytes destination = words_for(form.text, 1 + size), source = words_for(form.text, 77 + size);
  CUdeviceptr to = 0, from = 0;
  CHECK_CU(cuMemAlloc_v2(&to, kBytes));
  CHECK_CU(cuMemAlloc_v2(&from, kBytes));
  CHECK_CU(cuMemcpyHtoD_v2(to, destination.data(), kBytes));
  CHECK_CU(cuMemcpyHtoD_v2(from, source.data(), kBytes));
  void *parameters[] = {&to, &from, &size};
  CUfunction function = find("form" + std::to_string(number));
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, dynamic_shared(function, 0), nullptr,
                          parameters, nullptr));
  Bytes got(kBytes);
  CHECK_CU(cuMemcpyDtoH_v2(got.data(), to, kBytes));
  source.resize(size);
  form.meaning(destination, source);
  for (unsigned k = 0; k < kBytes; ++k)
    if (got[k] != destination[k]) {
      if (++failed_checks < 20)
        std::fprintf(stderr, "%s: %u bytes, %u threads: byte %u is 0x%x, not 0x%x\n",
                     form.text.c_str(), size, threads, k, got[k], destination[k]);
      break;
    }
  CHECK_CU(cuMemFree_v2(to));
  CHECK_CU(cuMemFree_v2(from));
}

void all_forms() {
  for (size_t k = 0; k < forms().size(); ++k) {
    for (unsigned size : {0u, 16u, 48u, 64u, 208u, kBytes})
      check_form(k, size, 64);
    check_form(k, 1024, 1);
    check_form(k, 1024, 256);
  }
}

void ring(unsigned threads, unsigned fillers, unsigned rounds) {
  constexpr unsigned kWords = 64;
  std::vector<uint32_t> in(kWords * rounds), out(threads);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = static_cast<uint32_t>(k * k * 2654435761u);
  CUdeviceptr from = 0, to = 0;
  CHECK_CU(cuMemAlloc_v2(&from, in.size() * 4));
  CHECK_CU(cuMemAlloc_v2(&to, out.size() * 4));
  CHECK_CU(cuMemcpyHtoD_v2(from, in.data(), in.size() * 4));
  void *parameters[] = {&to, &from, &rounds, &fillers};
  CUfunction function = find("ring");
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, dynamic_shared(function, 0), nullptr,
                          parameters, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(out.data(), to, out.size() * 4));
  for (unsigned t = fillers; t < threads; ++t) {
    uint32_t want = 0;
    for (unsigned k = 0; k < rounds; ++k)
      want = want * 7 + in[k * kWords + t % kWords];
    if (out[t] != want && ++failed_checks < 20)
      std::fprintf(stderr, "ring: %u threads, %u fill: thread %u: 0x%x, not 0x%x\n", threads,
                   fillers, t, out[t], want);
  }
  CHECK_CU(cuMemFree_v2(from));
  CHECK_CU(cuMemFree_v2(to));
}

void all_rings() {
  const char *config = std::getenv("W2W_CONFIG");
  const bool solo = config && std::string(config).find("solo") != std::string::npos;
  for (unsigned threads : {2u, 32u, 64u, 160u, 512u, 1024u}) {
    if (threads > 512 && solo)
      continue;
    ring(threads, 1, 11);
    if (threads > 32)
      ring(threads, 32, 8);
  }
}

/// Last: the error stays with the context.
void misaligned_size() {
  CUdeviceptr to = 0, from = 0;
  unsigned size = 40;
  CHECK_CU(cuMemAlloc_v2(&to, kBytes));
  CHECK_CU(cuMemAlloc_v2(&from, kBytes));
  void *parameters[] = {&to, &from, &size};
  CUfunction function = find("form7"); // to global memory
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 64, 1, 1, dynamic_shared(function, 0), nullptr,
                          parameters, nullptr));
  CHECK(cuCtxSynchronize() == CUDA_ERROR_MISALIGNED_ADDRESS);
  CHECK(log_file.count("bulk copy of 40 bytes from ") == 1);
}

} // namespace

int main(int argc, char **argv) {
  choose_shared_memory(argc, argv);
  return run_in_context("bulk_copies", all_forms, all_rings, misaligned_size);
}
