// Loads and stores of global, flat and scratch memory: widths, extension, d16 halves, offsets,
// scalar bases, unaligned addresses, EXEC. Scalar loads. Source: AMD ISA documents, FLAT, GLOBAL,
// SCRATCH, SMEM; offset ranges as LLVM's assembler has them.
#include "memory_setup.h"

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

enum class Half { None, Low, High };
struct Instruction {
  const char *name; ///< gfx9's
  unsigned bytes;
  bool is_signed = false;
  Half half = Half::None;
};
const Instruction kLoads[] = {
    {"load_ubyte", 1},
    {"load_sbyte", 1, true},
    {"load_ushort", 2},
    {"load_sshort", 2, true},
    {"load_dword", 4},
    {"load_dwordx2", 8},
    {"load_dwordx3", 12},
    {"load_dwordx4", 16},
    {"load_ubyte_d16", 1, false, Half::Low},
    {"load_ubyte_d16_hi", 1, false, Half::High},
    {"load_sbyte_d16", 1, true, Half::Low},
    {"load_sbyte_d16_hi", 1, true, Half::High},
    {"load_short_d16", 2, false, Half::Low},
    {"load_short_d16_hi", 2, false, Half::High},
};
const Instruction kStores[] = {
    {"store_byte", 1},
    {"store_short", 2},
    {"store_byte_d16_hi", 1, false, Half::High},
    {"store_short_d16_hi", 2, false, Half::High},
    {"store_dword", 4},
    {"store_dwordx2", 8},
    {"store_dwordx3", 12},
    {"store_dwordx4", 16},
};
/// Register k of what the load leaves in v[10:13], given its bytes. gfx90a and gfx942 have ECC in
/// their registers: a d16 load clears the other half (LLVM GCNSubtarget::d16PreservesUnusedBits).
uint32_t loaded(const Machine &m, const Instruction &a, unsigned k, uint32_t old,
                const std::function<uint8_t(unsigned)> &byte) {
  if (a.bytes >= 4) {
    if (4 * k >= a.bytes)
      return old;
    uint32_t x = 0;
    for (unsigned j = 0; j < 4; j++)
      x |= uint32_t(byte(4 * k + j)) << (8 * j);
    return x;
  }
  if (k)
    return old;
  uint32_t x = byte(0) | (a.bytes == 2 ? uint32_t(byte(1)) << 8 : 0);
  if (a.is_signed)
    x = a.bytes == 1 ? uint32_t(int8_t(x)) : uint32_t(int16_t(x));
  if (a.half == Half::None)
    return x;
  uint32_t other = generation(m) == 9 ? 0 : old;
  return a.half == Half::Low ? (other & 0xffff0000) | (x & 0xffff) : (other & 0xffff) | x << 16;
}
std::string registers(unsigned bytes) {
  return bytes <= 4 ? "v10" : "v[10:" + std::to_string(9 + bytes / 4) + "]";
}

/// One way to say an address. `at(lane)` is the byte that it means, in the lane's segment.
struct Form {
  const char *space, *address; ///< "global_", "v[2:3], off offset:-7"
  void (*setup)(Machine &m, unsigned lane, unsigned target);
  const char *only = "gfx";
};
void as_pair(Machine &m, unsigned lane, uint64_t target) {
  set_address(m, 2, lane, uint64_t(m.global) + target);
}
const Form kForms[] = {
    {"global_", "v[2:3], off", [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, t); }},
    {"global_", "v[2:3], off offset:7",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) - 7); }},
    {"global_", "v[2:3], off offset:-2048",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, t + 2048); }},
    {"global_", "v[2:3], off offset:-4096",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, t + 4096); }, "gfx9"},
    {"global_", "v[2:3], off offset:4095",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) - 4095); }, "gfx11"},
    {"global_", "v[2:3], off offset:-8388608",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) + 8388608); }, "gfx12"},
    {"global_", "v4, s[2:3] offset:-16",
     [](Machine &m, unsigned l, unsigned t) {
       m.set_s64(2, uint64_t(m.global) + 11);
       m.v(4, l) = t + 5;
     }},
    // The register's offset is unsigned.
    {"global_", "v4, s[2:3]",
     [](Machine &m, unsigned l, unsigned t) {
       m.set_s64(2, uint64_t(m.global) - 0xffff0000u);
       m.v(4, l) = 0xffff0000u + t;
     }},
    {"flat_", "v[2:3]", [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, t); }},
    {"flat_", "v[2:3] offset:2047",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) - 2047); }},
    {"flat_", "v[2:3] offset:4095",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) - 4095); }, "gfx11"},
    {"flat_", "v[2:3] offset:-5",
     [](Machine &m, unsigned l, unsigned t) { as_pair(m, l, uint64_t(t) + 5); }, "gfx12"},
    {"scratch_", "v4, off", [](Machine &m, unsigned l, unsigned t) { m.v(4, l) = t; }},
    {"scratch_", "v4, off offset:40",
     [](Machine &m, unsigned l, unsigned t) { m.v(4, l) = t - 40; }},
    {"scratch_", "v4, off offset:-40",
     [](Machine &m, unsigned l, unsigned t) { m.v(4, l) = t + 40; }},
    {"scratch_", "v4, s2 offset:8",
     [](Machine &m, unsigned l, unsigned t) {
       m.wave.s[2] = 24;
       m.v(4, l) = t - 32;
     }},
};
/// Where a lane looks: unaligned, its own bytes.
unsigned target(const Form &f, unsigned lane) {
  return std::string_view(f.space) == "scratch_" ? 100 + 7 * lane % 300 : 8192 + 21 * lane;
}
bool in_scratch(const Form &f) {
  return std::string_view(f.space) == "scratch_";
}
const uint64_t kExecs[] = {~uint64_t(0), 0x8000000180000001, 0x5a5a5a5aa5a5a5a5};

} // namespace

TESTED_CASE("loads of all widths in all address forms") {
  for (const Form &f : kForms)
    for (const Instruction &a : kLoads) {
      bool ran = false;
      for (const Model &model : models()) {
        if (!std::string_view(model.cpu).starts_with(f.only))
          continue;
        Machine m(model.cpu, model.lanes);
        std::string text =
            std::string(f.space) + a.name + " " + registers(a.bytes) + ", " + f.address;
        for (uint64_t exec : kExecs) {
          fill_memory(m);
          for (unsigned r = 10; r < 14; r++)
            m.set(r, {0xcafe0000u + r});
          for (unsigned l = 0; l < m.lanes; l++)
            f.setup(m, l, target(f, l));
          m.wave.set_exec(exec & m.wave.full_exec());
          // Lanes that are off have an address that would fault.
          for (unsigned l = 0; l < m.lanes; l++)
            if (!(exec >> l & 1))
              m.v(2, l) = m.v(3, l) = 0, m.v(4, l) = 0x7ffffff0;
          bool ok = exec == kExecs[0] ? m.run(text) : m.again();
          if (!m.assembled)
            break;
          ran = true;
          INFO(text << " on " << model.cpu << " wave" << model.lanes << " " << m.stop.text);
          REQUIRE(ok);
          bool same = true;
          for (unsigned l = 0; l < m.lanes; l++)
            for (unsigned k = 0; k < 4; k++) {
              uint32_t old = 0xcafe0000u + 10 + k, want = old;
              if (exec >> l & 1)
                want = loaded(m, a, k, old, [&](unsigned j) {
                  unsigned at = target(f, l) + j;
                  return in_scratch(f) ? byte_at(at + l) : byte_at(at);
                });
              if (m.v(10 + k, l) != want) {
                INFO("lane " << l << " v" << 10 + k << std::hex << " 0x" << m.v(10 + k, l)
                             << ", want 0x" << want);
                CHECK(same);
                same = false;
              }
            }
          CHECK(same);
        }
      }
      INFO(f.space << a.name << " " << f.address);
      CHECK(ran);
    }
}

TESTED_CASE("stores of all widths in all address forms") {
  for (const Form &f : kForms)
    for (const Instruction &a : kStores) {
      bool ran = false;
      for (const Model &model : models()) {
        if (!std::string_view(model.cpu).starts_with(f.only))
          continue;
        Machine m(model.cpu, model.lanes);
        std::string address = f.address, rest;
        // The data stands behind the vector address.
        size_t comma = address.find(", ");
        if (std::string_view(f.space) == "flat_")
          comma = std::min(address.find(' '), address.size());
        rest = address.substr(comma);
        std::string text = std::string(f.space) + a.name + " " + address.substr(0, comma) + ", " +
                           registers(a.bytes) + rest;
        for (uint64_t exec : kExecs) {
          fill_memory(m);
          for (unsigned l = 0; l < m.lanes; l++) {
            for (unsigned r = 10; r < 14; r++)
              m.v(r, l) = 0x01234567u * r + l;
            f.setup(m, l, target(f, l));
          }
          m.wave.set_exec(exec & m.wave.full_exec());
          std::vector<uint8_t> global(m.global, m.global + 65536), scratch = m.scratch;
          for (unsigned l = 0; l < m.lanes; l++) {
            if (!(exec >> l & 1)) {
              m.v(2, l) = m.v(3, l) = 0, m.v(4, l) = 0x7ffffff0;
              continue;
            }
            for (unsigned j = 0; j < a.bytes; j++) {
              unsigned at = target(f, l) + j;
              uint32_t data = m.v(10 + j / 4, l) >> (a.half == Half::High ? 16 : 0);
              uint8_t byte = uint8_t(data >> (8 * (j & 3)));
              if (in_scratch(f))
                scratch[(at / 4 * m.lanes + l) * 4 + (at & 3)] = byte;
              else
                global[at] = byte;
            }
          }
          bool ok = exec == kExecs[0] ? m.run(text) : m.again();
          if (!m.assembled)
            break;
          ran = true;
          INFO(text << " on " << model.cpu << " wave" << model.lanes << " " << m.stop.text);
          REQUIRE(ok);
          CHECK(memcmp(m.global, global.data(), global.size()) == 0);
          CHECK(m.scratch == scratch);
        }
      }
      INFO(f.space << a.name << " " << f.address);
      CHECK(ran);
    }
}

TEST_CASE("instruction offsets have the generation's range") {
  struct Range {
    const char *cpu;
    int global_min, global_max, flat_min, flat_max;
  };
  for (const Range &r :
       {Range{"gfx90a", -4096, 4095, 0, 4095}, Range{"gfx942", -4096, 4095, 0, 4095},
        Range{"gfx1030", -2048, 2047, 0, 2047}, Range{"gfx1100", -4096, 4095, 0, 4095},
        Range{"gfx1201", -8388608, 8388607, -8388608, 8388607}}) {
    unsigned lanes = std::string_view(r.cpu).starts_with("gfx9") ? 64 : 32;
    auto assembles = [&](bool flat, int offset) {
      Machine m(r.cpu, lanes);
      fill_memory(m);
      for (unsigned l = 0; l < lanes; l++)
        set_address(m, 2, l, uint64_t(m.global) + 1024 + l - uint64_t(int64_t(offset)));
      bool ok = m.run((flat ? "flat_load_ubyte v0, v[2:3] offset:"
                            : "global_load_ubyte v0, v[2:3], off offset:") +
                      std::to_string(offset));
      if (m.assembled) {
        REQUIRE(ok);
        for (unsigned l = 0; l < lanes; l++)
          CHECK_LANE(m.v(0, l) == byte_at(1024 + l));
      }
      return m.assembled;
    };
    INFO(r.cpu);
    CHECK(assembles(false, r.global_min));
    CHECK(assembles(false, r.global_max));
    CHECK_FALSE(assembles(false, r.global_min - 1));
    CHECK_FALSE(assembles(false, r.global_max + 1));
    CHECK(assembles(true, r.flat_min));
    CHECK(assembles(true, r.flat_max));
    CHECK_FALSE(assembles(true, r.flat_min - 1));
    CHECK_FALSE(assembles(true, r.flat_max + 1));
  }
}

TEST_CASE("flat addresses reach global memory, LDS and scratch lane by lane") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    for (unsigned l = 0; l < m.lanes; l++) {
      uint64_t base[] = {uint64_t(m.global), m.group.shared_base, m.group.private_base};
      set_address(m, 2, l, base[l % 3] + 64 + 5 * l);
      m.v(8, l) = 0xabcd0000 + l;
    }
    INFO(model.cpu << " wave" << model.lanes);
    REQUIRE(m.run("flat_load_ushort v0, v[2:3] offset:3\nflat_store_byte v[2:3], v8 offset:1"));
    for (unsigned l = 0; l < m.lanes; l++) {
      unsigned at = 64 + 5 * l, shift = l % 3 == 2 ? l : 0;
      CHECK_LANE(m.v(0, l) == uint32_t(byte_at(at + 3 + shift) | byte_at(at + 4 + shift) << 8));
      uint8_t now = l % 3 == 0   ? m.global[at + 1]
                    : l % 3 == 1 ? m.lds[at + 1]
                                 : *scratch_byte(m, at + 1, l);
      CHECK(now == l);
    }
  }
}

TEST_CASE("scratch offsets: negative registers and the end of the segment") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    m.set(4, {uint32_t(-4)});
    INFO(model.cpu << " wave" << model.lanes);
    // Before gfx12 the register is an unsigned number; gfx12 wraps at 32 bits.
    bool wraps = generation(m) >= 12;
    CHECK(m.run("scratch_load_ubyte v0, v4, off offset:20") == wraps);
    if (wraps)
      CHECK_LANE(m.v(0, 3) == byte_at(16 + 3));
    else
      CHECK(m.stop.kind == StopKind::MemoryFault);
    // A bug of gfx9 (LLVM's feature negative-scratch-offset-bug)
    m.wave.s[4] = 64;
    CHECK(m.run("scratch_load_ubyte v0, off, s4 offset:-8") == (generation(m) != 9));
    if (generation(m) != 9)
      CHECK_LANE(m.v(0, 3) == byte_at(56 + 3));
    m.set(4, {1021});
    CHECK_FALSE(m.run("scratch_load_dword v0, v4, off"));
    CHECK(m.stop.kind == StopKind::MemoryFault);
    CHECK(m.stop.space == MemorySpace::Scratch);
    CHECK(m.stop.address == 1021);
    m.set(4, {1020});
    CHECK(m.run("scratch_load_dword v0, v4, off"));
  }
}

TESTED_CASE("scalar loads of all sizes") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    auto dword = [](unsigned at) {
      uint32_t x = 0;
      for (unsigned j = 0; j < 4; j++)
        x |= uint32_t(byte_at(at + j)) << (8 * j);
      return x;
    };
    auto fresh = [&] {
      for (unsigned k = 0; k < 40; k++)
        m.wave.s[k] = 7000 + k;
      m.set_s64(2, uint64_t(m.global) + 4096);
      m.wave.s[4] = 40;
    };
    INFO(model.cpu);
    struct Size {
      const char *suffix, *to;
      unsigned n;
    };
    for (const Size &z : {Size{"dword", "s8", 1}, Size{"dwordx2", "s[8:9]", 2},
                          Size{"b96", "s[8:10]", 3}, Size{"dwordx4", "s[8:11]", 4},
                          Size{"dwordx8", "s[8:15]", 8}, Size{"dwordx16", "s[8:23]", 16}}) {
      struct Offset {
        const char *text;
        int at;
      };
      for (const Offset &o : {Offset{"0x0", 0}, Offset{"0x7fff0", -1}, Offset{"s4", 40},
                              Offset{"-0x400", -0x400}, Offset{"0x400", 0x400}}) {
        fresh();
        int at = o.at;
        if (at == -1) { // 20 bits
          m.set_s64(2, uint64_t(m.global) + 4096 - 0x7fff0);
          at = 0;
        }
        bool ok = m.run(std::string("s_load_") + z.suffix + " " + z.to + ", s[2:3], " + o.text);
        if (!m.assembled)
          continue;
        INFO(z.suffix << " " << o.text);
        REQUIRE(ok);
        for (unsigned k = 0; k < 20; k++)
          CHECK(m.wave.s[8 + k] == (k < z.n ? dword(unsigned(4096 + at) + 4 * k) : 7000 + 8 + k));
      }
      // Buffer loads: dwords beyond the end are zero. Without a stride the end counts bytes.
      for (unsigned stride : {0u, 16u}) {
        fresh();
        m.set_s64(4, (uint64_t(m.global) + 4096) | uint64_t(stride) << 48);
        m.wave.s[6] = stride ? 3 : 44;
        m.wave.s[7] = 0;
        std::string name = std::string("s_buffer_load_") + z.suffix;
        bool ok = m.run(name + " " + z.to + ", s[4:7], 0x14");
        if (!m.assembled)
          continue;
        INFO(name << " stride " << stride);
        REQUIRE(ok);
        unsigned end = stride ? 48 : 44;
        for (unsigned k = 0; k < z.n; k++)
          CHECK(m.wave.s[8 + k] == (0x14 + 4 * k + 4 <= end ? dword(4096 + 0x14 + 4 * k) : 0));
        CHECK(m.wave.s[8 + z.n] == 7000 + 8 + z.n);
      }
    }
    // Register and constant together.
    fresh();
    m.run("s_load_dword s8, s[2:3], s4 offset:0x8");
    if (m.assembled)
      CHECK(m.wave.s[8] == dword(4096 + 48));
    // The destination may be the base.
    fresh();
    REQUIRE(m.run("s_load_dwordx4 s[0:3], s[2:3], 0x0"));
    CHECK(m.wave.s[3] == dword(4096 + 12));
    // The low two bits of the address do not count.
    fresh();
    m.wave.s[4] = 7;
    REQUIRE(m.run("s_load_dword s8, s[2:3], s4"));
    CHECK(m.wave.s[8] == dword(4096 + 4));
    // Bytes and halves of gfx12, at any address
    struct Small {
      const char *name;
      unsigned at;
      uint32_t want;
    };
    for (const Small &c : {Small{"s_load_u8", 5, byte_at(4101)},
                           Small{"s_load_i8", 6, uint32_t(int8_t(byte_at(4102)))},
                           Small{"s_load_u16", 6, dword(4102) & 0xffff},
                           Small{"s_load_i16", 10, uint32_t(int16_t(dword(4106)))}}) {
      fresh();
      m.run(std::string(c.name) + " s8, s[2:3], " + std::to_string(c.at));
      CHECK(m.assembled == is_gfx(m, "gfx12"));
      if (m.assembled)
        CHECK(m.wave.s[8] == c.want);
    }
    // The register counts units of 64 bytes.
    fresh();
    m.wave.s[4] = 3;
    m.run("s_scratch_load_dword s8, s[2:3], s4");
    if (m.assembled)
      CHECK(m.wave.s[8] == dword(4096 + 192));
    fresh();
    m.set_s64(2, 0x1000);
    CHECK_FALSE(m.run("s_load_dword s8, s[2:3], 0x0"));
    CHECK(m.stop.kind == StopKind::MemoryFault);
    CHECK(m.stop.space == MemorySpace::Scalar);
  }
}

TEST_CASE("a load may overwrite its own address") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    for (unsigned l = 0; l < m.lanes; l++)
      set_address(m, 2, l, uint64_t(m.global) + 16 * l), m.v(4, l) = 16 * l;
    INFO(model.cpu);
    REQUIRE(m.run("global_load_dwordx4 v[0:3], v[2:3], off\nds_read2_b64 v[4:7], v4 offset1:1"));
    for (unsigned l = 0; l < m.lanes; l++)
      for (unsigned k = 0; k < 16; k++) {
        CHECK_LANE((m.v(k / 4, l) >> (8 * (k & 3)) & 0xff) == byte_at(16 * l + k));
        CHECK_LANE((m.v(4 + k / 4, l) >> (8 * (k & 3)) & 0xff) == byte_at(16 * l + k));
      }
  }
}
