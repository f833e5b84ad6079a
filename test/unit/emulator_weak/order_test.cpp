// Litmus tests of two to four waves on the model: with the instructions that AMD documents for a
// pattern its forbidden outcome is never seen, without one of them it is.
#include "rig.h"

#include <catch2/catch.hpp>
#include <functional>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

constexpr unsigned kRuns = 600;

struct Litmus {
  std::vector<std::string> waves;
  std::vector<unsigned> groups; ///< of each wave; empty: each its own
  std::function<bool(Rig &)> weak;
  bool split = false;
};

/// In how many of kRuns runs the weak outcome is seen.
unsigned seen(const Dialect &d, const Litmus &t, unsigned runs = kRuns) {
  std::vector<std::unique_ptr<Program>> programs;
  for (const std::string &w : t.waves)
    programs.push_back(std::make_unique<Program>(d, w));
  unsigned count = 0;
  for (uint64_t seed = 1; seed <= runs; seed++) {
    Rig rig(d, seed, t.split);
    for (size_t k = 0; k < programs.size(); k++)
      rig.add(*programs[k], t.groups.empty() ? unsigned(k) : t.groups[k]);
    REQUIRE(rig.run());
    count += t.weak(rig);
  }
  return count;
}

std::string without(std::string text, const std::string &word) {
  size_t at = text.find(word);
  REQUIRE(at != text.npos);
  return text.erase(at, word.size());
}

const std::string kMpWriter = "STORE(v6,v[2:3])\nRELEASE\nSTOREA(v6,v[4:5])";
/// Has an old x in its caches when it begins to wait for y.
const std::string kMpReader = "LOAD(v9,v[2:3])\nWAITL\n"
                              "spin:\nLOADA(v7,v[4:5])\nWAITL\n"
                              "v_readfirstlane_b32 s0, v7\ns_cmp_eq_u32 s0, 0\n"
                              "s_cbranch_scc1 spin\n"
                              "ACQUIRE\nLOAD(v8,v[2:3])\nWAITL";
bool read_old(Rig &r) {
  return r.v(1, 8) == 0;
}

} // namespace

TEST_CASE("message passing between workgroups") {
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    CHECK(seen(d, {{kMpWriter, kMpReader}, {}, read_old}) == 0);
    CHECK(seen(d, {{without(kMpWriter, "RELEASE"), kMpReader}, {}, read_old}) > 0);
    CHECK(seen(d, {{kMpWriter, without(kMpReader, "ACQUIRE")}, {}, read_old}) > kRuns / 20);
  }
}

TEST_CASE("gfx942: L2 caches of different XCDs are not coherent") {
  const Dialect &d = dialects()[1];
  // The store is complete in its own L2; without write-back or sc1, nobody else sees it.
  std::string waits = "STORE(v6,v[2:3])\nWAITL\nSTOREA(v6,v[4:5])";
  CHECK(seen(d, {{waits, kMpReader}, {}, read_old}) > kRuns / 20);
  std::string through = "STOREA(v6,v[2:3])\nWAITL\nSTOREA(v6,v[4:5])";
  CHECK(seen(d, {{through, kMpReader}, {}, read_old}) == 0);
  // buffer_inv sc0 empties the L1 alone.
  std::string reader = kMpReader;
  reader.replace(reader.find("ACQUIRE"), 7, "buffer_inv sc0");
  CHECK(seen(d, {{kMpWriter, reader}, {}, read_old}) > kRuns / 20);
}

TEST_CASE("RDNA: the two L0 caches of a work-group processor") {
  for (const Dialect &d : dialects()) {
    if (std::string(d.cpu).starts_with("gfx9"))
      continue;
    INFO(d.cpu);
    bool scopes = std::string(d.cpu) == "gfx1201";
    std::string bypass = scopes ? " scope:SCOPE_SE" : " glc";
    std::string load = std::string(d.load).substr(0, std::string(d.load).find(' '));
    std::string reader = kMpReader;
    reader.replace(reader.find("LOADA(v7,v[4:5])"), 16, load + " v7, v[4:5], off" + bypass);
    std::string acquire = scopes ? "global_inv scope:SCOPE_SE" : "buffer_gl0_inv";
    std::string right = reader;
    right.replace(right.find("ACQUIRE"), 7, acquire);
    // Workgroup scope in WGP mode; two waves of one workgroup.
    CHECK(seen(d, {{kMpWriter, right}, {0, 0}, read_old, true}) == 0);
    CHECK(seen(d, {{kMpWriter, without(reader, "ACQUIRE")}, {0, 0}, read_old, true}) > 0);
    CHECK(seen(d, {{without(kMpWriter, "RELEASE"), right}, {0, 0}, read_old, true}) > 0);
    // CU mode: one L0, in order.
    CHECK(
        seen(d, {{without(kMpWriter, "RELEASE"), without(reader, "ACQUIRE")}, {0, 0}, read_old}) ==
        0);
  }
}

TEST_CASE("GFX9: the waves of a workgroup share an L1 that is in order") {
  for (unsigned k = 0; k < 2; k++) {
    const Dialect &d = dialects()[k];
    INFO(d.cpu);
    std::string reader = without(kMpReader, "ACQUIRE");
    reader.replace(reader.find("LOADA(v7"), 8, "LOAD(v7");
    Litmus same{{"STORE(v6,v[2:3])\nSTORE(v6,v[4:5])", reader}, {0, 0}, read_old};
    CHECK(seen(d, same) == 0);
  }
}

TEST_CASE("store buffering") {
  std::string a = "STOREA(v6,v[2:3])\nRELEASE\nLOADA(v8,v[4:5])\nWAITL",
              b = "STOREA(v6,v[4:5])\nRELEASE\nLOADA(v8,v[2:3])\nWAITL";
  auto both_old = [](Rig &r) { return r.v(0, 8) == 0 && r.v(1, 8) == 0; };
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    CHECK(seen(d, {{a, b}, {}, both_old}) == 0);
    CHECK(seen(d, {{without(a, "RELEASE"), without(b, "RELEASE")}, {}, both_old}, 1500) > 0);
  }
}

TEST_CASE("load buffering") {
  std::string a = "LOADA(v8,v[2:3])\nRELEASE\nSTOREA(v6,v[4:5])\nWAITL",
              b = "LOADA(v8,v[4:5])\nRELEASE\nSTOREA(v6,v[2:3])\nWAITL";
  auto both_new = [](Rig &r) { return r.v(0, 8) == 1 && r.v(1, 8) == 1; };
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    CHECK(seen(d, {{a, b}, {}, both_new}) == 0);
    CHECK(seen(d, {{without(a, "RELEASE"), without(b, "RELEASE")}, {}, both_new}, 4000) > 0);
  }
}

TEST_CASE("independent reads of independent writes") {
  std::string time; // the readers' loads are under way while the stores come
  for (unsigned k = 0; k < 10; k++)
    time += "s_nop 0\n";
  std::string x = time + "STOREA(v6,v[2:3])", y = time + "STOREA(v6,v[4:5])";
  std::string a = "LOADA(v8,v[2:3])\nWAITL\nLOADA(v9,v[4:5])\n" + time + time + "WAITL",
              b = "LOADA(v8,v[4:5])\nWAITL\nLOADA(v9,v[2:3])\n" + time + time + "WAITL";
  auto weak = [](Rig &r) {
    return r.v(2, 8) == 1 && r.v(2, 9) == 0 && r.v(3, 8) == 1 && r.v(3, 9) == 0;
  };
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    CHECK(seen(d, {{x, y, a, b}, {}, weak}, 1000) == 0);
    CHECK(seen(d, {{x, y, without(a, "WAITL"), without(b, "WAITL")}, {}, weak}, 4000) > 0);
  }
}

TEST_CASE("coherence of one location") {
  std::string writer = "v_mov_b32 v7, 2\nSTOREA(v6,v[2:3])\nSTOREA(v7,v[2:3])";
  std::string reader = "LOADA(v8,v[2:3])\nLOADA(v9,v[2:3])\nWAITL";
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    auto backwards = [](Rig &r) {
      return r.v(1, 9) < r.v(1, 8) || r.v(2, 9) < r.v(2, 8) || r.x() != 2;
    };
    CHECK(seen(d, {{writer, reader, reader}, {}, backwards}) == 0);
    CHECK(seen(d, {{writer, reader, reader}, {0, 0, 1}, backwards}) == 0);
    // A wave sees its own stores, in order.
    std::string own = "v_mov_b32 v7, 2\nLOAD(v9,v[2:3])\nSTORE(v6,v[2:3])\nLOAD(v8,v[2:3])\n"
                      "STORE(v7,v[2:3])\nLOAD(v10,v[2:3])\nWAITL";
    auto wrong = [](Rig &r) { return r.v(0, 9) != 0 || r.v(0, 8) != 1 || r.v(0, 10) != 2; };
    CHECK(seen(d, {{own}, {}, wrong}) == 0);
  }
}

TEST_CASE("atomics are indivisible and happen once") {
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    std::string name =
        std::string(d.lanes == 32 && std::string(d.cpu) != "gfx1030" ? "global_atomic_add_u32"
                                                                     : "global_atomic_add");
    std::string add = name + " v[2:3], v6, off\n";
    auto wrong = [](Rig &r) { return r.x() != 9; };
    CHECK(seen(d, {{add + add + add, add + add + add, add + add + add}, {}, wrong}) == 0);
  }
}

TEST_CASE("scalar loads see old values until s_dcache_inv") {
  std::string wait = "spin:\nLOADA(v7,v[4:5])\nWAITL\nv_readfirstlane_b32 s0, v7\n"
                     "s_cmp_eq_u32 s0, 0\ns_cbranch_scc1 spin\nACQUIRE\n";
  std::string load = "SLOAD(s8,0x0)\nWAITS\n";
  auto old = [](Rig &r) { return r.s(1, 8) == 0; };
  for (const Dialect &d : dialects()) {
    INFO(d.cpu);
    CHECK(seen(d, {{kMpWriter, load + wait + load}, {}, old}) > kRuns / 20);
    CHECK(seen(d, {{kMpWriter, load + wait + "s_dcache_inv\n" + load}, {}, old}) == 0);
  }
}
