// Every shuffle with constant operands on the emulator, against PTX ISA 9.7.9.6: all modes, 32
// distances, the segment masks and clamps that programs use and odd ones; alone and as the source
// of an operation, as warp reductions and scans have it; in all threads, in some, and on both sides
// of a branch.
//   shuffles --mcpu=gfx942 [-O0|-O3] [--solo] [--filter=TEXT] [--sample=N] [--hip=LIBRARY]
// --solo: with one warp a wave, on wave64 targets.
// Exit status 0: all results are right. What a thread gets from one that does not execute the
// shuffle is undefined and not compared.
#include "test/conformance/device.h"
#include "test/conformance/run_options.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace w2w::conformance {

namespace {

constexpr unsigned kThreads = 96; // three warps: on wave64 two share a wave, one stands alone
constexpr unsigned kDistances = 32;

enum class Mode { Up, Down, Bfly, Idx };
constexpr const char *kModeNames[] = {"up", "down", "bfly", "idx"};

enum class Flow { Whole, Some, BothSides };
constexpr const char *kFlowNames[] = {"all threads", "some threads", "both sides of a branch"};
/// Threads (by lane) that take part, or take the first side.
constexpr uint32_t kSome = 0xB59D36E3;

struct Operation {
  const char *name; // PTX
  uint32_t (*apply)(uint32_t, uint32_t);
};
int32_t as_signed(uint32_t v) {
  return static_cast<int32_t>(v);
}
constexpr Operation kOperations[] = {
    {"add.u32", [](uint32_t a, uint32_t b) { return a + b; }},
    {"or.b32", [](uint32_t a, uint32_t b) { return a | b; }},
    {"and.b32", [](uint32_t a, uint32_t b) { return a & b; }},
    {"xor.b32", [](uint32_t a, uint32_t b) { return a ^ b; }},
    {"min.s32",
     [](uint32_t a, uint32_t b) {
       return static_cast<uint32_t>(std::min(as_signed(a), as_signed(b)));
     }},
    {"max.s32",
     [](uint32_t a, uint32_t b) {
       return static_cast<uint32_t>(std::max(as_signed(a), as_signed(b)));
     }},
    {"min.u32", [](uint32_t a, uint32_t b) { return std::min(a, b); }},
    {"max.u32", [](uint32_t a, uint32_t b) { return std::max(a, b); }},
    {"sub.u32", [](uint32_t a, uint32_t b) { return a - b; }},
    {"mul.lo.u32", [](uint32_t a, uint32_t b) { return a * b; }},
    {"add.f32",
     [](uint32_t a, uint32_t b) { // the values are small whole numbers as floats
       return std::bit_cast<uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
     }},
};

struct Case {
  Mode mode;
  uint32_t c;
  Flow flow;
  const Operation *operation = nullptr; // nullptr: the shuffled value and the predicate themselves
  bool predicated = false;              // the operation is done only where the predicate holds

  bool floats() const { return operation && std::string_view(operation->name) == "add.f32"; }
  std::string name() const {
    return fmt::format("shfl.sync.{} c=0x{:x}{}{} in {}", kModeNames[int(mode)], c,
                       predicated  ? " @p "
                       : operation ? " "
                                   : "",
                       operation ? operation->name : "", kFlowNames[int(flow)]);
  }
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  size_t next = 0; // the operations take turns
  for (Mode mode : {Mode::Up, Mode::Down, Mode::Bfly, Mode::Idx}) {
    const uint32_t clamp = mode == Mode::Up ? 0 : 0x1F;
    for (unsigned width : {32u, 16u, 8u, 4u, 2u, 1u})
      for (Flow flow : {Flow::Whole, Flow::Some, Flow::BothSides}) {
        const uint32_t c = (32 - width) << 8 | clamp;
        cases.push_back({mode, c, flow});
        for (bool predicated : {false, true})
          for (int k = 0; k < 4 && width >= 8; ++k)
            cases.push_back(
                {mode, c, flow, &kOperations[next++ % std::size(kOperations)], predicated});
      }
    for (uint32_t c : {0x0009u, 0x0017u, 0x1205u, 0x0503u, 0x1F1Fu, 0xFFFFE0E0u})
      cases.push_back({mode, c, Flow::Whole});
  }
  return cases;
}

// ---- the kernel

std::string shuffles_text(const Case &c) {
  std::string text;
  for (unsigned b = 0; b < kDistances; ++b) {
    text += fmt::format("  shfl.sync.{}.b32 %d|%p, %v, {}, {}, %mask;\n", kModeNames[int(c.mode)],
                        b, c.c);
    if (c.operation)
      text += fmt::format("  mov.b32 %r, %v;\n  {}{} %r, %r, %d;\n", c.predicated ? "@%p " : "",
                          c.operation->name);
    else
      text += "  mov.b32 %r, %d;\n";
    text += fmt::format("  st.global.b32 [%out+{}], %r;\n", 16 * b);
    if (!c.operation)
      text += fmt::format("  selp.b32 %r, 1, 0, %p;\n  st.global.b32 [%out+{}], %r;\n", 16 * b + 8);
  }
  return text;
}

std::string kernel_text(const Case &c, size_t index) {
  std::string text =
      fmt::format(".visible .entry k{}(.param .u64 in, .param .u64 out, .param .u32 rows) {{\n"
                  "  .reg .b32 %t, %lane, %v, %r, %d, %mask;\n  .reg .b64 %in, %out, %at;\n"
                  "  .reg .pred %p, %side;\n"
                  "  mov.u32 %t, %tid.x;\n  and.b32 %lane, %t, 31;\n"
                  "  ld.param.u64 %in, [in];\n  mad.wide.u32 %in, %t, 8, %in;\n"
                  "  ld.param.u64 %out, [out];\n  mad.wide.u32 %out, %t, {}, %out;\n"
                  "  ld.global.b32 %v, [%in];\n",
                  index, 16 * kDistances);
  if (c.flow == Flow::Whole)
    return text + "  mov.b32 %mask, -1;\n" + shuffles_text(c) + "  ret;\n}\n";
  text += fmt::format("  shr.u32 %r, {}, %lane;\n  and.b32 %r, %r, 1;\n"
                      "  setp.eq.u32 %side, %r, 0;\n  @%side bra OTHER;\n  activemask.b32 %mask;\n",
                      kSome);
  text += shuffles_text(c) + "  ret;\nOTHER:\n";
  if (c.flow == Flow::BothSides)
    text += "  activemask.b32 %mask;\n" + shuffles_text(c);
  return text + "  ret;\n}\n";
}

// ---- what the PTX ISA says

/// The source lane; nothing if it is out of range.
std::optional<unsigned> source_lane(Mode mode, int lane, int b, uint32_t c) {
  const int clamp = c & 31, segment = c >> 8 & 31;
  const int low = lane & segment, high = low | (clamp & ~segment);
  int j = 0;
  switch (mode) {
  case Mode::Up:
    j = lane - b;
    return j >= high ? std::optional<unsigned>(j) : std::nullopt;
  case Mode::Down:
    j = lane + b;
    break;
  case Mode::Bfly:
    j = lane ^ b;
    break;
  case Mode::Idx:
    j = low | (b & ~segment);
    break;
  }
  return j <= high ? std::optional<unsigned>(j) : std::nullopt;
}

/// Which of the two sides executes the lane's shuffles; nothing if none does.
std::optional<bool> side_of(Flow flow, unsigned lane) {
  const bool first = flow == Flow::Whole || (kSome >> lane & 1);
  return first || flow == Flow::BothSides ? std::optional(first) : std::nullopt;
}

std::string compare(const Case &c, const std::vector<uint64_t> &in,
                    const std::vector<uint64_t> &out, unsigned &compared) {
  for (unsigned t = 0; t < kThreads; ++t)
    for (unsigned b = 0; b < kDistances; ++b) {
      const unsigned lane = t & 31;
      const auto side = side_of(c.flow, lane);
      const auto source = source_lane(c.mode, int(lane), int(b), c.c);
      const unsigned from = source.value_or(lane);
      if (!side || side_of(c.flow, from) != side)
        continue;
      const auto own = static_cast<uint32_t>(in[t]);
      uint32_t want = static_cast<uint32_t>(in[(t & ~31u) | from]);
      if (c.operation)
        want = c.predicated && !source ? own : c.operation->apply(own, want);
      const uint64_t *got = &out[(t * kDistances + b) * 2];
      const uint64_t predicate = source && !c.operation ? 1 : 0;
      ++compared;
      if (got[0] != want || got[1] != predicate)
        return fmt::format("b={} thread {}: 0x{:x}, predicate {}; expected 0x{:x}, {}", b, t,
                           got[0], got[1], want, predicate);
    }
  return "";
}

std::vector<uint64_t> inputs(bool floats) {
  std::vector<uint64_t> in(kThreads);
  uint32_t x = 0x9E3779B9;
  for (uint64_t &v : in) {
    x = x * 1664525 + 1013904223;
    v = floats ? std::bit_cast<uint32_t>(static_cast<float>(x >> 20)) : x;
  }
  return in;
}

bool run_batch(Device &device, std::span<const Case> cases, const CompileOptions &options,
               unsigned &compared, unsigned &failed) {
  std::string text = ".version 8.0\n.target sm_80\n.address_size 64\n";
  for (size_t i = 0; i < cases.size(); ++i)
    text += kernel_text(cases[i], i);
  if (!load_text(device, text, options))
    return false;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::vector<uint64_t> in = inputs(cases[i].floats());
    std::vector<uint64_t> out(kThreads * kDistances * 2);
    std::string error;
    if (!device.run(fmt::format("k{}", i), in, out, 1, kThreads, error)) {
      fmt::print("FAIL {}: {}\n", cases[i].name(), error);
      return false;
    }
    if (std::string difference = compare(cases[i], in, out, compared); !difference.empty()) {
      fmt::print("FAIL {}: {}\n", cases[i].name(), difference);
      ++failed;
    }
  }
  return true;
}

int run(int argc, char **argv) {
  bool solo = false;
  RunOptions o = read_options(argc, argv, [&](std::string_view a) { return solo = a == "--solo"; });
  CompileOptions &options = o.compile;
  auto device = Device::open(o.hip, options.mcpu);
  if (!device)
    return 1;
  if (solo) {
    options.abi = KernelAbi::Runtime;
    options.warp_mode = WarpMode::Solo;
    device->launch_solo();
  }
  std::vector<Case> cases = all_cases();
  o.choose(cases, [](const Case &c) { return c.name(); });
  unsigned compared = 0, failed = 0;
  constexpr size_t batch = 32;
  for (size_t i = 0; i < cases.size(); i += batch)
    if (!run_batch(*device, std::span(cases).subspan(i, std::min(batch, cases.size() - i)), options,
                   compared, failed))
      return 1;
  fmt::print("shuffles: {} at -O{}: {} kernels of {} shuffles, {} results, {} kernels failed\n",
             options.mcpu, options.opt_level, cases.size(), kDistances, compared, failed);
  return failed || compared == 0 ? 1 : 0;
}

} // namespace

} // namespace w2w::conformance

int main(int argc, char **argv) {
  return w2w::conformance::run(argc, argv);
}
