// LDS: loads and stores of all widths and alignments, two addresses at once, by lane number, append
// and consume, permutes and swizzles, bounds. Source: AMD ISA documents, DS instructions.
#include "memory_setup.h"

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

uint32_t lds_dword(unsigned at) {
  uint32_t x = 0;
  for (unsigned j = 0; j < 4; j++)
    x |= uint32_t(byte_at(at + j)) << (8 * j);
  return x;
}
std::string registers(unsigned first, unsigned dwords) {
  return dwords == 1
             ? "v" + std::to_string(first)
             : "v[" + std::to_string(first) + ":" + std::to_string(first + dwords - 1) + "]";
}
struct Load {
  const char *name;
  unsigned dwords;
  /// What register k becomes; `at`: the first byte; `keeps`: d16 loads keep the other half.
  uint32_t (*want)(unsigned at, unsigned k, uint32_t old, bool keeps);
};
uint32_t low(uint32_t x, uint32_t old, bool keeps) {
  return (keeps ? old & 0xffff0000 : 0) | (x & 0xffff);
}
uint32_t high(uint32_t x, uint32_t old, bool keeps) {
  return (keeps ? old & 0xffff : 0) | x << 16;
}
uint32_t whole(unsigned at, unsigned k, uint32_t, bool) {
  return lds_dword(at + 4 * k);
}
using U = unsigned;
const Load kLoads[] = {
    {"ds_read_u8", 1, [](U at, U, uint32_t, bool) -> uint32_t { return byte_at(at); }},
    {"ds_read_i8", 1, [](U at, U, uint32_t, bool) { return uint32_t(int8_t(byte_at(at))); }},
    {"ds_read_u16", 1, [](U at, U, uint32_t, bool) { return lds_dword(at) & 0xffff; }},
    {"ds_read_i16", 1, [](U at, U, uint32_t, bool) { return uint32_t(int16_t(lds_dword(at))); }},
    {"ds_read_b32", 1, whole},
    {"ds_read_b64", 2, whole},
    {"ds_read_b96", 3, whole},
    {"ds_read_b128", 4, whole},
    {"ds_read_u8_d16", 1, [](U at, U, uint32_t o, bool k) { return low(byte_at(at), o, k); }},
    {"ds_read_u8_d16_hi", 1, [](U at, U, uint32_t o, bool k) { return high(byte_at(at), o, k); }},
    {"ds_read_i8_d16", 1,
     [](U at, U, uint32_t o, bool k) { return low(uint32_t(int8_t(byte_at(at))), o, k); }},
    {"ds_read_i8_d16_hi", 1,
     [](U at, U, uint32_t o, bool k) { return high(uint32_t(int8_t(byte_at(at))), o, k); }},
    {"ds_read_u16_d16", 1, [](U at, U, uint32_t o, bool k) { return low(lds_dword(at), o, k); }},
    {"ds_read_u16_d16_hi", 1,
     [](U at, U, uint32_t o, bool k) { return high(lds_dword(at), o, k); }},
};
struct Store {
  const char *name;
  unsigned bytes, shift;
};
const Store kStores[] = {
    {"ds_write_b8", 1, 0},          {"ds_write_b16", 2, 0},   {"ds_write_b8_d16_hi", 1, 16},
    {"ds_write_b16_d16_hi", 2, 16}, {"ds_write_b32", 4, 0},   {"ds_write_b64", 8, 0},
    {"ds_write_b96", 12, 0},        {"ds_write_b128", 16, 0},
};
const uint64_t kExecs[] = {~uint64_t(0), 0x8000000180000001, 0x5a5a5a5aa5a5a5a5};
/// Two addresses: what the offsets count.
struct Pair {
  const char *name;
  unsigned unit, dwords;
};
const Pair kPairs[] = {
    {"2_b32", 4, 1}, {"2st64_b32", 256, 1}, {"2_b64", 8, 2}, {"2st64_b64", 512, 2}};

} // namespace

// HSA runs with unaligned access mode on (SH_MEM_CONFIG.alignment_mode; LLVM's
// +unaligned-access-mode for amdhsa): loads and stores may begin at any byte.
TESTED_CASE("LDS loads at any address") {
  for (const Load &c : kLoads)
    for (unsigned offset : {0u, 5u, 65535u}) // the sum wraps at 32 bits
      for (const Model &model : models()) {
        Machine m(model.cpu, model.lanes);
        std::string text = std::string(c.name) + " " + registers(10, c.dwords) +
                           ", v4 offset:" + std::to_string(offset);
        for (uint64_t exec : kExecs) {
          fill_memory(m);
          for (unsigned l = 0; l < m.lanes; l++) {
            m.v(4, l) = exec >> l & 1 ? 300 + 23 * l - offset : 0x10000000;
            for (unsigned k = 0; k < 4; k++)
              m.v(10 + k, l) = 0xcafe1230 + k;
          }
          m.wave.set_exec(exec & m.wave.full_exec());
          INFO(text << " on " << model.cpu << " wave" << model.lanes);
          REQUIRE((exec == kExecs[0] ? m.run(text) : m.again()));
          bool keeps = generation(m) != 9;
          for (unsigned l = 0; l < m.lanes; l++)
            for (unsigned k = 0; k < 4; k++) {
              uint32_t old = 0xcafe1230 + k;
              bool written = k < c.dwords && (exec >> l & 1);
              CHECK_LANE(m.v(10 + k, l) == (written ? c.want(300 + 23 * l, k, old, keeps) : old));
            }
        }
      }
}

TESTED_CASE("LDS stores at any address") {
  for (const Store &c : kStores)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      std::string text =
          std::string(c.name) + " v4, " + registers(10, (c.bytes + 3) / 4) + " offset:3";
      for (uint64_t exec : kExecs) {
        fill_memory(m);
        std::vector<uint8_t> want = m.lds;
        for (unsigned l = 0; l < m.lanes; l++) {
          m.v(4, l) = exec >> l & 1 ? 300 + 19 * l : 0x10000000;
          for (unsigned k = 0; k < 4; k++)
            m.v(10 + k, l) = 0x9e3779b9u * (k + 1) + l * 0x01010101u;
          if (exec >> l & 1)
            for (unsigned j = 0; j < c.bytes; j++)
              want[303 + 19 * l + j] = uint8_t(m.v(10 + j / 4, l) >> c.shift >> (8 * (j & 3)));
        }
        m.wave.set_exec(exec & m.wave.full_exec());
        INFO(text << " on " << model.cpu << " wave" << model.lanes);
        REQUIRE((exec == kExecs[0] ? m.run(text) : m.again()));
        CHECK(m.lds == want);
      }
    }
}

TESTED_CASE("LDS accesses with two addresses") {
  for (const Pair &p : kPairs)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      unsigned n = p.dwords, o0 = 3, o1 = p.unit > 8 ? 17 : 255;
      std::string offsets = " offset0:3 offset1:" + std::to_string(o1);
      INFO(p.name << " on " << model.cpu << " wave" << model.lanes);
      auto fresh = [&] {
        fill_memory(m);
        for (unsigned l = 0; l < m.lanes; l++) {
          m.v(4, l) = 40 + 40 * l; // no two places meet
          for (unsigned k = 0; k < 8; k++)
            m.v(10 + k, l) = 0x85ebca6bu * (k + 1) + l;
        }
      };
      fresh();
      m.wave.set_exec(m.wave.full_exec() & ~uint64_t(4));
      REQUIRE(
          m.run(std::string("ds_read") + p.name + " " + registers(10, 2 * n) + ", v4" + offsets));
      for (unsigned l = 0; l < m.lanes; l++)
        for (unsigned k = 0; k < 2 * n; k++) {
          unsigned at = 40 + 40 * l + p.unit * (k < n ? o0 : o1) + 4 * (k % n);
          CHECK_LANE(m.v(10 + k, l) == (l == 2 ? 0x85ebca6bu * (k + 1) + 2 : lds_dword(at)));
        }
      fresh();
      std::vector<uint8_t> want = m.lds;
      auto store = [&](unsigned o, unsigned first) {
        for (unsigned l = 0; l < m.lanes; l++)
          for (unsigned j = 0; j < 4 * n && l != 2; j++)
            want[m.v(4, l) + p.unit * o + j] = uint8_t(m.v(first + j / 4, l) >> (8 * (j & 3)));
      };
      store(o0, 10), store(o1, 14);
      REQUIRE(m.run(std::string("ds_write") + p.name + " v4, " + registers(10, n) + ", " +
                    registers(14, n) + offsets));
      CHECK(m.lds == want);
      // Exchange: both are read before either is written. Atomics want natural alignment.
      for (unsigned second : {o1, o0}) {
        fresh();
        m.wave.set_exec(m.wave.full_exec() & ~uint64_t(4));
        std::string text = std::string("ds_wrxchg") + p.name;
        text.insert(text.find("_b"), "_rtn");
        REQUIRE(m.run(text + " " + registers(20, 2 * n) + ", v4, " + registers(10, n) + ", " +
                      registers(14, n) + " offset0:3 offset1:" + std::to_string(second)));
        for (unsigned k = 0; k < 2 * n; k++) {
          unsigned at = 40 + 40 * 5 + p.unit * (k < n ? o0 : second) + 4 * (k % n);
          CHECK_LANE(m.v(20 + k, 5) == lds_dword(at));
          CHECK_LANE(m.v(20 + k, 2) == 0);
          uint32_t now;
          memcpy(&now, m.lds.data() + at, 4);
          CHECK(now == m.v((k < n && second != o0 ? 10 : 14) + k % n, 5));
        }
      }
    }
}

TESTED_CASE("LDS by lane number, append and consume") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " wave" << model.lanes);
    fill_memory(m);
    m.set(0, {0x55});
    m.wave.set_exec(m.wave.full_exec() & ~uint64_t(8));
    m.wave.s[kM0] = 0xabcd0040; // bits 15:0 count
    m.run("ds_read_addtid_b32 v0 offset:16");
    if (m.assembled)
      for (unsigned l = 0; l < m.lanes; l++)
        CHECK_LANE(m.v(0, l) == (l == 3 ? 0x55 : lds_dword(80 + 4 * l)));
    for (unsigned l = 0; l < m.lanes; l++)
      m.v(1, l) = 0x1000 + l;
    std::vector<uint8_t> want = m.lds;
    for (unsigned l = 0; l < m.lanes; l++)
      if (l != 3) {
        uint32_t x = 0x1000 + l;
        memcpy(want.data() + 80 + 4 * l, &x, 4);
      }
    m.run("ds_write_addtid_b32 v1 offset:16");
    if (m.assembled)
      CHECK(m.lds == want);
    // One counter, moved by the number of active lanes; every active lane gets the old value.
    uint32_t base = generation(m) >= 12 ? 0 : 64; // gfx12's text has no M0
    m.wave.s[kM0] = 0xabcd0000 | base;
    uint32_t start = 0xfffffff0;
    memcpy(m.lds.data() + base + 16, &start, 4);
    m.set(0, {0x55});
    REQUIRE(m.run("ds_append v0 offset:16"));
    uint32_t count;
    memcpy(&count, m.lds.data() + base + 16, 4);
    CHECK(count == start + m.lanes - 1);
    CHECK_LANE(m.v(0, 0) == start);
    CHECK_LANE(m.v(0, 3) == 0x55);
    REQUIRE(m.run("ds_consume v0 offset:16"));
    CHECK_LANE(m.v(0, 5) == count);
    memcpy(&count, m.lds.data() + base + 16, 4);
    CHECK(count == start);
    m.wave.set_exec(0);
    REQUIRE(m.run("ds_append v0 offset:16"));
    memcpy(&count, m.lds.data() + base + 16, 4);
    CHECK(count == start);
    REQUIRE(m.run("ds_nop"));
    CHECK_LANE(m.v(0, 5) == start + m.lanes - 1);
    if (generation(m) >= 12) {
      m.wave.set_exec(1);
      m.wave.s[kM0] = 64;
      CHECK_FALSE(m.run("ds_append v0 offset:16"));
      CHECK(m.stop.kind == StopKind::Unsupported);
    }
  }
}

// AMD: a read outside LDS gives zero and a write outside is dropped. The emulator stops instead: on
// NVIDIA GPUs, which its programs are written for, that is an error.
TEST_CASE("LDS accesses beyond the workgroup's part stop the wave") {
  for (const char *text :
       {"ds_read_b32 v10, v4", "ds_read_b128 v[10:13], v4 offset:4", "ds_read_u8 v10, v4 offset:3",
        "ds_write_b64 v4, v[10:11]", "ds_write_b8 v4, v10 offset:3",
        "ds_read2_b32 v[10:11], v4 offset1:1", "ds_write2_b32 v4, v10, v11 offset0:1",
        "ds_add_u32 v4, v10", "ds_add_rtn_u64 v[10:11], v4, v[12:13]"})
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      fill_memory(m);
      m.group.lds_size = 1024;
      m.set(4, {64});
      INFO(text << " on " << model.cpu << " wave" << model.lanes);
      CHECK(m.run(text));
      m.v(4, 9) = 1024;
      std::vector<uint8_t> before = m.lds;
      CHECK_FALSE(m.run(text));
      CHECK(m.stop.kind == StopKind::MemoryFault);
      CHECK(m.stop.space == MemorySpace::Lds);
      CHECK(m.stop.lane == 9);
      m.wave.set_exec(m.wave.full_exec() & ~(uint64_t(1) << 9));
      CHECK(m.run(text));
    }
}

TEST_CASE("LDS atomics want natural alignment") {
  for (const char *text :
       {"ds_add_u32 v4, v10", "ds_add_rtn_u64 v[10:11], v4, v[12:13]", "ds_cmpst_b32 v4, v10, v11",
        "ds_wrxchg2_rtn_b32 v[10:11], v4, v12, v13 offset1:1", "ds_append v10 offset:2"})
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      fill_memory(m);
      m.set(4, {66});
      INFO(text << " on " << model.cpu << " wave" << model.lanes);
      m.run(text);
      if (!m.assembled)
        continue;
      CHECK(m.stop.kind == StopKind::MemoryFault);
      CHECK(m.stop.access == MemoryAccess::Atomic);
    }
}

namespace {
/// Which lanes a permute reaches: all of a wave, or on gfx10 and gfx11 the lane's half of 32.
unsigned reached(const Machine &m, unsigned lane, uint32_t address) {
  unsigned r = m.lanes == 64 && (generation(m) == 10 || generation(m) == 11) ? 32 : m.lanes;
  return (lane & ~(r - 1)) | (address / 4 & (r - 1));
}
} // namespace

TESTED_CASE("permutes with lanes off and indices out of range") {
  for (const Model &model : models())
    for (uint64_t exec : kExecs) {
      Machine m(model.cpu, model.lanes);
      exec &= m.wave.full_exec();
      auto fresh = [&] {
        for (unsigned l = 0; l < m.lanes; l++) {
          m.v(0, l) = 7;
          m.v(2, l) = 100 + l;
          m.v(4, l) =
              4 * (l * 5 + 3) + l % 4 + (l % 3 ? 0 : 0x400); // low and high bits do not count
        }
        m.wave.set_exec(exec);
      };
      INFO(model.cpu << " wave" << model.lanes << std::hex << " exec " << exec);
      fresh();
      REQUIRE(m.run("ds_bpermute_b32 v0, v4, v2 offset:8"));
      for (unsigned l = 0; l < m.lanes; l++) {
        unsigned from = reached(m, l, m.v(4, l) + 8);
        CHECK_LANE(m.v(0, l) == (!(exec >> l & 1) ? 7 : exec >> from & 1 ? 100 + from : 0));
      }
      fresh();
      REQUIRE(m.run("ds_permute_b32 v0, v4, v2 offset:8"));
      std::vector<uint32_t> want(m.lanes);
      for (unsigned l = 0; l < m.lanes; l++) // the highest lane wins
        if (exec >> l & 1)
          want[reached(m, l, m.v(4, l) + 8)] = 100 + l;
      for (unsigned l = 0; l < m.lanes; l++)
        CHECK_LANE(m.v(0, l) == (exec >> l & 1 ? want[l] : 7));
      // All lanes to one: the highest-numbered active lane is seen.
      fresh();
      m.set(4, {0});
      m.v(2, 0) = 100;
      REQUIRE(m.run("ds_permute_b32 v0, v4, v2"));
      unsigned top = 0;
      for (unsigned l = 0; l < m.lanes; l++)
        if ((exec >> l & 1) && reached(m, l, 0) == 0)
          top = l;
      CHECK_LANE(m.v(0, 0) == 100 + top);
      fresh();
      m.run("ds_bpermute_fi_b32 v0, v4, v2");
      CHECK(m.assembled == (generation(m) >= 12));
      if (m.assembled)
        for (unsigned l = 0; l < m.lanes; l++)
          CHECK_LANE(m.v(0, l) == (exec >> l & 1 ? 100 + reached(m, l, m.v(4, l)) : 7));
    }
}

TESTED_CASE("swizzles") {
  struct Swizzle {
    unsigned offset;
    unsigned (*from)(unsigned l);
  };
  // The tables of the FFT mode are AMD's (Vega and MI300 ISA, DS_SWIZZLE_B32), counted from 1
  // there.
  static const unsigned fft0[32] = {0x00, 0x10, 0x08, 0x18, 0x04, 0x14, 0x0c, 0x1c,
                                    0x02, 0x12, 0x0a, 0x1a, 0x06, 0x16, 0x0e, 0x1e,
                                    0x01, 0x11, 0x09, 0x19, 0x05, 0x15, 0x0d, 0x1d,
                                    0x03, 0x13, 0x0b, 0x1b, 0x07, 0x17, 0x0f, 0x1f};
  static const unsigned fft16[32] = {0x00, 0x08, 0x04, 0x0c, 0x02, 0x0a, 0x06, 0x0e,
                                     0x01, 0x09, 0x05, 0x0d, 0x03, 0x0b, 0x07, 0x0f,
                                     0x10, 0x18, 0x14, 0x1c, 0x12, 0x1a, 0x16, 0x1e,
                                     0x11, 0x19, 0x15, 0x1d, 0x13, 0x1b, 0x17, 0x1f};
  const Swizzle cases[] = {
      // and, or and xor masks in bits 4:0, 9:5, 14:10
      {0x041f, [](unsigned l) { return l ^ 1; }},
      {0x7c1f, [](unsigned l) { return l ^ 31; }},
      {0x001c, [](unsigned l) { return l & ~3u; }},
      {0x00a0, [](unsigned l) { return (l & 32) | 5; }},
      {0x2d72, [](unsigned l) { return (l & 32) | ((((l & 0x12) | 0x0b) ^ 0x0b)); }},
      // quads: two bits each
      {0x80e4, [](unsigned l) { return l; }},
      {0x801b, [](unsigned l) { return l ^ 3; }},
      {0x8055, [](unsigned l) { return (l & ~3u) | 1; }},
      // rotation by bits 9:5, to the left unless bit 10; the mask's bits stay
      {0xc000 | 3 << 5, [](unsigned l) { return (l & 32) | ((l + 3) & 31); }},
      {0xc000 | 1 << 10 | 3 << 5, [](unsigned l) { return (l & 32) | ((l - 3) & 31); }},
      {0xc000 | 2 << 5 | 0x18, [](unsigned l) { return (l & ~7u) | ((l + 2) & 7); }},
      {0xe000, [](unsigned l) { return (l & 32) | fft0[l & 31]; }},
      {0xe010, [](unsigned l) { return (l & 32) | fft16[l & 31]; }},
      {0xe01f, [](unsigned l) { return l; }},
  };
  for (const Swizzle &c : cases)
    for (const Model &model : models())
      for (uint64_t exec : kExecs) {
        Machine m(model.cpu, model.lanes);
        exec &= m.wave.full_exec();
        for (unsigned l = 0; l < m.lanes; l++)
          m.v(0, l) = 7, m.v(2, l) = 100 + l;
        m.wave.set_exec(exec);
        INFO(std::hex << "0x" << c.offset << " on " << model.cpu << " wave" << std::dec
                      << model.lanes);
        REQUIRE(m.run("ds_swizzle_b32 v0, v2 offset:" + std::to_string(c.offset)));
        for (unsigned l = 0; l < m.lanes; l++) {
          unsigned from = c.from(l);
          CHECK_LANE(m.v(0, l) == (!(exec >> l & 1) ? 7 : exec >> from & 1 ? 100 + from : 0));
        }
      }
}
