// Memory accesses beyond plain loads and stores: to LDS, by lane, register blocks, scalar stores
// and atomics.
#include "machine.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

uint32_t word(const Machine &m, unsigned at) {
  uint32_t x;
  memcpy(&x, m.global + at, 4);
  return x;
}
uint32_t lds_word(const Machine &m, unsigned at) {
  uint32_t x;
  memcpy(&x, m.lds.data() + at, 4);
  return x;
}
/// v[2:3] = address of 16 bytes per lane, s[2:3] their base, v4 = 16 * lane; then `check` of the
/// machine after `text`.
template <class F> void on(const char *only, const std::string &text, F check) {
  bool ran = false;
  for (const Model &model : models()) {
    if (!std::string_view(model.cpu).starts_with(only))
      continue;
    Machine m(model.cpu, model.lanes);
    for (unsigned k = 0; k < 65536; k++)
      m.global[k] = uint8_t(k * 7 + (k >> 8));
    for (unsigned k = 0; k < m.scratch.size(); k++)
      m.scratch[k] = uint8_t(k * 11 + (k >> 9));
    uint64_t base = uint64_t(m.global);
    m.set_s64(2, base);
    for (unsigned l = 0; l < m.lanes; l++) {
      uint64_t a = base + 16 * l;
      m.v(2, l) = uint32_t(a), m.v(3, l) = uint32_t(a >> 32), m.v(4, l) = 16 * l;
    }
    bool ok = m.run(text);
    if (!m.assembled)
      continue;
    ran = true;
    INFO(text << " on " << model.cpu << " wave" << model.lanes << ": " << m.stop.text);
    REQUIRE(ok);
    check(m);
  }
  INFO(text << " for " << only);
  CHECK(ran);
}

/// Dword 3 of a raw buffer's resource: from gfx10 on it says so itself (OOB_SELECT).
std::string raw(std::string_view cpu) {
  return cpu.starts_with("gfx9") ? "0" : "0x30000000";
}

} // namespace

TESTED_CASE("memory to LDS") {
  struct {
    const char *name;
    unsigned size;
    bool is_signed;
  } const kinds[] = {{"ubyte", 1, false},
                     {"sbyte", 1, true},
                     {"ushort", 2, false},
                     {"sshort", 2, true},
                     {"dword", 4, false}};
  for (const auto &k : kinds) {
    std::string name = k.name;
    auto extended = [&](uint32_t x) {
      unsigned shift = 32 - 8 * k.size;
      return k.is_signed ? uint32_t(int32_t(x << shift) >> shift) : x << shift >> shift;
    };
    on("gfx942", "s_mov_b32 m0, 256\n>global_load_lds_" + name + " v[2:3], off offset:4",
       [&](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++)
           CHECK(lds_word(m, 256 + 4 + 4 * l) == extended(word(m, 16 * l + 4)));
       });
    on("gfx942", "s_mov_b32 m0, 0\n>global_load_lds_" + name + " v4, s[2:3]", [&](Machine &m) {
      for (unsigned l = 0; l < m.lanes; l++)
        CHECK(lds_word(m, 4 * l) == extended(word(m, 16 * l)));
    });
    on("gfx942", "s_mov_b32 m0, 128\n>scratch_load_lds_" + name + " v4, off offset:8",
       [&](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++) {
           uint32_t x;
           memcpy(&x, m.scratch.data() + ((16 * l + 8) / 4 * m.lanes + l) * 4, 4);
           CHECK(lds_word(m, 128 + 8 + 4 * l) == extended(x));
         }
       });
    for (const char *cpu : {"gfx90a", "gfx942", "gfx1030"})
      on(cpu,
         "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 64\ns_mov_b32 s7, " + raw(cpu) +
             "\ns_mov_b32 m0, 512\nbuffer_load_" + name + " v4, s[4:7], 0 offen offset:8 lds",
         [&](Machine &m) {
           for (unsigned l = 0; l < m.lanes; l++)
             CHECK(lds_word(m, 512 + 8 + 4 * l) == (l < 4 ? extended(word(m, 16 * l + 8)) : 0));
         });
  }
}

TESTED_CASE("LDS to memory") {
  // The address is the same for all lanes: one is on.
  on("gfx90a",
     "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 64\ns_mov_b32 s7, 0\nv_mov_b32 v5, 0x1234\n"
     "ds_write_b32 v4, v5 offset:136\ns_mov_b32 m0, 128\ns_mov_b64 exec, 1\n"
     ">buffer_store_lds_dword s[4:7], 0 offset:8 lds",
     [](Machine &m) {
       CHECK(word(m, 8) == 0x1234);
       CHECK(word(m, 12) == 0x69625b54); // as it was
     });
}

TESTED_CASE("a buffer access that the documents leave open is refused, to LDS too") {
  for (const char *text :
       {"buffer_load_dword v4, s[4:7], s8 offen lds", "buffer_store_lds_dword s[4:7], s8 lds"}) {
    Machine m("gfx90a", 64);
    m.set_s64(4, uint64_t(m.global));
    m.wave.s[6] = 64, m.wave.s[7] = 0, m.wave.s[8] = 64; // the scalar offset alone is outside
    m.set(4, {0});
    m.wave.s[124] = 0;
    CHECK_FALSE(m.run(text));
    REQUIRE(m.assembled);
    CHECK(m.stop.kind == StopKind::Unsupported);
  }
}

TESTED_CASE("a buffer's bound counts the bytes of the access") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    m.global[2] = 0x5a, m.global[3] = 0xa5;
    m.set_s64(4, uint64_t(m.global));
    m.wave.s[6] = 3, m.wave.s[7] = uint32_t(std::stoul(raw(model.cpu), nullptr, 16));
    m.set(1, {0xffffffff});
    INFO(model.cpu);
    std::string none = std::string_view(model.cpu) == "gfx1201" ? "null" : "0";
    REQUIRE(m.run("buffer_load_ubyte v0, off, s[4:7], " + none + " offset:2\n" +
                  "buffer_load_ubyte v1, off, s[4:7], " + none + " offset:3"));
    CHECK(m.v(0, 0) == 0x5a);
    CHECK(m.v(1, 0) == 0);
  }
}

TESTED_CASE("addresses by lane") {
  for (const char *cpu : {"gfx1030", "gfx1100", "gfx1201"}) {
    bool old = std::string_view(cpu) == "gfx1030";
    std::string load = old ? "global_load_dword_addtid" : "global_load_addtid_b32";
    std::string store = old ? "global_store_dword_addtid" : "global_store_addtid_b32";
    on(cpu,
       ">" + load + " v0, s[2:3] offset:8\n" + "s_add_u32 s4, s2, 0x4000\ns_addc_u32 s5, s3, 0\n>" +
           store + " v4, s[4:5]",
       [](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++) {
           CHECK(m.v(0, l) == word(m, 8 + 4 * l));
           CHECK(word(m, 0x4000 + 4 * l) == 16 * l);
         }
       });
  }
}

TESTED_CASE("register blocks") {
  on("gfx1201",
     "v_mov_b32 v41, 7\ns_mov_b32 m0, 0x80000002\n>global_load_block v[40:71], v[2:3], off",
     [](Machine &m) {
       for (unsigned l = 0; l < m.lanes; l++) {
         CHECK(m.v(40, l) == 0);
         CHECK(m.v(41, l) == word(m, 16 * l + 4));
         CHECK(m.v(71, l) == word(m, 16 * l + 124));
       }
     });
  on("gfx1201",
     "v_mov_b32 v40, 1\nv_mov_b32 v42, 3\ns_mov_b32 m0, 4\n>scratch_store_block off, v[40:71], "
     "off\n"
     "scratch_load_b32 v0, off, off offset:8\nscratch_load_b32 v1, off, off",
     [](Machine &m) {
       CHECK(m.v(0, 5) == 3);
       CHECK(m.v(1, 5) == 0xfdf2e7dc); // as it was
     });
  on("gfx1201",
     "v_mov_b32 v40, 1\nv_mov_b32 v41, 2\nscratch_store_b32 off, v4, off offset:124\n"
     "s_mov_b32 m0, 0x80000001\n>scratch_load_block v[40:71], off, off",
     [](Machine &m) {
       for (unsigned l = 0; l < m.lanes; l++) {
         uint32_t first;
         memcpy(&first, m.scratch.data() + 4 * l, 4);
         CHECK(m.v(40, l) == first);
         CHECK(m.v(41, l) == 2);
         CHECK(m.v(71, l) == 16 * l);
       }
     });
  // One lane, whose neighbours' dwords it does not reach.
  on("gfx1201",
     "v_mov_b32 v41, 7\nv_mov_b32 v71, 9\ns_mov_b32 exec_lo, 4\ns_mov_b32 m0, 0x80000002\n"
     ">global_store_block v[2:3], v[40:71], off",
     [](Machine &m) {
       CHECK(word(m, 32 + 4) == 7);
       CHECK(word(m, 32 + 124) == 9);
       CHECK(word(m, 32) == 0xf5eee7e0); // as it was
       CHECK(word(m, 32 + 8) == 0x2d261f18);
     });
}

TESTED_CASE("compare and swap of floating-point numbers") {
  // Source: RDNA2 and RDNA3 ISA: memory == data[1] as numbers ? data[0] : memory.
  struct Lane {
    uint64_t memory, compared;
    bool equal;
  };
  const std::vector<Lane> singles = {
      {f(1), f(1), true}, {f(1), f(-1), false},     {0x80000000, 0, true}, {0, 0x80000000, true},
      {kInf, kInf, true}, {kInf, kMinusInf, false}, {kNan, kNan, false},   {f(2), kNan, false}};
  const std::vector<Lane> doubles = {{d(1), d(1), true},
                                     {d(1), d(1 + 0x1p-52), false},
                                     {d(-0.0), 0, true},
                                     {0x7ff0000000000000, 0x7ff0000000000000, true},
                                     {0x7ff8000000000000, 0x7ff8000000000000, false},
                                     {d(3), d(-3), false}};
  for (const Model &model : models()) {
    std::string cpu = model.cpu;
    if (cpu != "gfx1030" && cpu != "gfx1100")
      continue;
    bool old_names = cpu == "gfx1030";
    for (bool wide : {false, true})
      for (std::string space : {"flat", "global", "buffer"}) {
        if (wide && !old_names)
          continue; // gfx11 has no f64 form
        const std::vector<Lane> &lanes = wide ? doubles : singles;
        Machine m(cpu, model.lanes);
        std::string text = space + (!old_names ? "_atomic_cmpswap_f32 "
                                    : wide     ? "_atomic_fcmpswap_x2 "
                                               : "_atomic_fcmpswap ");
        std::string data = wide ? "v[8:11]" : "v[8:9]", result = wide ? "v[0:1]" : "v0";
        if (space == "flat")
          text += result + ", v[2:3], " + data + " glc";
        else if (space == "global")
          text += result + ", v4, " + data + ", s[2:3] glc";
        else
          text += data + ", v4, s[4:7], 0 offen glc";
        m.set_s64(2, uint64_t(m.global));
        m.set_s64(4, uint64_t(m.global));
        m.wave.s[6] = 65536, m.wave.s[7] = uint32_t(std::stoul(raw(cpu), nullptr, 16));
        for (unsigned l = 0; l < m.lanes; l++) {
          const Lane &x = lanes[l % lanes.size()];
          uint64_t a = uint64_t(m.global) + 16 * l,
                   stored = wide ? d(1000 + l) : f(float(1000 + l));
          m.v(2, l) = uint32_t(a), m.v(3, l) = uint32_t(a >> 32), m.v(4, l) = 16 * l;
          memcpy(m.global + 16 * l, &x.memory, wide ? 8 : 4);
          m.v(8, l) = uint32_t(stored);
          m.v(9, l) = uint32_t(wide ? stored >> 32 : x.compared);
          m.v(10, l) = uint32_t(x.compared), m.v(11, l) = uint32_t(x.compared >> 32);
        }
        INFO(text << " on " << cpu << " wave" << model.lanes);
        REQUIRE(m.run(text));
        for (unsigned l = 0; l < m.lanes; l++) {
          const Lane &x = lanes[l % lanes.size()];
          uint64_t got = 0, stored = wide ? d(1000 + l) : f(float(1000 + l));
          memcpy(&got, m.global + 16 * l, wide ? 8 : 4);
          INFO("lane " << l);
          CHECK(got == (x.equal ? stored : x.memory));
          unsigned r = space == "buffer" ? 8 : 0;
          CHECK((wide ? m.v64(r, l) : m.v(r, l)) == x.memory);
          CHECK(word(m, 16 * l + (wide ? 8 : 4)) == 0);
        }
      }
  }
}

TESTED_CASE("ds_condxchg32") {
  // Each dword is exchanged where its data's sign bit is set; the bit itself is not stored.
  for (const char *cpu : {"gfx90a", "gfx942", "gfx1030", "gfx1100", "gfx1201"})
    on(cpu,
       "v_mov_b32 v8, 5\nv_mov_b32 v9, 6\nds_write_b64 v4, v[8:9]\nv_mov_b32 v10, 0x80000007\n"
       "v_mov_b32 v11, 9\n>ds_condxchg32_rtn_b64 v[0:1], v4, v[10:11]\nds_read_b64 v[2:3], v4\n"
       "v_mov_b32 v10, 3\nv_mov_b32 v11, -1\nds_condxchg32_rtn_b64 v[12:13], v4, v[10:11]\n"
       "ds_read_b64 v[14:15], v4",
       [](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++) {
           CHECK(m.v64(0, l) == 0x0000000600000005);
           CHECK(m.v64(2, l) == 0x0000000600000007);
           CHECK(m.v64(12, l) == 0x0000000600000007);
           CHECK(m.v64(14, l) == 0x7fffffff00000007);
         }
       });
}

namespace {

struct ScalarAtomic {
  const char *name;
  uint64_t (*after)(uint64_t m, uint64_t d, uint64_t compared, unsigned bits);
};
int64_t extended(uint64_t x, unsigned bits) {
  return int64_t(x << (64 - bits)) >> (64 - bits);
}
#define AFTER(E)                                                                                   \
  [](uint64_t m, uint64_t d, [[maybe_unused]] uint64_t compared,                                   \
     [[maybe_unused]] unsigned bits) -> uint64_t { return (E); }
constexpr ScalarAtomic kScalarAtomics[] = {
    {"add", AFTER(m + d)},
    {"sub", AFTER(m - d)},
    {"inc", AFTER(m >= d ? 0 : m + 1)},
    {"dec", AFTER(m == 0 || m > d ? d : m - 1)},
    {"smin", AFTER(extended(d, bits) < extended(m, bits) ? d : m)},
    {"smax", AFTER(extended(d, bits) >= extended(m, bits) ? d : m)},
    {"umin", AFTER(d < m ? d : m)},
    {"umax", AFTER(d >= m ? d : m)},
    {"and", AFTER(m & d)},
    {"or", AFTER(m | d)},
    {"xor", AFTER(m ^ d)},
    {"swap", AFTER(((void)m, d))},
    {"cmpswap", AFTER(m == compared ? d : m)},
};
#undef AFTER

} // namespace

TESTED_CASE("scalar atomics") {
  // Source: MI200 and MI300 ISA, SMEM opcodes: each is one read-modify-write of the wave.
  const uint64_t edges[] = {
      0,           1, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
      ~uint64_t(0)};
  for (const char *cpu : {"gfx90a", "gfx942"}) {
    Machine m(cpu, 64);
    for (const ScalarAtomic &op : kScalarAtomics)
      for (unsigned form = 0; form < 8; form++) {
        bool wide = form & 1, buffer = form & 2, returns = form & 4;
        bool compares = std::string_view(op.name) == "cmpswap";
        unsigned bits = wide ? 64 : 32, dwords = (wide ? 2 : 1) * (compares ? 2 : 1);
        uint64_t mask = ~uint64_t(0) >> (64 - bits);
        std::string text = buffer ? "s_buffer_atomic_" : "s_atomic_";
        text += std::string(op.name) + (wide ? "_x2 " : " ");
        text += dwords == 1 ? "s8" : dwords == 2 ? "s[8:9]" : "s[8:11]";
        text += buffer ? ", s[4:7], 0x8" : ", s[2:3], 0x8";
        text += returns ? " glc" : "";
        INFO(text << " on " << cpu);
        bool first = true;
        for (uint64_t in : edges)
          for (uint64_t data : edges)
            for (unsigned limit : {64u, 8u}) {
              m.set_s64(2, uint64_t(m.global));
              m.set_s64(4, uint64_t(m.global));
              m.wave.s[6] = limit, m.wave.s[7] = 0;
              uint64_t compared = data & 1 ? in : in + 1;
              m.set_s64(8, data);
              m.set_s64(10, ~data);
              if (compares)
                m.set_s64(wide ? 10 : 9, compared);
              memset(m.global, 0x77, 32);
              memcpy(m.global + 8, &in, bits / 8);
              uint64_t regs[2] = {m.s64(8), m.s64(10)}, got, want = in;
              bool ran = first ? m.run(text) : m.again();
              first = false;
              REQUIRE(ran);
              bool outside = buffer && limit == 8;
              if (!outside)
                want = op.after(in & mask, data & mask, compared & mask, bits);
              memcpy(&got, m.global + 8, 8);
              CHECK((got & mask) == (want & mask));
              CHECK((got & ~mask) == (0x7777777777777777 & ~mask));
              uint64_t old = outside ? 0 : in;
              if (returns)
                regs[0] = (regs[0] & ~mask) | (old & mask);
              CHECK(m.s64(8) == regs[0]);
              CHECK(m.s64(10) == regs[1]);
            }
      }
  }
}

TESTED_CASE("scalar stores, and loads of scratch") {
  // Source: MI200 and MI300 ISA, "Scalar Memory": a scratch offset in a register counts 64 bytes.
  for (const char *cpu : {"gfx90a", "gfx942"})
    for (unsigned n : {1u, 2u, 4u})
      for (unsigned form = 0; form < 8; form++) {
        bool by_register = form & 1;
        const char *names[] = {"s_store_dword", "s_buffer_store_dword", "s_scratch_store_dword",
                               "s_scratch_load_dword"};
        bool buffer = form / 2 == 1, scratch = form / 2 >= 2, load = form / 2 == 3;
        Machine m(cpu, 64);
        for (unsigned k = 0; k < 8192; k++)
          m.global[k] = uint8_t(k * 7 + (k >> 8));
        std::vector<uint8_t> before(m.global, m.global + 8192);
        m.set_s64(2, uint64_t(m.global));
        m.set_s64(4, uint64_t(m.global));
        unsigned at = !by_register ? 0x30 : scratch ? 0x30 * 64 : 0x30;
        m.wave.s[6] = at + 8, m.wave.s[7] = 0, m.wave.s[12] = 0x30; // two dwords are inside
        for (unsigned k = 0; k < 4; k++)
          m.wave.s[8 + k] = 0xabcd0000 + k;
        std::string text = names[form / 2];
        text += n == 1 ? " s8" : n == 2 ? "x2 s[8:9]" : "x4 s[8:11]";
        text += buffer ? ", s[4:7], " : ", s[2:3], ";
        text += by_register ? "s12" : "0x30";
        INFO(text << " on " << cpu);
        REQUIRE(m.run(text));
        for (unsigned k = 0; k < 4; k++) {
          uint32_t old, data = 0xabcd0000 + k;
          memcpy(&old, before.data() + at + 4 * k, 4);
          bool stored = !load && k < n && !(buffer && k >= 2);
          CHECK(word(m, at + 4 * k) == (stored ? data : old));
          CHECK(m.wave.s[8 + k] == (load && k < n ? old : data));
        }
        memcpy(before.data() + at, m.global + at, 16);
        CHECK(memcmp(before.data(), m.global, 8192) == 0);
      }
}

TESTED_CASE("narrow loads of scalar buffers") {
  on("gfx1201",
     "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 3\ns_mov_b32 s7, 0\n>s_buffer_load_u8 s8, s[4:7], "
     "0x2\n>s_buffer_load_i16 s9, s[4:7], 0x1\n>s_buffer_load_u16 s10, s[4:7], "
     "0x2\n>s_buffer_load_i8 "
     "s11, "
     "s[4:7], 0x0",
     [](Machine &m) {
       CHECK(m.wave.s[8] == m.global[2]);
       CHECK(m.wave.s[9] == uint32_t(int16_t(m.global[1] | m.global[2] << 8)));
       CHECK(m.wave.s[10] == 0);
       CHECK(m.wave.s[11] == uint32_t(int8_t(m.global[0])));
     });
}
