// Loads, stores and atomics of every segment; faults.
#include "machine.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// v[2:3] = address of 16 bytes per lane in global memory (filled with 0, 1, 2, ...), s[2:3] =
/// their base, v4 = 16 * lane.
void prepare(Machine &m) {
  for (unsigned k = 0; k < 65536; k++)
    m.global[k] = uint8_t(k * 7 + (k >> 8));
  uint64_t base = uint64_t(m.global);
  m.set_s64(2, base);
  for (unsigned l = 0; l < m.lanes; l++) {
    uint64_t a = base + 16 * l;
    m.v(2, l) = uint32_t(a), m.v(3, l) = uint32_t(a >> 32), m.v(4, l) = 16 * l;
  }
}
uint32_t word(const Machine &m, unsigned at) {
  uint32_t x;
  memcpy(&x, m.global + at, 4);
  return x;
}
template <class F> void on_all(const char *only, const std::string &text, F check) {
  bool ran = false;
  for (const Model &model : models()) {
    if (!std::string_view(model.cpu).starts_with(only))
      continue;
    Machine m(model.cpu, model.lanes);
    prepare(m);
    m.set(8, {0x11223344});
    m.set(9, {0x55667788});
    m.set(10, {0x99aabbcc});
    m.set(11, {0xddeeff00});
    m.set(0, {0xaaaaaaaa});
    bool ok = m.run(text);
    if (!m.assembled)
      continue;
    ran = true;
    INFO(text << " on " << model.cpu << " wave" << model.lanes << " " << m.stop.text);
    REQUIRE(ok);
    for (unsigned l = 0; l < m.lanes; l++)
      check(m, l);
  }
  INFO(text);
  CHECK(ran);
}

} // namespace

TEST_CASE("global loads") {
  on_all("gfx", "global_load_dword v0, v[2:3], off",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == word(m, 16 * l)); });
  on_all("gfx", "global_load_dword v0, v[2:3], off offset:4",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == word(m, 16 * l + 4)); });
  on_all("gfx", "global_load_dword v0, v4, s[2:3] offset:1",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == word(m, 16 * l + 1)); });
  on_all("gfx", "global_load_dwordx4 v[0:3], v[2:3], off", [](Machine &m, unsigned l) {
    for (unsigned k = 0; k < 4; k++)
      CHECK(m.v(k, l) == word(m, 16 * l + 4 * k));
  });
  on_all("gfx", "global_load_dwordx3 v[4:6], v4, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.v(6, l) == word(m, 16 * l + 8)); });
  on_all("gfx", "global_load_ubyte v0, v4, s[2:3] offset:3",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == m.global[16 * l + 3]); });
  on_all("gfx", "global_load_sbyte v0, v4, s[2:3] offset:3", [](Machine &m, unsigned l) {
    CHECK(m.v(0, l) == uint32_t(int8_t(m.global[16 * l + 3])));
  });
  on_all("gfx", "global_load_sshort v0, v4, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == uint32_t(int16_t(word(m, 16 * l)))); });
  on_all("gfx1", "global_load_short_d16_hi v0, v4, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == (word(m, 16 * l) << 16 | 0xaaaa)); });
  on_all("gfx1", "global_load_ubyte_d16 v0, v4, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == (0xaaaa0000 | m.global[16 * l])); });
  on_all("gfx", "flat_load_dwordx2 v[0:1], v[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.v(1, l) == word(m, 16 * l + 4)); });
}

TEST_CASE("global stores") {
  on_all("gfx", "global_store_dwordx4 v[2:3], v[8:11], off", [](Machine &m, unsigned l) {
    CHECK(word(m, 16 * l) == 0x11223344);
    CHECK(word(m, 16 * l + 12) == 0xddeeff00);
  });
  on_all("gfx", "global_store_short v4, v8, s[2:3] offset:2",
         [](Machine &m, unsigned l) { CHECK(word(m, 16 * l) >> 16 == 0x3344); });
  on_all("gfx", "global_store_byte_d16_hi v4, v8, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(m.global[16 * l] == 0x22); });
  on_all(
      "gfx", "s_mov_b64 exec, 5\nflat_store_dword v[2:3], v8\ns_mov_b64 exec, -1",
      [](Machine &m, unsigned l) { CHECK((word(m, 16 * l) == 0x11223344) == (l == 0 || l == 2)); });
}

TEST_CASE("scalar loads") {
  on_all("gfx", "s_load_dword s8, s[2:3], 0x10",
         [](Machine &m, unsigned) { CHECK(m.wave.s[8] == word(m, 16)); });
  on_all("gfx", "s_mov_b32 s4, 8\ns_load_dwordx2 s[8:9], s[2:3], s4",
         [](Machine &m, unsigned) { CHECK(m.wave.s[9] == word(m, 12)); });
  on_all("gfx", "s_load_dwordx16 s[8:23], s[2:3], 0x0",
         [](Machine &m, unsigned) { CHECK(m.wave.s[23] == word(m, 60)); });
  on_all("gfx12", "s_load_i8 s8, s[2:3], 0x5",
         [](Machine &m, unsigned) { CHECK(m.wave.s[8] == uint32_t(int8_t(m.global[5]))); });
  on_all("gfx",
         "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 8\ns_mov_b32 s7, 0\ns_buffer_load_dwordx4 "
         "s[8:11], s[4:7], 0x0",
         [](Machine &m, unsigned) {
           CHECK(m.wave.s[9] == word(m, 4));
           CHECK(m.wave.s[10] == 0);
         });
}

TEST_CASE("scratch") {
  on_all(
      "gfx942",
      "scratch_store_dwordx2 off, v[8:9], off offset:8\nscratch_load_dword v0, off, off offset:12",
      [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x55667788); });
  on_all("gfx11",
         "s_mov_b32 s32, 16\nscratch_store_b64 off, v[8:9], s32 offset:8\nv_mov_b32 v5, "
         "28\nscratch_load_b32 v0, v5, off",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x55667788); });
  on_all(
      "gfx",
      "v_mov_b32 v5, 6\nscratch_store_dword v5, v8, off\nscratch_load_ushort v0, v5, off offset:2",
      [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x1122); });
  on_all("gfx",
         "scratch_store_dword off, v4, off\ns_mov_b64 s[4:5], src_private_base\nv_mov_b32 v6, "
         "0\nv_mov_b32 v7, s5\nflat_load_dword v0, v[6:7]",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 16 * l); });
}

TEST_CASE("LDS") {
  on_all("gfx", "ds_write_b32 v4, v8 offset:4\nds_read_b32 v0, v4 offset:4",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x11223344); });
  on_all("gfx", "ds_write2_b32 v4, v8, v9 offset1:3\nds_read2_b32 v[0:1], v4 offset0:3",
         [](Machine &m, unsigned l) {
           CHECK(m.v(0, l) == 0x55667788);
           CHECK(m.v(1, l) == 0x11223344);
         });
  on_all("gfx", "ds_write2st64_b32 v4, v8, v9 offset1:4\nds_read_b32 v0, v4 offset:1024",
         [](Machine &m, unsigned l) {
           uint32_t x;
           memcpy(&x, m.lds.data() + 16 * l + 1024, 4);
           CHECK(x == 0x55667788);
           CHECK(m.v(0, l) == 0x55667788);
         });
  on_all("gfx", "ds_write_b128 v4, v[8:11]\nds_read2_b64 v[0:3], v4 offset1:1",
         [](Machine &m, unsigned l) { CHECK(m.v(3, l) == 0xddeeff00); });
  on_all("gfx", "ds_write_b8 v4, v8 offset:1\nds_read_i8 v0, v4 offset:1",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x44); });
  on_all("gfx",
         "ds_write_b32 v4, v8\ns_mov_b64 s[4:5], src_shared_base\nv_mov_b32 v7, s5\nv_mov_b32 v6, "
         "v4\nflat_load_dword v0, v[6:7]",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x11223344); });
  on_all(
      "gfx9",
      "s_mov_b32 m0, 64\nds_append v0 offset:16\nds_append v1 offset:16\nds_consume v2 offset:16",
      [](Machine &m, unsigned l) {
        CHECK(m.v(0, l) == 0);
        CHECK(m.v(1, l) == m.lanes);
        CHECK(m.v(2, l) == 2 * m.lanes);
      });
}

TEST_CASE("atomics") {
  on_all("gfx942", "v_mov_b32 v5, 1\nv_mov_b32 v6, 0\nglobal_atomic_add v0, v6, v5, s[2:3] sc0",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == 0x150e0700u + l); });
  on_all("gfx", "v_mov_b32 v5, 3\nglobal_atomic_umax v4, v5, s[2:3]",
         [](Machine &m, unsigned l) { CHECK(word(m, 16 * l) >= 3); });
  on_all("gfx11", "global_atomic_add_u64 v[0:1], v4, v[8:9], s[2:3] glc",
         [](Machine &m, unsigned l) {
           uint64_t before = m.v64(0, l), after = word(m, 16 * l) | uint64_t(word(m, 16 * l + 4))
                                                                        << 32;
           CHECK(after - before == 0x5566778811223344);
         });
  on_all("gfx",
         "ds_write_b32 v4, v8\nv_mov_b32 v5, 0x11223344\nv_mov_b32 v6, 9\nds_cmpst_rtn_b32 v0, v4, "
         "v5, v6\nds_read_b32 v1, v4",
         [](Machine &m, unsigned l) {
           CHECK(m.v(0, l) == 0x11223344);
           CHECK(m.v(1, l) == 9);
         });
  on_all("gfx11",
         "ds_store_b32 v4, v8\nv_mov_b32 v5, 0x11223344\nv_mov_b32 v6, 9\nds_cmpstore_rtn_b32 v0, "
         "v4, v6, v5\nds_load_b32 v1, v4",
         [](Machine &m, unsigned l) { CHECK(m.v(1, l) == 9); });
  on_all("gfx", "v_mov_b32 v5, 1.0\nv_mov_b32 v6, 0\nds_add_f32 v6, v5\nds_read_b32 v0, v6",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == f(float(m.lanes))); });
  on_all("gfx", "v_mov_b32 v5, 5\nv_mov_b32 v6, 0\nds_inc_rtn_u32 v0, v6, v5",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == l % 6); });
  on_all("gfx942",
         "v_mov_b32 v8, 0\nv_mov_b32 v9, 0x3ff00000\nv_mov_b32 v6, 0\nv_mov_b32 v7, 0\nds_add_f64 "
         "v6, v[8:9]\nds_read_b64 v[0:1], v6",
         [](Machine &m, unsigned l) { CHECK(m.v64(0, l) == d(64)); });
  on_all("gfx942",
         "global_store_dword v4, v8, s[2:3]\nv_mov_b32 v6, 9\nv_mov_b32 v7, "
         "v8\nglobal_atomic_cmpswap v0, v4, v[6:7], s[2:3] sc0",
         [](Machine &m, unsigned l) {
           CHECK(m.v(0, l) == 0x11223344);
           CHECK(word(m, 16 * l) == 9);
         });
}

TEST_CASE("buffer accesses") {
  std::string resource = "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 64\ns_mov_b32 s7, 0x31027000\n";
  on_all("gfx", resource + "buffer_load_dword v0, v4, s[4:7], 0 offen offset:4",
         [](Machine &m, unsigned l) { CHECK(m.v(0, l) == (l < 4 ? word(m, 16 * l + 4) : 0)); });
  on_all("gfx", resource + "buffer_store_dword v8, v4, s[4:7], 0 offen",
         [](Machine &m, unsigned l) { CHECK((word(m, 16 * l) == 0x11223344) == (l < 4)); });
}

TEST_CASE("memory faults") {
  Machine m("gfx942", 64);
  prepare(m);
  m.v(3, 5) = 0;
  m.v(2, 5) = 0x1000;
  CHECK_FALSE(m.run("s_nop 0\nglobal_load_dword v0, v[2:3], off"));
  CHECK(m.stop.kind == StopKind::MemoryFault);
  CHECK(m.stop.address == 0x1000);
  CHECK(m.stop.lane == 5);
  CHECK(m.stop.access == MemoryAccess::Read);
  CHECK(m.wave.pc == 4);
  // An inactive lane's address does not matter.
  m.wave.set_exec(~(uint64_t(1) << 5));
  CHECK(m.run("global_load_dword v0, v[2:3], off"));
  m.group.lds_size = 64;
  CHECK_FALSE(m.run("ds_read_b32 v0, v4"));
  CHECK(m.stop.kind == StopKind::MemoryFault);
  CHECK(m.stop.space == MemorySpace::Lds);
  CHECK_FALSE(m.run("scratch_store_dword off, v4, off offset:1024"));
  CHECK(m.stop.space == MemorySpace::Scratch);
  CHECK(m.stop.access == MemoryAccess::Write);
  CHECK_FALSE(m.run("s_mov_b64 s[2:3], 0\ns_load_dword s0, s[2:3], 0x0"));
  CHECK(m.stop.space == MemorySpace::Scalar);
}

TEST_CASE("one flat instruction may reach all three segments") {
  for (const Model &model : models()) {
    if (std::string_view(model.cpu) == "gfx90a" || std::string_view(model.cpu) == "gfx1030")
      continue; // their flat scratch goes through a buffer (wave.h)
    Machine m(model.cpu, model.lanes);
    uint32_t in_global[64], in_lds[64];
    for (unsigned l = 0; l < 64; l++)
      in_global[l] = 0x1000 + l, in_lds[l] = 0x2000 + l;
    memcpy(m.global, in_global, sizeof in_global);
    memcpy(m.lds.data(), in_lds, sizeof in_lds);
    INFO(model.cpu << model.lanes);
    for (unsigned l = 0; l < m.lanes; l++)
      m.v(2, l) = 0x3000 + l;
    REQUIRE(m.run("scratch_store_dword off, v2, off offset:16"));
    for (unsigned l = 0; l < m.lanes; l++) {
      uint64_t a = l % 3 == 0   ? uint64_t(m.global) + 4 * l
                   : l % 3 == 1 ? m.group.shared_base + 4 * l
                                : m.group.private_base + 16;
      m.v(0, l) = uint32_t(a), m.v(1, l) = uint32_t(a >> 32);
    }
    REQUIRE(m.run("flat_load_dword v4, v[0:1]"));
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK(m.v(4, l) == 0x1000 * (1 + l % 3) + l);
  }
}
