// mbarrier in all its forms (PTX ISA 9.7.13.15), over several phases, by threads of one warp, of
// the warps of a wave, and of whole blocks.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/in_context.h"
#include "test/unit/cuda/shared_in_memory.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

/// How a thread arrives: `%st` becomes its state, [barrier] or [%generic] is the object.
struct Arrival {
  const char *name, *text;
  unsigned count; // what a thread takes of the pending count
  bool has_state; // else only the parity can be waited for
};
const Arrival kArrivals[] = {
    {"plain", "mbarrier.arrive.shared.b64 %st, [barrier];", 1, true},
    {"generic", "mbarrier.arrive.b64 %st, [%generic];", 1, true},
    {"cta", "mbarrier.arrive.release.cta.shared::cta.b64 %st, [barrier];", 1, true},
    {"cluster", "mbarrier.arrive.release.cluster.b64 %st, [%generic];", 1, true},
    {"relaxed", "fence.acq_rel.cta; mbarrier.arrive.relaxed.cta.shared.b64 %st, [barrier];", 1,
     true},
    {"sink", "mbarrier.arrive.shared.b64 _, [barrier];", 1, false},
    {"remote", "mbarrier.arrive.shared::cluster.b64 _, [barrier];", 1, false},
    {"remote_two", "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%at], 2;", 2, false},
    {"three", "mbarrier.arrive.shared.b64 %st, [barrier], 3;", 3, true},
    {"register", "mbarrier.arrive.release.cta.b64 %st, [%generic], %two;", 2, true},
    {"no_complete",
     "mbarrier.arrive.noComplete.shared.b64 _, [barrier], 2; mbarrier.arrive.b64 %st, [%generic];",
     3, true},
    {"bytes",
     "mbarrier.arrive.expect_tx.shared.b64 %st, [barrier], 48;"
     "mbarrier.complete_tx.shared.b64 [barrier], 16;"
     "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [%at], 32;",
     1, true},
    {"bytes_of_others",
     "mbarrier.arrive.expect_tx.release.cta.shared.b64 %st, [barrier], %bytes;"
     "mbarrier.complete_tx.b64 [%generic], %rest;",
     1, true},
    {"bytes_first",
     "mbarrier.complete_tx.relaxed.cta.b64 [%generic], 1000;"
     "mbarrier.expect_tx.relaxed.cta.shared.b64 [barrier], 1000;"
     "mbarrier.arrive.shared.b64 %st, [barrier];",
     1, true},
    {"remote_bytes",
     "mbarrier.expect_tx.relaxed.cluster.shared::cluster.b64 [%at], 16;"
     "mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%at], 16;"
     "fence.acq_rel.cluster; mbarrier.complete_tx.b64 [%generic], 32;",
     1, false},
    {"copies",
     "cp.async.mbarrier.arrive.shared.b64 [barrier]; mbarrier.arrive.shared.b64 %st, [barrier];", 1,
     true},
    {"copies_counted",
     "cp.async.mbarrier.arrive.noinc.b64 [%generic]; mbarrier.arrive.shared.b64 %st, [barrier];", 2,
     true},
};

/// How it waits, into %p; `%parity` is that of the phase.
struct Wait {
  const char *name, *text;
  bool needs_state;
};
const Wait kWaits[] = {
    {"test", "mbarrier.test_wait.shared.b64 %p, [barrier], %st;", true},
    {"test_generic", "mbarrier.test_wait.acquire.cluster.b64 %p, [%generic], %st;", true},
    {"parity", "mbarrier.test_wait.parity.shared::cta.b64 %p, [barrier], %parity;", false},
    {"try", "mbarrier.try_wait.shared.b64 %p, [barrier], %st;", true},
    {"try_for", "mbarrier.try_wait.acquire.cta.shared.b64 %p, [barrier], %st, 0x989680;", true},
    {"try_parity", "mbarrier.try_wait.parity.b64 %p, [%generic], %parity, %two;", false},
    {"relaxed",
     "mbarrier.try_wait.parity.relaxed.cta.shared.b64 %p, [barrier], %parity; fence.acq_rel.cta;",
     false},
};

/// Rounds in which each thread copies a value to a place that another one reads: a phase after the
/// copies, a phase after the reads.
std::string round_kernel(const Arrival &arrival, const Wait &wait) {
  std::string text = R"(
.visible .entry NAME(.param .u64 in, .param .u64 out, .param .u32 rounds)
{
  .reg .b64 %in, %out, %st, %generic;
  .reg .b32 %t, %n, %k, %rounds, %to, %other, %sum, %v, %at, %parity, %two, %bytes, %rest;
  .reg .pred %p, %more;
  .shared .align 8 .b64 barrier;
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  ld.param.u32 %rounds, [rounds];
  mov.u64 %generic, barrier;
  cvta.shared.u64 %generic, %generic;
  mov.u32 %at, barrier;
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  mov.u32 %two, 2;
  mad.lo.u32 %bytes, %t, 3, 1;
  sub.u32 %rest, %n, 1;
  sub.u32 %rest, %rest, %t;
  mad.lo.u32 %rest, %rest, 3, 1;
  setp.eq.u32 %p, %t, 0;
  mul.lo.u32 %k, %n, COUNT;
  @%p mbarrier.init.shared.b64 [barrier], %k;
  bar.sync 0;
  mov.u32 %to, buffer;
  mad.lo.u32 %other, %n, 4, %to;
  mad.lo.u32 %to, %t, 4, %to;
  sub.u32 %other, %other, 4;
  mad.lo.u32 %v, %t, 4, 0;
  sub.u32 %other, %other, %v;
  mad.wide.u32 %in, %t, 4, %in;
  mov.u32 %k, 0;
  mov.u32 %sum, 0;
ROUND:
  cp.async.ca.shared.global [%to], [%in], 4;
  cp.async.wait_all;
  mov.u32 %parity, 0;
  ARRIVE
WRITTEN:
  WAIT
  @!%p bra WRITTEN;
  ld.shared.u32 %v, [%other];
  mad.lo.u32 %sum, %sum, 5, %v;
  add.u64 %in, %in, 4;
  mov.u32 %parity, 1;
  ARRIVE
READ:
  WAIT
  @!%p bra READ;
  add.u32 %k, %k, 1;
  setp.lt.u32 %more, %k, %rounds;
  @%more bra ROUND;
  bar.sync 0;
  setp.eq.u32 %p, %t, 0;
  @%p mbarrier.inval.shared.b64 [barrier];
  mad.wide.u32 %out, %t, 4, %out;
  st.global.u32 [%out], %sum;
  ret;
}
)";
  const std::pair<const char *, std::string> words[] = {
      {"NAME", std::string(arrival.name) + "_" + wait.name},
      {"COUNT", std::to_string(arrival.count)},
      {"ARRIVE", arrival.text},
      {"WAIT", wait.text}};
  for (const auto &[word, by] : words)
    for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
      text.replace(at, std::string(word).size(), by);
  return text;
}

const char kOtherKernels[] = R"(
// Threads leave in the round of their number modulo 8; who is left goes on without them.
.visible .entry drops(.param .u64 in, .param .u64 out, .param .u32 rounds)
{
  .reg .b64 %out, %st;
  .reg .b32 %t, %n, %k, %mine, %v;
  .reg .pred %p, %last, %odd;
  .shared .align 8 .b64 barrier;
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
  mov.u32 %n, %ntid.x;
  and.b32 %mine, %t, 7;
  and.b32 %v, %t, 8;
  setp.ne.u32 %odd, %v, 0;
  setp.eq.u32 %p, %t, 0;
  shl.b32 %k, %n, 1;
  @%p mbarrier.init.shared.b64 [barrier], %k;
  @%p st.shared.u32 [buffer], 0;
  bar.sync 0;
  mov.u32 %k, 0;
ROUND:
  atom.shared.add.u32 %v, [buffer], 1;
  setp.eq.u32 %last, %k, %mine;
  @%last bra DROP;
  mbarrier.arrive.shared.b64 %st, [barrier], 2;
WAIT:
  mbarrier.test_wait.shared.b64 %p, [barrier], %st;
  @!%p bra WAIT;
  add.u32 %k, %k, 1;
  bra ROUND;
DROP:
  ld.shared.u32 %v, [buffer];
  mad.wide.u32 %out, %t, 4, %out;
  st.global.u32 [%out], %v;
  @%odd bra NO_COMPLETE;
  mbarrier.arrive_drop.expect_tx.shared.b64 %st, [barrier], 16;
  mbarrier.complete_tx.shared.b64 [barrier], 16;
  mbarrier.arrive_drop.release.cluster.shared::cluster.b64 _, [barrier];
  ret;
NO_COMPLETE:
  mbarrier.arrive_drop.noComplete.shared.b64 %st, [barrier], 1;
  mbarrier.arrive_drop.shared.b64 %st, [barrier], 1;
  ret;
}

// What one thread is told of counts and phases.
.visible .entry counts(.param .u64 in, .param .u64 out, .param .u32 rounds)
{
  .reg .b64 %out, %st, %old;
  .reg .b32 %v;
  .reg .pred %p;
  .shared .align 8 .b64 barrier;
  ld.param.u64 %out, [out];
  mbarrier.init.shared.b64 [barrier], 10;
  mbarrier.arrive.noComplete.shared.b64 %st, [barrier], 3;
  mbarrier.pending_count.b64 %v, %st;
  st.global.u32 [%out], %v;
  mbarrier.arrive.noComplete.release.cta.shared::cta.b64 %old, [barrier], 2;
  mbarrier.pending_count.b64 %v, %old;
  st.global.u32 [%out+4], %v;
  mbarrier.arrive_drop.noComplete.shared.b64 %st, [barrier], 4;
  mbarrier.pending_count.b64 %v, %st;
  st.global.u32 [%out+8], %v;
  mbarrier.test_wait.shared.b64 %p, [barrier], %old;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+12], %v;
  mbarrier.test_wait.parity.shared.b64 %p, [barrier], 1;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+16], %v;
  mbarrier.arrive_drop.shared.b64 %st, [barrier];
  mbarrier.test_wait.shared.b64 %p, [barrier], %old;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+20], %v;
  mbarrier.test_wait.parity.shared.b64 %p, [barrier], 1;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+24], %v;
  mbarrier.arrive.noComplete.shared.b64 %st, [barrier], 4;
  mbarrier.pending_count.b64 %v, %st;
  st.global.u32 [%out+28], %v;
  mbarrier.arrive.expect_tx.shared.b64 %st, [barrier], 1048575;
  mbarrier.test_wait.parity.shared.b64 %p, [barrier], 1;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+32], %v;
  mbarrier.complete_tx.shared.b64 [barrier], 1048574;
  mbarrier.test_wait.parity.shared.b64 %p, [barrier], 1;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+36], %v;
  mbarrier.complete_tx.shared.b64 [barrier], 1;
  mbarrier.test_wait.shared.b64 %p, [barrier], %st;
  selp.u32 %v, 1, 0, %p;
  st.global.u32 [%out+40], %v;
  mbarrier.inval.shared.b64 [barrier];
  mbarrier.init.shared.b64 [barrier], 1048575;
  mbarrier.arrive.noComplete.shared.b64 %st, [barrier], 1048572;
  mbarrier.arrive.noComplete.shared.b64 %st, [barrier], 2;
  mbarrier.pending_count.b64 %v, %st;
  st.global.u32 [%out+44], %v;
  ret;
}
)";

std::string all_kernels() {
  std::string text = ".version 8.6\n.target sm_90\n.address_size 64\n"
                     ".shared .align 16 .b8 buffer[4096];\n";
  for (const Arrival &arrival : kArrivals)
    for (const Wait &wait : kWaits)
      if (arrival.has_state || !wait.needs_state)
        text += round_kernel(arrival, wait);
  return text + kOtherKernels;
}

CUfunction find(const std::string &name) {
  static CUmodule module = [] {
    CUmodule loaded = nullptr;
    CHECK_CU(cuModuleLoadData(&loaded, all_kernels().c_str()));
    return loaded;
  }();
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name.c_str()));
  return function;
}

/// Results of a launch of one block, a word each.
std::vector<uint32_t> run(const std::string &name, unsigned threads, unsigned rounds,
                          const std::vector<uint32_t> &in, size_t results) {
  std::vector<uint32_t> out(results);
  CUdeviceptr from = 0, to = 0;
  CHECK_CU(cuMemAlloc_v2(&from, in.size() * 4));
  CHECK_CU(cuMemAlloc_v2(&to, results * 4));
  CHECK_CU(cuMemcpyHtoD_v2(from, in.data(), in.size() * 4));
  void *parameters[] = {&from, &to, &rounds};
  CUfunction function = find(name);
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, dynamic_shared(function, 0), nullptr,
                          parameters, nullptr));
  CHECK_CU(cuMemcpyDtoH_v2(out.data(), to, results * 4));
  CHECK_CU(cuMemFree_v2(from));
  CHECK_CU(cuMemFree_v2(to));
  return out;
}

bool is_solo() {
  const char *config = std::getenv("W2W_CONFIG");
  return config && std::string(config).find("solo") != std::string::npos;
}

void rounds_of(const Arrival &arrival, const Wait &wait, unsigned threads, unsigned rounds) {
  std::vector<uint32_t> in(threads + rounds);
  for (size_t k = 0; k < in.size(); ++k)
    in[k] = static_cast<uint32_t>(k * k * 2654435761u);
  const std::string name = std::string(arrival.name) + "_" + wait.name;
  const auto out = run(name, threads, rounds, in, threads);
  for (unsigned t = 0; t < threads; ++t) {
    uint32_t want = 0;
    for (unsigned k = 0; k < rounds; ++k)
      want = want * 5 + in[threads - 1 - t + k];
    if (out[t] != want && ++failed_checks < 20)
      std::fprintf(stderr, "%s: %u threads: thread %u: 0x%x, not 0x%x\n", name.c_str(), threads, t,
                   out[t], want);
  }
}

void all_rounds() {
  for (const Arrival &arrival : kArrivals)
    for (const Wait &wait : kWaits)
      if (arrival.has_state || !wait.needs_state)
        for (unsigned threads : {1u, 33u, 192u})
          rounds_of(arrival, wait, threads, 5);
  if (!is_solo())
    for (const Arrival &arrival : kArrivals)
      rounds_of(arrival, kWaits[2], 1024, 3);
}

void dropping_threads() {
  for (unsigned threads : {32u, 64u, 512u, 1024u}) {
    if (threads > 512 && is_solo())
      continue;
    const auto out = run("drops", threads, 0, {0}, threads);
    for (unsigned t = 0; t < threads; ++t) {
      // Everyone has counted in the rounds before; in this one perhaps not yet.
      uint32_t least = 0;
      for (unsigned k = 0; k < t % 8; ++k)
        least += threads / 8 * (8 - k);
      if (out[t] <= least || out[t] > least + threads / 8 * (8 - t % 8)) {
        CHECK(!"count of the rounds before");
        std::fprintf(stderr, "drops: %u threads: thread %u: %u, not above %u\n", threads, t, out[t],
                     least);
        break;
      }
    }
  }
}

void counts() {
  const std::vector<uint32_t> want = {10, 7, 5, 0, 1, 1, 0, 5, 0, 0, 1, 3};
  const auto out = run("counts", 1, 0, {0}, want.size());
  for (size_t k = 0; k < want.size(); ++k)
    if (out[k] != want[k]) {
      CHECK(!"counts");
      std::fprintf(stderr, "counts: %zu: %u, not %u\n", k, out[k], want[k]);
    }
}

} // namespace

int main(int argc, char **argv) {
  choose_shared_memory(argc, argv);
  return run_in_context("mbarriers", counts, all_rounds, dropping_threads);
}
