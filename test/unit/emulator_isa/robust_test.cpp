// Code is untrusted input: whatever bytes a wave runs into, it stops with a reason; the host goes
// on.
#include "machine.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

using namespace w2w::emu;
using namespace w2w::emu::test;

TEST_CASE("random bytes") {
  for (const Model &model : models()) {
    std::mt19937 random(2026);
    unsigned decoded = 0;
    for (unsigned round = 0; round < 300; round++) {
      Machine m(model.cpu, model.lanes);
      uint32_t code[64];
      for (uint32_t &word : code)
        word = random();
      // Some words from the common encodings, so that more than a few decode.
      for (unsigned k = 0; k < 64; k += 1 + random() % 3)
        code[k] = (code[k] & 0x00ffffff) | (random() % 128) << 24;
      std::string error;
      auto cache = DecodeCache::create(model.cpu, code, sizeof code, error);
      REQUIRE(cache);
      for (unsigned l = 0; l < m.lanes; l++)
        for (unsigned r = 0; r < 256; r++)
          m.v(r, l) = random();
      for (unsigned r = 0; r < 106; r++)
        m.wave.s[r] = random();
      m.wave.pc = uint64_t(code);
      StopInfo stop = execute(m.wave, *cache, 500);
      decoded += stop.instructions > 2;
      // The null register stays null.
      for (unsigned r = kNull; r < kNull + 16; r++)
        CHECK(m.wave.s[r] == 0);
    }
    CHECK(decoded > 20);
  }
}

TEST_CASE("code that ends in the middle of an instruction") {
  uint32_t half[] = {0xbe8000ff}; // s_mov_b32 s0, literal; on gfx9
  std::string error;
  auto cache = DecodeCache::create("gfx942", half, sizeof half, error);
  Machine m("gfx942", 64);
  m.wave.pc = uint64_t(half);
  CHECK(execute(m.wave, *cache, 10).kind == StopKind::UnknownInstruction);
  m.wave.pc = uint64_t(half) + 4;
  CHECK(execute(m.wave, *cache, 10).kind == StopKind::InstructionFetch);
  m.wave.pc = uint64_t(half) + 2;
  CHECK(execute(m.wave, *cache, 10).kind == StopKind::InstructionFetch);
  uint32_t literal_in_vop3[] = {0xd1d20000, 0xff, 0, 0}; // none on gfx9; LLVM must survive it
  for (const char *cpu : {"gfx90a", "gfx942"}) {
    auto gfx9 = DecodeCache::create(cpu, literal_in_vop3, sizeof literal_in_vop3, error);
    m.wave.pc = uint64_t(literal_in_vop3);
    CHECK(execute(m.wave, *gfx9, 10).kind == StopKind::UnknownInstruction);
  }
  // The constant that LLVM takes for the mark of a literal.
  struct {
    const char *cpu;
    uint32_t word;
    const char *text;
  } constants[] = {{"gfx90a", 0x48020702, "v_madmk_f16 v1, v2, 0xff, v3"},
                   {"gfx90a", 0x4a020702, "v_madak_f16 v1, v2, v3, 0xff"},
                   {"gfx1030", 0x6e020702, "v_fmamk_f16 v1, v2, 0xff, v3"},
                   {"gfx1030", 0x70020702, "v_fmaak_f16 v1, v2, v3, 0xff"}};
  for (const auto &each : constants) {
    uint32_t code[] = {each.word, 0xff};
    auto decoded = DecodeCache::create(each.cpu, code, sizeof code, error);
    CHECK(disassemble(*decoded, uint64_t(code), 64) == each.text);
  }
  CHECK_FALSE(DecodeCache::create("gfx1", half, sizeof half, error));
  CHECK(error.find("gfx1") != std::string::npos);
}

TEST_CASE("encodings that LLVM decodes and has no text for") {
  struct {
    std::vector<const char *> cpus;
    uint32_t code[2];
  } cases[] = {
      // SDWA: dst_sel 7, dst_unused 3, src0_sel 7, src1_sel 7
      {{"gfx90a", "gfx942", "gfx1030"}, {0x7e0002f9, 0x00060701}},
      {{"gfx90a", "gfx942", "gfx1030"}, {0x7e0002f9, 0x00061e01}},
      {{"gfx90a", "gfx942", "gfx1030"}, {0x7e0002f9, 0x00070601}},
      {{"gfx90a", "gfx942", "gfx1030"}, {0x020002f9, 0x07060601}},
      // gfx12: the five barrier instructions from s_barrier_signal to s_barrier_join, of a literal
      {{"gfx1201"}, {0xbe804eff, 1}},
      {{"gfx1201"}, {0xbe804fff, 1}},
      {{"gfx1201"}, {0xbe8050ff, 1}},
      {{"gfx1201"}, {0xbe8051ff, 1}},
      {{"gfx1201"}, {0xbe8052ff, 1}},
  };
  for (const auto &each : cases)
    for (const char *cpu : each.cpus) {
      INFO(cpu << " " << std::hex << each.code[0] << " " << each.code[1]);
      Machine m(cpu, std::string_view(cpu).starts_with("gfx9") ? 64 : 32);
      std::string error;
      auto cache = DecodeCache::create(cpu, each.code, sizeof each.code, error);
      m.wave.pc = uint64_t(each.code);
      CHECK(execute(m.wave, *cache, 10).kind == StopKind::UnknownInstruction);
    }
}

TEST_CASE("a negative constant offset into a scalar buffer is outside") {
  // s_buffer_load_dword s8, s[4:7], -4, which the assembler refuses
  struct {
    const char *cpu;
    uint32_t code[2];
  } cases[] = {{"gfx90a", {0xc0220202, 0x001ffffc}},
               {"gfx942", {0xc0220202, 0x001ffffc}},
               {"gfx1030", {0xf4200202, 0xfa1ffffc}},
               {"gfx1100", {0xf4200202, 0xf81ffffc}}};
  for (const auto &each : cases) {
    INFO(each.cpu);
    Machine m(each.cpu, std::string_view(each.cpu).starts_with("gfx9") ? 64 : 32);
    std::string error;
    auto cache = DecodeCache::create(each.cpu, each.code, sizeof each.code, error);
    INFO(disassemble(*cache, uint64_t(each.code), m.lanes));
    m.global[12] = 1;
    m.set_s64(4, uint64_t(m.global) + 16);
    m.wave.s[6] = 64, m.wave.s[7] = 0, m.wave.s[8] = 2;
    m.wave.pc = uint64_t(each.code);
    StopInfo stop = execute(m.wave, *cache, 1);
    CHECK(stop.kind == StopKind::Budget);
    CHECK(m.wave.s[8] == 0);
  }
}
