// Buffer loads, stores and atomics: addressing by index and offset, bounds. Source: AMD ISA
// documents, "Buffer Addressing" and "Range checking"; the resource's words as there.
#include "memory_setup.h"

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

enum Check : uint32_t { kStructured = 0, kIndex = 1, kUnchecked = 2, kRaw = 3 };
void resource(Machine &m, uint32_t stride, uint32_t records, Check check) {
  uint64_t base = uint64_t(m.global) + 1024;
  m.wave.s[4] = uint32_t(base), m.wave.s[5] = uint32_t(base >> 32) | stride << 16;
  m.wave.s[6] = records;
  m.wave.s[7] = generation(m) == 9 ? 0x27000 : 0x01027000 | check << 28; // OOB_SELECT from gfx10 on
}
uint32_t bytes_at(unsigned at, unsigned n) {
  uint32_t x = 0;
  for (unsigned j = 0; j < n; j++)
    x |= uint32_t(byte_at(at + j)) << (8 * j);
  return x;
}
struct Width {
  const char *load, *store;
  unsigned bytes;
};
const Width kWidths[] = {{"dword", "dword", 4},      {"dwordx2", "dwordx2", 8},
                         {"dwordx3", "dwordx3", 12}, {"dwordx4", "dwordx4", 16},
                         {"ubyte", "byte", 1},       {"ushort", "short", 2}};
std::string registers(unsigned bytes) {
  return bytes <= 4 ? "v10" : "v[10:" + std::to_string(9 + bytes / 4) + "]";
}

} // namespace

TESTED_CASE("raw buffers: offsets, bounds, zero outside") {
  for (const Width &w : kWidths)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      auto fresh = [&] {
        fill_memory(m);
        resource(m, 0, 512, kRaw);
        m.wave.s[8] = 32;
        for (unsigned l = 0; l < m.lanes; l++) {
          // Up to the last place that fits, then beyond by whole accesses.
          m.v(4, l) = l < 8 ? 512 - w.bytes - 48 - 16 * (7 - l) : 512 - 48 + 16 * (l - 8);
          for (unsigned k = 0; k < 4; k++)
            m.v(10 + k, l) = 0xbeef0000 + 16 * l + k;
        }
      };
      fresh();
      // The scalar offset is part of the address; the lanes are in or out with and without it.
      for (unsigned l = 0; l < m.lanes; l++)
        m.v(4, l) -= l < 8 ? 32 : 0;
      INFO(w.load << " on " << model.cpu << " wave" << model.lanes);
      bool ok = m.run(with_offset(m, std::string("buffer_load_") + w.load + " " +
                                         registers(w.bytes) + ", v4, s[4:7], s8 offen offset:48"));
      INFO(m.stop.text);
      REQUIRE(ok);
      for (unsigned l = 0; l < m.lanes; l++)
        for (unsigned k = 0; 4 * k < w.bytes; k++)
          CHECK_LANE(
              m.v(10 + k, l) ==
              (l < 8 ? bytes_at(1024 + m.v(4, l) + 32 + 48 + 4 * k, std::min(w.bytes, 4u)) : 0));
      fresh();
      std::vector<uint8_t> want(m.global, m.global + 65536);
      for (unsigned l = 0; l < 8; l++)
        for (unsigned j = 0; j < w.bytes; j++)
          want[1024 + m.v(4, l) + 48 + j] = uint8_t(m.v(10 + j / 4, l) >> (8 * (j & 3)));
      REQUIRE(m.run(with_offset(m, std::string("buffer_store_") + w.store + " " +
                                       registers(w.bytes) + ", v4, s[4:7], 0 offen offset:48")));
      CHECK(memcmp(m.global, want.data(), want.size()) == 0);
    }
}

TESTED_CASE("sub-dword buffer accesses extend and keep halves") {
  struct Small {
    const char *name;
    uint32_t (*want)(unsigned at, uint32_t other);
    bool half;
  };
  const Small cases[] = {
      {"load_sbyte", [](unsigned at, uint32_t) { return uint32_t(int8_t(byte_at(at))); }, false},
      {"load_sshort", [](unsigned at, uint32_t) { return uint32_t(int16_t(bytes_at(at, 2))); },
       false},
      {"load_ubyte_d16", [](unsigned at, uint32_t o) { return (o & 0xffff0000) | byte_at(at); },
       true},
      {"load_ubyte_d16_hi",
       [](unsigned at, uint32_t o) { return (o & 0xffff) | uint32_t(byte_at(at)) << 16; }, true},
      {"load_sbyte_d16",
       [](unsigned at, uint32_t o) { return (o & 0xffff0000) | uint16_t(int8_t(byte_at(at))); },
       true},
      {"load_sbyte_d16_hi",
       [](unsigned at, uint32_t o) { return (o & 0xffff) | uint32_t(int8_t(byte_at(at))) << 16; },
       true},
      {"load_short_d16", [](unsigned at, uint32_t o) { return (o & 0xffff0000) | bytes_at(at, 2); },
       true},
      {"load_short_d16_hi",
       [](unsigned at, uint32_t o) { return (o & 0xffff) | bytes_at(at, 2) << 16; }, true},
  };
  for (const Small &c : cases)
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      fill_memory(m);
      resource(m, 0, 64, kRaw);
      m.set(10, {0xbeefcafe});
      for (unsigned l = 0; l < m.lanes; l++)
        m.v(4, l) = 3 * l + (l > 19 ? 64 : 0);
      INFO(c.name << " on " << model.cpu << " wave" << model.lanes);
      REQUIRE(m.run(with_offset(m, std::string("buffer_") + c.name + " v10, v4, s[4:7], 0 offen")));
      uint32_t other = generation(m) == 9 ? 0 : 0xbeefcafe;
      for (unsigned l = 0; l < m.lanes; l++) {
        bool high = std::string_view(c.name).ends_with("_hi");
        uint32_t zero = c.half ? other & (high ? 0xffff : 0xffff0000) : 0;
        CHECK_LANE(m.v(10, l) == (l <= 19 ? c.want(1024 + 3 * l, other) : zero));
      }
    }
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    resource(m, 0, 64, kRaw);
    m.set(10, {0x12345678});
    m.set(4, {8});
    m.wave.set_exec(1);
    REQUIRE(m.run(with_offset(m, "buffer_store_byte_d16_hi v10, v4, s[4:7], 0 offen")));
    CHECK(m.global[1032] == 0x34);
    CHECK(m.global[1033] == byte_at(1033));
    REQUIRE(m.run(with_offset(m, "buffer_store_short_d16_hi v10, v4, s[4:7], 0 offen offset:6")));
    CHECK(m.global[1038] == 0x34);
    CHECK(m.global[1039] == 0x12);
    CHECK(m.global[1040] == byte_at(1040));
  }
}

TEST_CASE("structured buffers: index, offset, both") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " wave" << model.lanes);
    auto fresh = [&](Check check) {
      fill_memory(m);
      resource(m, 20, 10, check); // ten records of 20 bytes
      m.set(10, {0xbeef});
      for (unsigned l = 0; l < m.lanes; l++)
        m.v(4, l) = l, m.v(5, l) = 4 * (l % 6);
    };
    fresh(kStructured);
    REQUIRE(m.run(with_offset(m, "buffer_load_dword v10, v4, s[4:7], 0 idxen offset:16")));
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK_LANE(m.v(10, l) == (l < 10 ? bytes_at(1024 + 20 * l + 16, 4) : 0));
    fresh(kStructured);
    REQUIRE(m.run(with_offset(m, "buffer_load_dword v10, v[4:5], s[4:7], 0 idxen offen")));
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK_LANE(m.v(10, l) ==
                 (l < 10 && l % 6 < 5 ? bytes_at(1024 + 20 * l + 4 * (l % 6), 4) : 0));
    if (generation(m) == 9)
      continue;
    // The index alone; nothing but emptiness
    fresh(kIndex);
    REQUIRE(m.run(with_offset(m, "buffer_load_dword v10, v[4:5], s[4:7], 0 idxen offen")));
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK_LANE(m.v(10, l) == (l < 10 ? bytes_at(1024 + 20 * l + 4 * (l % 6), 4) : 0));
    fresh(kUnchecked);
    REQUIRE(m.run(with_offset(m, "buffer_load_dword v10, v[4:5], s[4:7], 0 idxen offen")));
    CHECK_LANE(m.v(10, 31) == bytes_at(1024 + 20 * 31 + 4, 4));
    fresh(kUnchecked);
    m.wave.s[6] = 0;
    REQUIRE(m.run(with_offset(m, "buffer_load_dword v10, v[4:5], s[4:7], 0 idxen offen")));
    CHECK_LANE(m.v(10, 1) == 0);
  }
}

TEST_CASE("buffer accesses that the documents leave open stop the wave") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " wave" << model.lanes);
    fill_memory(m);
    // In bounds without the scalar offset, out of bounds with it
    resource(m, 0, 64, kRaw);
    m.set(4, {48});
    m.wave.s[8] = 32;
    CHECK_FALSE(m.run(with_offset(m, "buffer_load_dword v10, v4, s[4:7], s8 offen")));
    CHECK(m.stop.kind == StopKind::Unsupported);
    // Swizzled
    resource(m, 0, 64, kRaw);
    m.wave.s[5] |= 1u << 31;
    CHECK_FALSE(m.run(with_offset(m, "buffer_load_dword v10, v4, s[4:7], 0 offen")));
    CHECK(m.stop.kind == StopKind::Unsupported);
    CHECK(m.stop.text.find("swizzled") != std::string::npos);
  }
}

TEST_CASE("buffer atomics outside return zero and change nothing") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    fill_memory(m);
    resource(m, 0, 64, kRaw);
    for (unsigned l = 0; l < m.lanes; l++)
      m.v(4, l) = 4 * l, m.v(10, l) = 5, m.v(11, l) = bytes_at(1024 + 4 * l, 4);
    INFO(model.cpu << " wave" << model.lanes);
    REQUIRE(m.run(
        with_offset(m, "buffer_atomic_cmpswap v[10:11], v4, s[4:7], 0 offen" + returning(m))));
    for (unsigned l = 0; l < m.lanes; l++) {
      uint32_t now;
      memcpy(&now, m.global + 1024 + 4 * l, 4);
      CHECK_LANE(m.v(10, l) == (l < 16 ? bytes_at(1024 + 4 * l, 4) : 0));
      CHECK_LANE(m.v(11, l) == bytes_at(1024 + 4 * l, 4));
      CHECK(now == (l < 16 ? 5 : bytes_at(1024 + 4 * l, 4)));
    }
  }
}
