// Results arrive when they are waited for: a register that is read too early still has its old
// value, and that is reported.
#include "rig.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

struct Count {
  unsigned early = 0, right = 0, other = 0;
  uint64_t hazards = 0;
};
/// Runs the text, which leaves what it read in v9: 77 before, 5 what was loaded.
Count count(const Dialect &d, const std::string &text) {
  Program program(d, text);
  Count c;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    Rig rig(d, seed);
    rig.x() = 5;
    rig.add(program, 0);
    REQUIRE(rig.run());
    uint32_t v9 = rig.v(0, 9);
    ++(v9 == 77 ? c.early : v9 == 5 ? c.right : c.other);
    c.hazards += rig.hazards();
  }
  return c;
}
void check(const std::string &before, const std::string &wait, const std::string &use,
           const std::string &end = "") {
  for (const Dialect &d : dialects()) {
    INFO(d.cpu << ": " << before << wait << use);
    Count with = count(d, before + wait + "\n" + use + end);
    CHECK(with.right == 300);
    CHECK(with.hazards == 0);
    std::string time; // in which the result may come
    for (unsigned k = 0; k < 8; k++)
      time += "s_nop 0\n";
    Count missing = count(d, before + time + use + end);
    CHECK(missing.early > 100);
    CHECK(missing.right > 0); // it may come early
    CHECK(missing.other == 0);
    CHECK(missing.hazards == missing.early);
  }
}

} // namespace

TEST_CASE("vector loads") {
  check("s_movk_i32 s8, 77\nv_mov_b32 v8, s8\nLOAD(v8,v[2:3])\n", "WAITL", "v_mov_b32 v9, v8\n",
        "WAITL");
}

TEST_CASE("LDS loads") {
  check("s_movk_i32 s8, 77\nv_mov_b32 v8, s8\nv_mov_b32 v10, 0\nv_mov_b32 v11, 5\n"
        "ds_write_b32 v10, v11\nds_read_b32 v8, v10\n",
        "WAITD", "v_mov_b32 v9, v8\n", "WAITD");
}

TEST_CASE("scalar loads") {
  check("s_movk_i32 s8, 77\nSLOAD(s8,0x0)\n", "WAITS", "v_mov_b32 v9, s8\n", "WAITS");
}

TEST_CASE("a result that arrives late overwrites what was written meanwhile") {
  for (const Dialect &d : dialects()) {
    Program program(d, "LOAD(v8,v[2:3])\nv_mov_b32 v8, 3\nWAITL\nv_mov_b32 v9, v8");
    unsigned overwritten = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
      Rig rig(d, seed);
      rig.x() = 5;
      rig.add(program, 0);
      REQUIRE(rig.run());
      overwritten += rig.v(0, 9) == 5;
      CHECK((rig.v(0, 9) == 5) == (rig.hazards() > 0));
    }
    CHECK(overwritten > 20);
  }
}

TEST_CASE("waits for some of the loads") {
  // The older of two loads is there after a wait that leaves one outstanding.
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    bool new_names = std::string(d.cpu) == "gfx1201";
    std::string one = new_names ? "s_wait_loadcnt 0x1" : "s_waitcnt vmcnt(1)";
    std::string loads = "s_movk_i32 s8, 77\nv_mov_b32 v8, s8\nv_mov_b32 v10, s8\n"
                        "LOAD(v8,v[2:3])\nLOAD(v10,v[4:5])\n";
    Count older = count(d, loads + one + "\nv_mov_b32 v9, v8\nWAITL");
    CHECK(older.right == 300);
    CHECK(older.hazards == 0);
    Count newer = count(d, loads + one + "\nv_mov_b32 v9, v10\nWAITL");
    CHECK(newer.early > 100);
  }
}

TEST_CASE("stores read their data when they are issued") {
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    Program program(d, "v_mov_b32 v8, 9\nSTORE(v8,v[2:3])\nv_mov_b32 v8, 1\n"
                       "v_mov_b32 v2, 0\nv_mov_b32 v3, 0");
    for (uint64_t seed = 1; seed <= 50; seed++) {
      Rig rig(d, seed);
      rig.add(program, 0);
      REQUIRE(rig.run());
      CHECK(rig.x() == 9);
      CHECK(rig.hazards() == 0);
    }
  }
}
