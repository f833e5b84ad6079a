// Observers see every instruction, those that do nothing included, and what memory it will touch.
#include "assembler.h"
#include "machine.h"

#include "runtime/emulator/isa/observe.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

struct Seen {
  std::string name;
  std::vector<isa::LaneAccesses> accesses;
};

class Recorder : public WaveObserver {
public:
  std::vector<Seen> seen;
  int after_calls = 0;
  std::string stop_at;

  int before(Wave &w, const isa::Inst &i, StopInfo &s) override {
    if (stop_at == i.opcode->name) {
      s.kind = StopKind::Reported;
      s.text = "here";
      w.pc = i.pc;
      return isa::kStop;
    }
    isa::LaneAccesses found[isa::kMostAccesses];
    unsigned n = isa::accesses(w, i, found);
    seen.push_back({i.opcode->name, {found, found + n}});
    return isa::kContinue;
  }
  int after(Wave &, const isa::Inst &, StopInfo &, int next) override {
    ++after_calls;
    return next;
  }
};

StopInfo run_watched(Machine &m, Recorder &r, const std::string &text) {
  std::vector<uint8_t> code = assemble(m.cpu, m.lanes, text + "\ns_endpgm\n");
  REQUIRE(!code.empty());
  std::string error;
  auto cache = DecodeCache::create(m.cpu, code.data(), code.size(), error, Watch::Yes);
  REQUIRE(cache);
  m.group.observer = &r;
  m.wave.pc = uint64_t(code.data());
  StopInfo stop = execute(m.wave, *cache, 1000);
  m.wave.pc -= uint64_t(code.data());
  return stop;
}

} // namespace

TEST_CASE("observers see all instructions") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    Recorder r;
    INFO(model.cpu << model.lanes);
    StopInfo stop = run_watched(m, r, "s_mov_b32 s0, 5\ns_nop 0\nv_mov_b32 v0, s0");
    CHECK(stop.kind == StopKind::EndProgram);
    REQUIRE(r.seen.size() == 4);
    CHECK(r.seen[1].name == "s_nop");
    CHECK(r.after_calls == 4);
    CHECK(m.v(0, 3) == 5);
  }
}

TEST_CASE("an observer can stop a wave in front of an instruction") {
  Machine m("gfx942", 64);
  Recorder r;
  r.stop_at = "v_mov_b32";
  StopInfo stop = run_watched(m, r, "s_mov_b32 s0, 5\nv_mov_b32 v0, s0");
  CHECK(stop.kind == StopKind::Reported);
  CHECK(stop.text == "here");
  CHECK(m.wave.pc == 4);
  CHECK(m.v(0, 0) == 0);
}

TEST_CASE("accesses are told before they happen") {
  Machine m("gfx942", 64);
  uint64_t base = uint64_t(m.global);
  for (unsigned l = 0; l < 64; l++) {
    uint64_t a = l == 1   ? m.group.shared_base + 64
                 : l == 2 ? m.group.private_base + 8
                          : base + 8 * l;
    m.v(0, l) = uint32_t(a), m.v(1, l) = uint32_t(a >> 32);
    m.v(2, l) = 16 * l;
    m.v(6, l) = 0;
  }
  m.set_s64(4, base + 256);
  m.wave.set_exec(0xff);
  Recorder r;
  StopInfo stop = run_watched(m, r,
                              "flat_load_ushort v4, v[0:1] offset:4\n"
                              "ds_read2_b64 v[8:11], v2 offset0:1 offset1:3\n"
                              "global_atomic_cmpswap v6, v[10:11], s[4:5]\n"
                              "s_load_dwordx4 s[8:11], s[4:5], 0x10\n"
                              "ds_swizzle_b32 v4, v2 offset:0x401f\n"
                              "global_store_byte v6, v2, s[4:5] offset:3");
  INFO(stop.text);
  REQUIRE(stop.kind == StopKind::EndProgram);
  REQUIRE(r.seen.size() == 7);
  const auto &flat = r.seen[0].accesses;
  REQUIRE(flat.size() == 3);
  CHECK(flat[0].space == MemorySpace::Global);
  CHECK(flat[0].mask == 0xf9);
  CHECK(flat[0].size == 2);
  CHECK(flat[0].at[3] == base + 28);
  CHECK(flat[1].space == MemorySpace::Lds);
  CHECK(flat[1].mask == 2);
  CHECK(flat[1].at[1] == 68);
  CHECK(flat[2].space == MemorySpace::Scratch);
  CHECK(flat[2].at[2] == 12);
  const auto &ds = r.seen[1].accesses;
  REQUIRE(ds.size() == 2);
  CHECK(ds[0].at[5] == 88);
  CHECK(ds[1].at[5] == 104);
  CHECK(ds[1].size == 8);
  CHECK(ds[1].access == MemoryAccess::Read);
  const auto &cas = r.seen[2].accesses;
  REQUIRE(cas.size() == 1);
  CHECK(cas[0].access == MemoryAccess::Atomic);
  CHECK(cas[0].size == 4);
  CHECK(cas[0].at[7] == base + 256);
  const auto &scalar = r.seen[3].accesses;
  REQUIRE(scalar.size() == 1);
  CHECK(scalar[0].space == MemorySpace::Scalar);
  CHECK(scalar[0].size == 16);
  CHECK(scalar[0].at[0] == base + 272);
  CHECK(r.seen[4].accesses.empty());
  const auto &store = r.seen[5].accesses;
  REQUIRE(store.size() == 1);
  CHECK(store[0].size == 1);
  CHECK(store[0].access == MemoryAccess::Write);
  CHECK(store[0].at[0] == base + 259);
}
