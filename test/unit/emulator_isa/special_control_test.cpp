// Fork and join, subvector loops, relative registers, barrier states, and encodings that LLVM's
// disassembler does not survive.
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

TESTED_CASE("fork and join run both paths, the smaller first") {
  for (const char *cpu : {"gfx90a", "gfx942"}) {
    Machine m(cpu, 64);
    INFO(cpu);
    m.set(0, {0});
    m.set_s64(40, 7); // three lanes jump
    REQUIRE(m.run("s_getreg_b32 s50, hwreg(HW_REG_MODE, 29, 3)\n"
                  "v_mov_b32 v1, 0\n"
                  "s_mov_b32 s51, 0\n"
                  ">s_cbranch_i_fork s[40:41], 4\n" // to taken
                  "v_add_u32 v0, 100, v0\n"
                  "s_add_u32 s51, s51, 1\n"
                  "s_branch both\n"
                  // taken:
                  "v_add_u32 v0, 1, v0\n"
                  "s_cmp_eq_u32 s51, 0\n"
                  "s_cselect_b32 s52, 1, 0\n"
                  "both:\n"
                  ">s_cbranch_join s50\n"
                  "v_add_u32 v0, 1000, v0\n"));
    CHECK(m.wave.s[52] == 1); // the path of three lanes came before the other
    // The second join goes on with the second path's EXEC: whoever forks keeps the whole one.
    CHECK(m.wave.exec() == ~uint64_t(7));
    m.wave.set_exec(~uint64_t(0));
    for (unsigned l = 0; l < 64; l++)
      CHECK(m.v(0, l) == (l < 3 ? 1u : 1100u));
    m.set_s64(40, 0); // nobody jumps
    m.set(0, {0});
    REQUIRE(m.run("s_getpc_b64 s[42:43]\n"
                  "s_add_u32 s42, s42, 16\n"
                  ">s_cbranch_g_fork s[40:41], s[42:43]\n"
                  "v_mov_b32 v0, 5\n"));
    CHECK(m.v(0, 9) == 5);
  }
}

TESTED_CASE("subvector loops run each half of a wave64") {
  for (const char *cpu : {"gfx1030", "gfx1100"})
    for (uint64_t exec : {~uint64_t(0), uint64_t(0xffffffff), uint64_t(0xf) << 32, uint64_t(0)}) {
      Machine m(cpu, 64);
      m.set(0, {0});
      m.wave.s[8] = 0;
      m.wave.set_exec(exec);
      REQUIRE(m.run(">s_subvector_loop_begin s4, 3\n" // behind its end
                    "v_add_nc_u32 v0, 1, v0\n"
                    "s_add_u32 s8, s8, 1\n"
                    ">s_subvector_loop_end s4, 0xfffd\n")); // to the addition
      CHECK(m.wave.exec() == exec);
      unsigned halves = unsigned((exec & 0xffffffff) != 0) + unsigned(exec >> 32 != 0);
      CHECK(m.wave.s[8] == halves);
      for (unsigned l = 0; l < 64; l++)
        CHECK(m.v(0, l) == (exec >> l & 1));
    }
}

TESTED_CASE("relative registers of both operands") {
  for (const char *cpu : {"gfx1030", "gfx1100", "gfx1201"}) {
    Machine m(cpu, 32);
    m.wave.s[12] = 42;
    m.set(5, {1});
    m.set(8, {2});
    m.wave.set_exec(1);
    REQUIRE(m.run("s_mov_b32 m0, 0x00030002\n>s_movrelsd_2_b32 s20, s10\n>v_swaprel_b32 v5, v3"));
    CHECK(m.wave.s[23] == 42);
    CHECK(m.v(5, 0) == 2);
    CHECK(m.v(8, 0) == 1);
    CHECK(m.v(5, 1) == 1);
    CHECK_FALSE(m.run("s_mov_b32 m0, 0x03ff0000\nv_swaprel_b32 v5, v3"));
    CHECK(m.stop.kind == StopKind::BadRegister);
  }
}

TESTED_CASE("barriers that are none, and a barrier's state") {
  Machine m("gfx1201", 32);
  m.wave.scc = 1;
  REQUIRE(m.run("s_barrier_signal 0\ns_barrier_signal_isfirst 0"));
  CHECK(m.wave.scc == 0);
  CHECK_FALSE(m.run("s_get_barrier_state s7, -1"));
  CHECK(m.stop.kind == StopKind::BarrierState);
  CHECK(m.stop.value == -1);
  CHECK(m.stop.size == 7);
  CHECK(m.wave.pc == 4);
  m.credit();
}

TESTED_CASE("encodings that are no instructions") {
  struct Encoding {
    const char *cpu;
    std::vector<uint32_t> words;
  };
  const Encoding encodings[] = {
      {"gfx90a", {0xd0720aff, 0x048001ad, 0x92a9dc4e, 0x2677a24c}}, // literal as VOP3's result
      {"gfx942", {0xd1010001, 0x000002ff, 0, 0}},                   // literal as its source
      {"gfx90a", {0x7c47e2f9, 0x672240bf, 0, 0}},                   // SDWA, a reserved selection
      {"gfx1201", {0xbe864eff, 0x3f3a3cd8, 0, 0}},                  // a literal as barrier number
  };
  for (const Encoding &e : encodings) {
    std::string error;
    auto cache = DecodeCache::create(e.cpu, e.words.data(), e.words.size() * 4, error);
    REQUIRE(cache);
    Machine m(e.cpu, std::string_view(e.cpu).starts_with("gfx9") ? 64 : 32);
    m.wave.pc = uint64_t(e.words.data());
    StopInfo stop = execute(m.wave, *cache, 10);
    INFO(e.cpu << " " << e.words[0]);
    CHECK(stop.kind == StopKind::UnknownInstruction);
  }
}
