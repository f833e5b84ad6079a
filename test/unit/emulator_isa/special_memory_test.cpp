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

} // namespace

TEST_CASE("memory to LDS") {
  on("gfx942", "s_mov_b32 m0, 256\nglobal_load_lds_dword v[2:3], off offset:4", [](Machine &m) {
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK(lds_word(m, 256 + 4 + 4 * l) == word(m, 16 * l + 4));
  });
  on("gfx942", "s_mov_b32 m0, 0\nglobal_load_lds_sbyte v4, s[2:3]", [](Machine &m) {
    for (unsigned l = 0; l < m.lanes; l++)
      CHECK(lds_word(m, 4 * l) == uint32_t(int8_t(m.global[16 * l])));
  });
  for (const char *cpu : {"gfx90a", "gfx942", "gfx1030"})
    on(cpu,
       "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 64\ns_mov_b32 s7, 0\ns_mov_b32 m0, 512\n"
       "buffer_load_dword v4, s[4:7], 0 offen offset:8 lds",
       [](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++)
           CHECK(lds_word(m, 512 + 8 + 4 * l) == (l < 4 ? word(m, 16 * l + 8) : 0));
       });
}

TEST_CASE("a buffer's bound counts the bytes of the access") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    m.global[2] = 0x5a, m.global[3] = 0xa5;
    m.set_s64(4, uint64_t(m.global));
    m.wave.s[6] = 3, m.wave.s[7] = 0;
    m.set(1, {0xffffffff});
    INFO(model.cpu);
    std::string none = std::string_view(model.cpu) == "gfx1201" ? "null" : "0";
    REQUIRE(m.run("buffer_load_ubyte v0, off, s[4:7], " + none + " offset:2\n" +
                  "buffer_load_ubyte v1, off, s[4:7], " + none + " offset:3"));
    CHECK(m.v(0, 0) == 0x5a);
    CHECK(m.v(1, 0) == 0);
  }
}

TEST_CASE("addresses by lane") {
  for (const char *cpu : {"gfx1030", "gfx1100", "gfx1201"}) {
    bool old = std::string_view(cpu) == "gfx1030";
    std::string load = old ? "global_load_dword_addtid" : "global_load_addtid_b32";
    std::string store = old ? "global_store_dword_addtid" : "global_store_addtid_b32";
    on(cpu,
       load + " v0, s[2:3] offset:8\n" + "s_add_u32 s4, s2, 0x4000\ns_addc_u32 s5, s3, 0\n" +
           store + " v4, s[4:5]",
       [](Machine &m) {
         for (unsigned l = 0; l < m.lanes; l++) {
           CHECK(m.v(0, l) == word(m, 8 + 4 * l));
           CHECK(word(m, 0x4000 + 4 * l) == 16 * l);
         }
       });
  }
}

TEST_CASE("register blocks") {
  on("gfx1201",
     "v_mov_b32 v41, 7\ns_mov_b32 m0, 0x80000002\nglobal_load_block v[40:71], v[2:3], off",
     [](Machine &m) {
       for (unsigned l = 0; l < m.lanes; l++) {
         CHECK(m.v(40, l) == 0);
         CHECK(m.v(41, l) == word(m, 16 * l + 4));
         CHECK(m.v(71, l) == word(m, 16 * l + 124));
       }
     });
  on("gfx1201",
     "v_mov_b32 v40, 1\nv_mov_b32 v42, 3\ns_mov_b32 m0, 4\nscratch_store_block off, v[40:71], off\n"
     "scratch_load_b32 v0, off, off offset:8\nscratch_load_b32 v1, off, off",
     [](Machine &m) {
       CHECK(m.v(0, 5) == 3);
       CHECK(m.v(1, 5) == 0);
     });
}

TEST_CASE("compare and swap of floating-point numbers") {
  on("gfx1030",
     "v_mov_b32 v5, 0x80000000\nglobal_store_dword v4, v5, s[2:3]\nv_mov_b32 v6, 1.0\nv_mov_b32 "
     "v7, "
     "0\nglobal_atomic_fcmpswap v0, v4, v[6:7], s[2:3] glc",
     [](Machine &m) {
       CHECK(m.v(0, 3) == 0x80000000);
       CHECK(word(m, 48) == f(1)); // -0 equals 0
     });
  on("gfx1030",
     "v_mov_b32 v6, 0x7fc00000\nglobal_store_dword v4, v6, s[2:3]\nv_mov_b32 v8, 1.0\nv_mov_b32 "
     "v9, "
     "v6\nglobal_atomic_fcmpswap v4, v[8:9], s[2:3]",
     [](Machine &m) { CHECK(word(m, 48) == kNan); });
  on("gfx1030",
     "v_mov_b32 v8, 0\nv_mov_b32 v9, 0x3ff00000\nglobal_store_dwordx2 v4, v[8:9], "
     "s[2:3]\nv_mov_b32 "
     "v10, v8\nv_mov_b32 v11, v9\nv_mov_b32 v9, 0x40000000\nflat_atomic_fcmpswap_x2 v[0:1], "
     "v[2:3], "
     "v[8:11] glc",
     [](Machine &m) {
       CHECK(m.v64(0, 3) == d(1));
       CHECK(word(m, 52) == 0x40000000);
     });
  on("gfx1100",
     "v_mov_b32 v6, 2.0\nv_mov_b32 v7, 1.0\nglobal_store_b32 v4, v7, s[2:3]\n"
     "global_atomic_cmpswap_f32 v0, v4, v[6:7], s[2:3] glc",
     [](Machine &m) {
       CHECK(m.v(0, 1) == f(1));
       CHECK(word(m, 16) == f(2));
     });
}

TEST_CASE("ds_condxchg32") {
  on("gfx9",
     "v_mov_b32 v8, 5\nv_mov_b32 v9, 6\nds_write_b64 v4, v[8:9]\nv_mov_b32 v10, "
     "0x80000007\nv_mov_b32 "
     "v11, 9\nds_condxchg32_rtn_b64 v[0:1], v4, v[10:11]\nds_read_b64 v[2:3], v4",
     [](Machine &m) {
       CHECK(m.v64(0, 2) == 0x0000000600000005);
       CHECK(m.v64(2, 2) == 0x0000000600000007);
     });
}

TEST_CASE("scalar stores and atomics") {
  on("gfx9",
     "s_mov_b32 s8, 0x1234\ns_mov_b32 s9, 0x5678\ns_store_dwordx2 s[8:9], s[2:3], 0x20\ns_mov_b32 "
     "s4, "
     "0x30\ns_store_dword s8, s[2:3], s4",
     [](Machine &m) {
       CHECK(word(m, 0x20) == 0x1234);
       CHECK(word(m, 0x24) == 0x5678);
       CHECK(word(m, 0x30) == 0x1234);
     });
  on("gfx9",
     "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 8\ns_mov_b32 s7, 0\ns_mov_b32 s8, 1\ns_mov_b32 s9, "
     "2\ns_buffer_store_dwordx2 s[8:9], s[4:7], 0x4",
     [](Machine &m) {
       CHECK(word(m, 4) == 1);
       CHECK(word(m, 8) != 2); // beyond the buffer
     });
  on("gfx9",
     "s_mov_b32 s8, 5\ns_store_dword s8, s[2:3], 0x0\ns_atomic_add s8, s[2:3], 0x0 glc\ns_mov_b32 "
     "s9, "
     "-1\ns_atomic_smin s9, s[2:3], 0x0\ns_mov_b32 s10, 77\ns_mov_b32 s11, -1\ns_atomic_cmpswap "
     "s[10:11], s[2:3], 0x0 glc",
     [](Machine &m) {
       CHECK(m.wave.s[8] == 5);
       CHECK(m.wave.s[10] == 0xffffffff);
       CHECK(word(m, 0) == 77);
     });
  on("gfx9",
     "s_mov_b64 s[8:9], 3\ns_store_dwordx2 s[8:9], s[2:3], 0x0\ns_mov_b64 s[8:9], "
     "-1\ns_atomic_umax_x2 "
     "s[8:9], s[2:3], 0x0 glc\ns_mov_b64 s[12:13], 4\ns_atomic_dec_x2 s[12:13], s[2:3], 0x0",
     [](Machine &m) {
       CHECK(m.s64(8) == 3);
       CHECK(word(m, 0) == 4); // -1 is more than 4
       CHECK(word(m, 4) == 0);
     });
  on("gfx1201",
     "s_mov_b64 s[4:5], s[2:3]\ns_mov_b32 s6, 3\ns_mov_b32 s7, 0\ns_buffer_load_u8 s8, s[4:7], "
     "0x2\ns_buffer_load_i16 s9, s[4:7], 0x1\ns_buffer_load_u16 s10, s[4:7], 0x2\ns_buffer_load_i8 "
     "s11, "
     "s[4:7], 0x0",
     [](Machine &m) {
       CHECK(m.wave.s[8] == m.global[2]);
       CHECK(m.wave.s[9] == uint32_t(int16_t(m.global[1] | m.global[2] << 8)));
       CHECK(m.wave.s[10] == 0);
       CHECK(m.wave.s[11] == uint32_t(int8_t(m.global[0])));
     });
}
