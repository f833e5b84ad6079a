// The checker: each planted bug is found, its right twin is silent.
#include "test/unit/emulator/support.h"

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/line_table.h"
#include "runtime/emulator/check/options.h"
#include "runtime/emulator/check/report.h"
#include "runtime/emulator/check/uninit_rules.h"
#include "runtime/emulator/isa/opcodes.h"

#include <cstdlib>
#include <random>

using namespace w2w::emu;
using namespace w2w::emu::test;
using check::Kind;

namespace {

// Before the first use of the emulator, which reads them once.
const bool g_environment = [] {
  setenv("W2W_CHECK", "memory,race,uninit,barrier", 1);
  setenv("W2W_DEVICE", "emulator:gfx90a+gfx942+gfx1030+gfx1100+gfx1201", 1);
  setenv("W2W_LOG", "off", 0);
  return true;
}();

enum class Data { Zero, Fresh, Freed };

struct Plant {
  const char *kernel;
  Kind kind;
  const char *text;       ///< a part of the report
  Data data = Data::Zero; ///< what the first argument is, with the bug
  uint32_t n = 0;
  Dim grid = {1, 1, 1};
  uint32_t threads = 128;
};

const Plant kPlants[] = {
    {"global_past_end", Kind::Memory, "0 bytes past the end of the 100 bytes", Data::Zero, 100},
    {"reads", Kind::Memory, "use after free", Data::Freed},
    {"lds_past_end",
     Kind::Memory,
     "0 bytes past the end of the 128 bytes of LDS",
     Data::Zero,
     0,
     {1, 1, 1},
     32},
    {"scratch_past_end", Kind::Memory, "of scratch", Data::Zero, 4096},
    {"variable_past_end", Kind::Memory, "past the end of variable 'variable'"},
    {"uninit_branch", Kind::Uninit, "a branch depends", Data::Fresh},
    {"uninit_address", Kind::Uninit, "an address depends", Data::Fresh},
    {"uninit_copy", Kind::Uninit, "a branch depends", Data::Fresh},
    {"uninit_lds", Kind::Uninit, "a branch depends"},
    {"uninit_lds_counter", Kind::Uninit, "an atomic operation depends"},
    {"uninit_scratch", Kind::Uninit, "a branch depends"},
    {"uninit_register", Kind::Uninit, "a branch depends"},
    {"lds_race", Kind::Race, "4 bytes of LDS at offset"},
    {"global_race", Kind::Race, "write of 4 bytes of global memory", Data::Zero, 0, {4, 1, 1}},
    {"one_place", Kind::Race, "threads of one wave write different values"},
    {"missing_atomic", Kind::Race, "global memory", Data::Zero, 0, {4, 1, 1}},
    {"message", Kind::Race, "global memory", Data::Zero, 0, {2, 1, 1}},
    {"last_block", Kind::Race, "global memory", Data::Zero, 0, {4, 1, 1}},
    {"divergent_barrier", Kind::Barrier, "divergent barrier"},
    {"wave_leaves", Kind::Barrier, "exit before a barrier"},
};

constexpr uint32_t kWords = 1024;

/// Runs the kernel and returns what was reported; the device is usable afterwards.
std::vector<check::Report> run(const Target &target, const Plant &plant, uint32_t bug, Data data) {
  (void)check::take_reports();
  Kernels kernels(target.device, std::string("check-") + target.gfx);
  size_t bytes = plant.n && plant.kind == Kind::Memory && plant.n < 1024 ? plant.n : kWords * 4;
  void *p = nullptr;
  HIP_OK(hipMalloc(&p, bytes));
  if (data != Data::Fresh)
    HIP_OK(hipMemset(p, 0, bytes));
  Words out(kWords);
  void *argument = p;
  if (data == Data::Freed)
    HIP_OK(hipFree(p));
  HIP_OK(launch(kernels[plant.kernel], plant.grid, {plant.threads, 1, 1}, plant.threads * 4,
                nullptr, argument, out.pointer, plant.n, bug));
  hipError_t result = hipDeviceSynchronize();
  std::vector<check::Report> reports = check::take_reports();
  bool memory = !reports.empty() && reports.front().kind == Kind::Memory;
  CHECK(std::string(hipGetErrorName(result)) == (memory ? "hipErrorIllegalAddress" : "hipSuccess"));
  if (result != hipSuccess)
    HIP_OK(hipDeviceReset());
  else if (data != Data::Freed)
    HIP_OK(hipFree(p));
  return reports;
}

} // namespace

TEST_CASE("every planted bug is found, and only it; the right twin is silent") {
  for (const Target &target : kTargets)
    for (const Plant &plant : kPlants) {
      INFO(target.gfx << ": " << plant.kernel);
      auto found = run(target, plant, 1, plant.data);
      for (const check::Report &report : found) {
        INFO(report.text);
        CHECK(report.kind == plant.kind);
      }
      REQUIRE(!found.empty());
      INFO(found.front().text);
      CHECK(found.front().text.find(plant.text) != std::string::npos);
      CHECK(found.front().text.find(std::string("kernel '") + plant.kernel + "'") !=
            std::string::npos);
      CHECK(found.front().text.find("check_kernels.hip:") != std::string::npos);
      CHECK(found.front().text.find("block (") != std::string::npos);
      for (const check::Report &report : run(target, plant, 0, Data::Zero))
        FAIL_CHECK(report.text);
    }
}

TEST_CASE("what is allowed is silent") {
  for (const Target &target : kTargets)
    for (const Plant &plant :
         {Plant{"same_value", Kind::Race, "", Data::Zero, 0, {4, 1, 1}},
          Plant{"lds_backwards", Kind::Memory, ""}, Plant{"lanes_leave", Kind::Barrier, ""},
          Plant{"uninit_copy", Kind::Uninit, "", Data::Fresh}}) {
      INFO(target.gfx << ": " << plant.kernel);
      for (const check::Report &report : run(target, plant, 0, plant.data))
        FAIL_CHECK(report.text);
    }
}

TEST_CASE("words of W2W_CHECK") {
  check::Options options;
  std::string error;
  REQUIRE(check::parse_options("race,limit=3,,uninit", options, error));
  CHECK(options.race);
  CHECK(options.uninit);
  CHECK_FALSE(options.memory);
  CHECK(options.limit == 3);
  CHECK_FALSE(check::Options().any());
  REQUIRE_FALSE(check::parse_options("memory,races", options, error));
  CHECK(error == "W2W_CHECK=memory,races: 'races' is no check; there are memory, race, uninit, "
                 "barrier, and limit=N");
  CHECK_FALSE(check::parse_options("limit=", options, error));
  CHECK_FALSE(check::parse_options("limit=1x", options, error));
}

TEST_CASE("blocks: neighbours, freed memory, variables") {
  check::Blocks blocks;
  bool freed = false;
  blocks.enter(0x10000000, 100, check::BlockKind::Device);
  CHECK(blocks.find(0x10000063));
  CHECK_FALSE(blocks.find(0x10000064));
  CHECK(blocks.describe(0x10000070, freed) ==
        "12 bytes past the end of the 100 bytes allocated at 0x10000000 (hipMalloc #1)");
  CHECK(blocks.describe(0xffffff8, freed) ==
        "8 bytes before the 100 bytes allocated at 0x10000000 (hipMalloc #1)");
  CHECK(blocks.describe(16, freed) == "a null pointer");
  blocks.leave(0x10000000, true);
  CHECK(blocks.describe(0x10000004, freed).find("which were freed") != std::string::npos);
  CHECK(freed);
  blocks.enter(0x10000000, 50, check::BlockKind::Device);
  (void)blocks.describe(0x10000004, freed);
  CHECK_FALSE(freed);
  blocks.enter_code_object(0x20000, 0x1000, {{0x20100, 0x20200}},
                           {{0x20100, 0x2010c, "a"}, {0x20180, 0x20184, "b"}});
  auto object = blocks.find(0x20000);
  CHECK(object->permits(0x20000, 16));
  CHECK(object->permits(0x20108, 4));
  CHECK_FALSE(object->permits(0x20108, 8));
  CHECK_FALSE(object->permits(0x20140, 4));
  CHECK_FALSE(object->permits(0x200fc, 8));
  CHECK(object->permits(0x20200, 4));
}

TEST_CASE("line tables: damaged ones do no harm") {
  std::vector<uint8_t> image = read_file(std::string(KERNELS) + "check-gfx942.co");
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    size_t at = random() % image.size(), n = std::min<size_t>(random() % 600, image.size() - at);
    std::vector<uint8_t> part(image.begin() + static_cast<ptrdiff_t>(at),
                              image.begin() + static_cast<ptrdiff_t>(at + n));
    if (part.size() > 16) { // a plausible header, so that the rest is looked at
      part[0] = static_cast<uint8_t>(part.size() - 4);
      part[1] = static_cast<uint8_t>((part.size() - 4) >> 8);
      part[2] = part[3] = part[5] = part[7] = 0;
      part[4] = 5;
      part[6] = 8;
      part[8] = static_cast<uint8_t>(random() % part.size());
      part[9] = part[10] = part[11] = 0;
    }
    check::LineTable table(part, part, part);
    (void)table.find(random());
  }
}

TEST_CASE("undefined bits: rules against all values of what is undefined") {
  // With every choice of the undefined bits, bits that count as defined must not change.
  using check::Bits;
  using check::Rule;
  std::mt19937 random(11);
  struct Case {
    Rule rule;
    uint32_t (*f)(uint32_t, uint32_t, uint32_t);
  };
  const Case cases[] = {
      {Rule::And, [](uint32_t a, uint32_t b, uint32_t) { return a & b; }},
      {Rule::Andn2, [](uint32_t a, uint32_t b, uint32_t) { return a & ~b; }},
      {Rule::Or, [](uint32_t a, uint32_t b, uint32_t) { return a | b; }},
      {Rule::Orn1, [](uint32_t a, uint32_t b, uint32_t) { return ~a | b; }},
      {Rule::Xor, [](uint32_t a, uint32_t b, uint32_t) { return a ^ b; }},
      {Rule::AndOr, [](uint32_t a, uint32_t b, uint32_t c) { return (a & b) | c; }},
      {Rule::Or3, [](uint32_t a, uint32_t b, uint32_t c) { return a | b | c; }},
      {Rule::Bfi, [](uint32_t a, uint32_t b, uint32_t c) { return (a & b) | (~a & c); }},
      {Rule::Carry, [](uint32_t a, uint32_t b, uint32_t c) { return a + b + c; }},
      {Rule::Carry, [](uint32_t a, uint32_t b, uint32_t c) { return a * b - c; }},
      {Rule::ShiftLeft, [](uint32_t a, uint32_t b, uint32_t) { return a << (b & 31); }},
      {Rule::ShiftRightRev, [](uint32_t a, uint32_t b, uint32_t) { return b >> (a & 31); }},
      {Rule::ShiftRightSigned,
       [](uint32_t a, uint32_t b, uint32_t) {
         return static_cast<uint32_t>(static_cast<int32_t>(a) >> (b & 31));
       }},
      {Rule::AlignBit,
       [](uint32_t a, uint32_t b, uint32_t c) {
         return static_cast<uint32_t>((uint64_t{a} << 32 | b) >> (c & 31));
       }},
      {Rule::BfeUnsigned,
       [](uint32_t a, uint32_t b, uint32_t c) {
         return c & 31 ? a >> (b & 31) & ((1u << (c & 31)) - 1) : 0;
       }},
  };
  for (const Case &c : cases)
    for (int trial = 0; trial < 2000; ++trial) {
      Bits s[3];
      for (Bits &x : s) {
        x.value = static_cast<uint32_t>(random());
        x.undefined = random() % 2 ? 0 : static_cast<uint32_t>(random() & random() & random());
      }
      auto out = static_cast<uint32_t>(check::apply(c.rule, s[0], s[1], s[2], 32));
      auto value = [&](int k, uint32_t r) {
        auto u = static_cast<uint32_t>(s[k].undefined);
        return (static_cast<uint32_t>(s[k].value) & ~u) | (r & u);
      };
      uint32_t first = c.f(value(0, 0), value(1, 0), value(2, 0));
      for (int choice = 0; choice < 8; ++choice) {
        auto r = [&] { return static_cast<uint32_t>(random()); };
        uint32_t other = c.f(value(0, r()), value(1, r()), value(2, r()));
        if ((first ^ other) & ~out)
          FAIL("rule " << static_cast<int>(c.rule) << " trial " << trial);
      }
    }
  const isa::Opcode *less = isa::find_opcode("v_cmp_lt_i32", 9);
  REQUIRE(less);
  CHECK_FALSE(check::comparison_undefined(*less, {0x80000000u, 0xff}, {5, 0})); // negative anyway
  CHECK(check::comparison_undefined(*less, {0, 0xff}, {5, 0}));
  const isa::Opcode *equal = isa::find_opcode("s_cmp_eq_u32", 9);
  REQUIRE(equal);
  CHECK_FALSE(check::comparison_undefined(*equal, {0x100, 0xff}, {5, 0}));
  CHECK(check::comparison_undefined(*equal, {0, 0xff}, {5, 0}));
}
