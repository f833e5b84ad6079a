// Chains of shuffles on the emulator against PTX ISA 9.7.9.6, step by step: scans, down trees and
// butterflies as programs write them, and chains that are nearly such; also with redux.sync, with a
// source lane that is known at run time, the same for all, and with a thread's place in a ballot.
// The steps apply under the shuffle's predicate, a comparison of the lane, a select or a branch; in
// whole and partial warps; the result is wanted in all lanes or in some.
//   shuffle_chains --mcpu=gfx942 [-O0|-O3] [--filter=TEXT] [--sample=N] [--hip=LIBRARY]
// Exit status 0: all results are right, bit by bit. What comes of a thread that does not execute
// the shuffle is undefined and not compared.
#include "test/conformance/device.h"
#include "test/conformance/run_options.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <vector>

namespace w2w::conformance {

namespace {

constexpr unsigned kThreads = 96; // three warps: on wave64 two share a wave, one stands alone

struct Operation {
  const char *name; // PTX
  uint32_t (*apply)(uint32_t, uint32_t);
  bool in_redux = true;
};
constexpr Operation kOperations[] = {
    {"add.u32", [](uint32_t a, uint32_t b) { return a + b; }},
    {"add.f32",
     [](uint32_t a, uint32_t b) {
       return std::bit_cast<uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
     },
     false},
    {"max.u32", [](uint32_t a, uint32_t b) { return std::max(a, b); }},
    {"min.s32", [](uint32_t a, uint32_t b) { return int32_t(a) < int32_t(b) ? a : b; }},
    {"xor.b32", [](uint32_t a, uint32_t b) { return a ^ b; }},
    {"and.b32", [](uint32_t a, uint32_t b) { return a & b; }},
    {"or.b32", [](uint32_t a, uint32_t b) { return a | b; }},
    {"mul.lo.u32", [](uint32_t a, uint32_t b) { return a * b; }, false},
};

/// In which lanes a step applies: all; those of the predicate; those from `least` on.
enum class Form { All, Predicate, Lane, Select, Branch };
constexpr const char *kForms[] = {"all", "predicate", "lane", "select", "branch"};

struct Step {
  const char *mode; // of shfl.sync, or redux, or place
  unsigned b, c, least;
  Form form;
  const Operation *operation;
  bool kept = false; // its result is stored as well
};

struct Chain {
  std::string name;
  std::vector<Step> steps;
  uint32_t present = ~0u, wanted = ~0u; // lanes that run the chain, lanes that store
  bool row = false;                     // the lane's number is that of the thread in its row

  bool floats() const {
    return std::ranges::any_of(
        steps, [](const Step &s) { return std::string_view(s.operation->name) == "add.f32"; });
  }
};

std::vector<Chain> all_chains() {
  std::vector<Chain> chains;
  const std::vector<unsigned> up{1, 2, 4, 8, 16}, down{16, 8, 4, 2, 1};
  auto add = [&](std::string name, const char *mode, const std::vector<unsigned> &by, unsigned c,
                 Form form, const Operation &operation) -> Chain & {
    Chain &chain = chains.emplace_back();
    chain.name = fmt::format("{} {} {}", name, operation.name, kForms[int(form)]);
    for (unsigned b : by)
      chain.steps.push_back({mode, b, c, b, form, &operation});
    chain.row = chains.size() % 2;
    return chain;
  };
  for (const Operation &operation : kOperations)
    for (Form form : {Form::Predicate, Form::Lane, Form::Select, Form::Branch}) {
      add("scan", "up", up, 0, form, operation);
      add("scan of the first lanes", "up", up, 0, form, operation).present = 0x000FFFFF;
      add("scan in some lanes", "up", up, 0, form, operation).present = 0xB59D36FF;
      add("scan, upper lanes stored", "up", up, 0, form, operation).wanted = 0xFFF00000;
      add("scan from far to near", "up", down, 0, form, operation);
      add("scan of 16", "up", {1, 2, 4, 8}, 0x1000, form, operation);
      add("scan without a step", "up", {1, 2, 4, 16}, 0, form, operation);
      add("scan, a lane later", "up", up, 0, form, operation).steps[2].least = 5;
      add("scan with a use between", "up", up, 0, form, operation).steps[3].kept = true;
      Chain &two = add("scan of two operations", "up", up, 0, form, operation);
      two.steps[4].operation = &kOperations[&operation == kOperations ? 2 : 0];
    }
  for (const Operation &operation : kOperations)
    for (const auto &by : {down, up}) {
      add("down tree", "down", by, 31, Form::All, operation);
      add("down tree to lane 0", "down", by, 31, Form::All, operation).wanted = 1;
      add("down tree to four lanes", "down", by, 31, Form::All, operation).wanted = 0x00010013;
      add("butterfly", "bfly", by, 31, Form::All, operation);
      add("butterfly to one lane", "bfly", by, 31, Form::All, operation).wanted = 1u << 21;
      add("butterfly in some lanes", "bfly", by, 31, Form::All, operation).present = 0xFF00FFFF;
      add("butterfly of 8", "bfly", {4, 2, 1}, 0x181F, Form::All, operation).present = 0x00FF00FF;
    }
  for (const Operation &operation : kOperations)
    for (uint32_t present : {~0u, 0x000FFFFFu, 0xB59D36E3u, 0x00000010u}) {
      for (unsigned from : {4u, 23u})
        add("broadcast", "idx", {from}, 31, Form::All, operation).present = present;
      add("place", "place", {0, 0}, 0, Form::All, operation).present = present;
      if (operation.in_redux)
        add("redux", "redux", {0, 0}, 0, Form::All, operation).present = present;
    }
  return chains;
}

// ---- the kernel: each thread stores the chain's result and what is kept

std::string kernel_text(const Chain &chain, size_t index) {
  std::string text = fmt::format(
      ".visible .entry k{}(.param .u64 in, .param .u64 out, .param .u32 rows)\n"
      "  .reqntid {} {{\n"
      "  .reg .b32 %t, %lane, %v, %r, %d, %kept;\n  .reg .b64 %in, %out;\n"
      "  .reg .pred %p, %q;\n"
      "  mov.u32 %t, %tid.x;\n  {}\n"
      "  ld.param.u64 %in, [in];\n  mad.wide.u32 %in, %t, 8, %in;\n"
      "  ld.param.u64 %out, [out];\n  mad.wide.u32 %out, %t, 16, %out;\n"
      "  ld.global.b32 %v, [%in];\n  mov.b32 %kept, 0;\n",
      index, kThreads, chain.row ? "and.b32 %lane, %t, 31;" : "mov.u32 %lane, %laneid;");
  auto leave_unless = [&](uint32_t lanes) {
    if (lanes != ~0u)
      text += fmt::format("  shr.u32 %r, {}, %lane;\n  and.b32 %r, %r, 1;\n"
                          "  setp.eq.u32 %p, %r, 0;\n  @%p ret;\n",
                          lanes);
  };
  leave_unless(chain.present);
  unsigned label = 0;
  for (const Step &step : chain.steps) {
    const char *name = step.operation->name;
    const std::string_view mode = step.mode;
    if (mode == "redux")
      text += fmt::format("  redux.sync.{} %d, %v, {};\n", name, chain.present);
    else if (mode == "place") // among the lanes with a negative value
      text += fmt::format("  setp.lt.s32 %p, %v, 0;\n  vote.sync.ballot.b32 %d, %p, {};\n  {}\n"
                          "  and.b32 %d, %d, %r;\n  popc.b32 %d, %d;\n",
                          chain.present,
                          chain.row ? "shl.b32 %r, 1, %lane;\n  sub.u32 %r, %r, 1;"
                                    : "mov.u32 %r, %lanemask_lt;");
    else if (mode == "idx") // the parameter's bits are all ones
      text += fmt::format("  ld.param.u32 %r, [rows];\n  and.b32 %r, %r, {};\n"
                          "  shfl.sync.idx.b32 %d|%p, %v, %r, {}, {};\n",
                          step.b, step.c, chain.present);
    else
      text += fmt::format("  shfl.sync.{}.b32 %d|%p, %v, {}, {}, {};\n", mode, step.b, step.c,
                          chain.present);
    text += fmt::format("  setp.ge.u32 %q, %lane, {};\n", step.least);
    switch (step.form) {
    case Form::All:
      text += fmt::format("  {} %v, %v, %d;\n", name);
      break;
    case Form::Predicate:
      text += fmt::format("  @%p {} %v, %v, %d;\n", name);
      break;
    case Form::Lane:
      text += fmt::format("  @%q {} %v, %v, %d;\n", name);
      break;
    case Form::Select:
      text += fmt::format("  {} %r, %d, %v;\n  selp.b32 %v, %r, %v, %q;\n", name);
      break;
    case Form::Branch:
      text += fmt::format("  @!%q bra L{0};\n  {1} %v, %v, %d;\nL{0}:\n", label++, name);
      break;
    }
    if (step.kept)
      text += "  mov.b32 %kept, %v;\n";
  }
  leave_unless(chain.wanted);
  return text + "  st.global.b32 [%out], %v;\n  st.global.b32 [%out+8], %kept;\n  ret;\n}\n";
}

// ---- what the PTX ISA says

using Values = std::vector<std::optional<uint32_t>>; // by thread; nothing: undefined

/// The source lane of shfl.sync and whether it is in range.
std::pair<unsigned, bool> source_of(const Step &step, unsigned lane) {
  const unsigned segment = step.c >> 8 & 31, low = lane & segment;
  const unsigned high = low | (step.c & ~segment & 31);
  const std::string_view mode = step.mode;
  const int from = mode == "idx"    ? int(step.b)
                   : mode == "up"   ? int(lane) - int(step.b)
                   : mode == "down" ? int(lane + step.b)
                                    : int(lane ^ step.b);
  const bool valid = mode == "up" ? from >= int(high) : from <= int(high);
  return {valid ? unsigned(from) : lane, valid};
}

/// What redux.sync gives the threads of a warp that execute it; nothing where a value of theirs is
/// undefined.
std::optional<uint32_t> reduction(const Step &step, const Values &values, uint32_t present,
                                  unsigned warp) {
  std::optional<uint32_t> result;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(present >> lane & 1))
      continue;
    const auto value = values[warp + lane];
    if (!value)
      return std::nullopt;
    result = result ? step.operation->apply(*result, *value) : *value;
  }
  return result;
}

/// How many lower lanes of the thread's warp that execute have a negative value.
std::optional<uint32_t> place(const Values &values, uint32_t present, unsigned thread) {
  uint32_t count = 0;
  for (unsigned t = thread & ~31u; t < thread; ++t) {
    if (!(present >> (t & 31) & 1))
      continue;
    if (!values[t])
      return std::nullopt;
    count += *values[t] >> 31;
  }
  return count;
}

Values after(const Step &step, const Values &values, uint32_t present) {
  Values result = values;
  for (unsigned t = 0; t < kThreads; ++t) {
    const unsigned lane = t & 31;
    const auto [from, valid] = source_of(step, lane);
    const std::string_view mode = step.mode;
    const auto moved = mode == "redux"   ? reduction(step, values, present, t & ~31u)
                       : mode == "place" ? place(values, present, t)
                                         : values[(t & ~31u) | from];
    const bool applies =
        step.form == Form::All || (step.form == Form::Predicate ? valid : lane >= step.least);
    if (values[t] && applies)
      result[t] = moved ? std::optional(step.operation->apply(*values[t], *moved)) : std::nullopt;
  }
  return result;
}

std::string compare(const Chain &chain, const std::vector<uint64_t> &in,
                    const std::vector<uint64_t> &out, unsigned &compared) {
  Values values(kThreads), kept(kThreads, 0);
  for (unsigned t = 0; t < kThreads; ++t)
    if (chain.present >> (t & 31) & 1)
      values[t] = static_cast<uint32_t>(in[t]);
  for (const Step &step : chain.steps) {
    values = after(step, values, chain.present);
    if (step.kept)
      kept = values;
  }
  for (unsigned t = 0; t < kThreads; ++t) {
    const bool stored = chain.present >> (t & 31) & chain.wanted >> (t & 31) & 1;
    const std::optional<uint32_t> wanted[] = {stored ? values[t] : 0, stored ? kept[t] : 0};
    for (unsigned i = 0; i < 2; ++i) {
      if (!wanted[i])
        continue;
      ++compared;
      if (out[2 * t + i] != *wanted[i])
        return fmt::format("thread {}, result {}: 0x{:x}; expected 0x{:x}", t, i, out[2 * t + i],
                           *wanted[i]);
    }
  }
  return "";
}

/// Floats of many magnitudes: another order of the additions gives other sums. Some are -0 or
/// subnormal.
std::vector<uint64_t> inputs(bool floats) {
  std::vector<uint64_t> in(kThreads);
  uint32_t x = 0x9E3779B9;
  for (uint64_t &v : in) {
    x = x * 1664525 + 1013904223;
    v = x;
    if (floats)
      v = x >> 28 == 0 ? (x >> 12 & 0x800000FFu)
                       : std::bit_cast<uint32_t>(std::bit_cast<float>(0x3F800000 | x >> 9) *
                                                 static_cast<float>(1u << (x >> 4 & 15)));
  }
  for (unsigned t = 32; floats && t < 40; ++t)
    in[t] = 0x80000000;
  return in;
}

int run(int argc, char **argv) {
  const RunOptions o = read_options(argc, argv);
  auto device = Device::open(o.hip, o.compile.mcpu);
  if (!device)
    return 1;
  std::vector<Chain> chains = all_chains();
  o.choose(chains, [](const Chain &chain) -> std::string_view { return chain.name; });
  std::string text = ".version 8.0\n.target sm_80\n.address_size 64\n";
  for (size_t i = 0; i < chains.size(); ++i)
    text += kernel_text(chains[i], i);
  if (!load_text(*device, text, o.compile))
    return 1;
  unsigned compared = 0, failed = 0;
  for (size_t i = 0; i < chains.size(); ++i) {
    const std::vector<uint64_t> in = inputs(chains[i].floats());
    std::vector<uint64_t> out(kThreads * 2);
    std::string error;
    if (device->run(fmt::format("k{}", i), in, out, 1, kThreads, error))
      error = compare(chains[i], in, out, compared);
    if (!error.empty()) {
      fmt::print("FAIL k{}, {}: {}\n", i, chains[i].name, error);
      ++failed;
    }
  }
  fmt::print("shuffle_chains: {} at -O{}: {} chains, {} results, {} chains failed\n",
             o.compile.mcpu, o.compile.opt_level, chains.size(), compared, failed);
  return failed || compared == 0 ? 1 : 0;
}

} // namespace

} // namespace w2w::conformance

int main(int argc, char **argv) {
  return w2w::conformance::run(argc, argv);
}
