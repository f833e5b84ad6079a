// Counters against counts made by hand, on code that is written here; what W2W_TRACE may say.
#include "assembler.h"
#include "machine.h"

#include "runtime/emulator/insight/counters.h"
#include "runtime/emulator/insight/trace.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

Counters count(Machine &m, const std::string &text) {
  std::vector<uint8_t> code = assemble(m.cpu, m.lanes, text + "\ns_endpgm\n");
  REQUIRE(!code.empty());
  std::string error;
  auto cache = DecodeCache::create(m.cpu, code.data(), code.size(), error, Watch::Yes);
  REQUIRE(cache);
  Counters result;
  GroupCounter counter(1, [&](const Counters &c) { result = c; });
  counter.group_started(m.group);
  counter.wave_started(m.wave);
  m.group.observer = &counter;
  m.wave.pc = uint64_t(code.data());
  m.wave.instructions = 0;
  StopInfo stop = execute(m.wave, *cache, 1000);
  INFO(stop.text);
  REQUIRE(stop.kind == StopKind::EndProgram);
  counter.wave_ended(m.wave);
  counter.group_ended();
  return result;
}
uint64_t of(const Counters &c, InstClass k) {
  return c.instructions[unsigned(k)];
}

} // namespace

TEST_CASE("instructions by class") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << model.lanes);
    m.set_s64(4, uint64_t(m.global));
    m.set(0, {0});
    bool split_counters = std::string_view(model.cpu).starts_with("gfx12");
    std::string wait = split_counters ? "s_wait_loadcnt 0x0\n" : "s_waitcnt vmcnt(0)\n";
    Counters c = count(m, "s_mov_b32 s0, 1\n"
                          "s_add_u32 s1, s0, s0\n"
                          "s_nop 0\n"
                          "v_mov_b32 v1, 0\n"
                          "v_fma_f32 v1, v1, v1, v1\n"
                          "v_fma_f64 v[2:3], v[2:3], v[2:3], v[2:3]\n"
                          "v_pk_add_f16 v1, v1, v1\n"
                          "v_rcp_f32 v1, v1\n"
                          "v_readfirstlane_b32 s2, v1\n"
                          "s_load_dwordx2 s[8:9], s[4:5], 0x0\n"
                          "global_load_dwordx2 v[6:7], v0, s[4:5]\n" +
                              wait +
                              "global_store_dword v0, v6, s[4:5]\n"
                              "ds_read_b32 v8, v0\n"
                              "s_branch next\n"
                              "next:");
    CHECK(of(c, InstClass::Salu) == 2);
    CHECK(of(c, InstClass::Other) == 2); // s_nop, s_endpgm
    CHECK(of(c, InstClass::Valu32) == 2);
    CHECK(of(c, InstClass::Valu64) == 1);
    CHECK(of(c, InstClass::Packed) == 1);
    CHECK(of(c, InstClass::Transcendental) == 1);
    CHECK(of(c, InstClass::Lane) == 1);
    CHECK(of(c, InstClass::ScalarLoad) == 1);
    CHECK(of(c, InstClass::VectorLoad) == 1);
    CHECK(of(c, InstClass::VectorStore) == 1);
    CHECK(of(c, InstClass::Lds) == 1);
    CHECK(of(c, InstClass::Branch) == 1);
    CHECK(of(c, InstClass::Wait) == 1);
    CHECK(c.total() == 16);
    CHECK(c.longest_wave == 16);
    CHECK(c.shortest_wave == 16);
    CHECK(c.vector_instructions == 9);
    CHECK(c.active_lanes == 9 * m.lanes);
    CHECK(c.scalar.loads == 1);
    CHECK(c.scalar.load_bytes == 8);
    CHECK(c.global.load_bytes == 8 * m.lanes);
    CHECK(c.global.store_bytes == 4 * m.lanes);
    CHECK(c.global.lines == 2); // all lanes at one address, twice
    CHECK(c.lds.load_bytes == 4 * m.lanes);
    CHECK(c.lds_conflict_cycles == 0);
  }
}

TEST_CASE("EXEC: partial, empty, split") {
  Machine m("gfx942", 64);
  Counters c = count(m, "v_mov_b32 v1, 0\n"
                        "s_mov_b64 exec, 0xff\n" // a split
                        "v_mov_b32 v1, 0\n"
                        "v_mov_b32 v1, 0\n"
                        "s_mov_b64 exec, 0\n" // all off: no split
                        "v_mov_b32 v1, 0\n"
                        "s_mov_b64 exec, -1\n"
                        "v_mov_b32 v1, 0");
  CHECK(c.vector_instructions == 5);
  CHECK(c.active_lanes == 64 + 8 + 8 + 0 + 64);
  CHECK(c.partial_exec == 2);
  CHECK(c.empty_exec == 1);
  CHECK(c.exec_splits == 1);
}

TEST_CASE("lines of global memory: coalesced and strided") {
  for (unsigned stride : {4u, 8u, 128u, 256u}) {
    Machine m("gfx1100", 32);
    m.set_s64(4, uint64_t(m.global));
    for (unsigned l = 0; l < 32; l++)
      m.v(0, l) = stride * l;
    Counters c = count(m, "global_load_b32 v1, v0, s[4:5]");
    CHECK(c.global.lines == (stride == 4 ? 1 : stride == 8 ? 2 : 32));
  }
}

TEST_CASE("bank conflicts") {
  // Stride in dwords and the cycles of 32 lanes of b32: gcd(stride, 32) lanes meet in each bank.
  for (auto [stride, cycles] : std::vector<std::pair<unsigned, unsigned>>{
           {0, 1}, {1, 1}, {2, 2}, {3, 1}, {4, 4}, {16, 16}, {32, 32}, {33, 1}}) {
    Machine m("gfx1100", 32);
    for (unsigned l = 0; l < 32; l++)
      m.v(0, l) = 4 * stride * l;
    Counters c = count(m, "ds_load_b32 v1, v0");
    INFO("stride " << stride);
    CHECK(c.lds_cycles == cycles);
    CHECK(c.lds_conflict_cycles == cycles - 1);
  }
  // 64 lanes of b64, packed: four times 16 lanes; of b128: eight times eight.
  Machine m("gfx942", 64);
  for (unsigned l = 0; l < 64; l++)
    m.v(0, l) = 8 * l, m.v(6, l) = 16 * l;
  Counters c = count(m, "ds_read_b64 v[2:3], v0\nds_read_b128 v[2:5], v6");
  CHECK(c.lds_cycles == 4 + 8);
  CHECK(c.lds_conflict_cycles == 0);
}

TEST_CASE("W2W_TRACE") {
  std::string error;
  auto list = parse_trace("add*:1,2,3:*;_Z1kPf:7:0", error);
  REQUIRE(list.size() == 2);
  CHECK(error.empty());
  CHECK(list[0].matches_kernel("add_one"));
  CHECK_FALSE(list[0].matches_kernel("sub_add"));
  CHECK(list[0].matches_group({1, 2, 3}, {4, 4, 4}));
  CHECK_FALSE(list[0].matches_group({0, 2, 3}, {4, 4, 4}));
  CHECK(list[0].matches_wave(5));
  CHECK(list[1].matches_group({1, 2, 0}, {3, 3, 1}));
  CHECK_FALSE(list[1].matches_group({2, 2, 0}, {3, 3, 1}));
  CHECK_FALSE(list[1].matches_wave(1));
  CHECK(parse_trace("*:*:*", error)[0].matches_kernel("anything"));
  for (const char *bad :
       {"k", "k:0", "k:x:0", "k:0:w", ":0:0", "k:1,2:0", "k:0:-1", "k:1,2,3,4:0"}) {
    error.clear();
    INFO(bad);
    CHECK(parse_trace(bad, error).empty());
    CHECK(error.find("KERNEL:BLOCK:WAVE") != std::string::npos);
  }
}
