// Branches, calls, hardware registers, indexed registers, stops, and what does nothing here.
// Source: AMD ISA documents, SOPP, SOPK, SOP1.
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {
/// Calls f(machine) after a run on every model that assembles the text.
template <class F> void on_models(const std::string &text, F f, const char *only = "gfx") {
  bool ran = false;
  for (const Model &model : models()) {
    if (!std::string_view(model.cpu).starts_with(only))
      continue;
    Machine m(model.cpu, model.lanes);
    for (unsigned k = 0; k < 100; k++)
      m.wave.s[k] = 1000 + k;
    bool ok = m.run(text);
    if (!m.assembled)
      continue;
    ran = true;
    INFO(text << " on " << model.cpu << " wave" << model.lanes << ": " << m.stop.text);
    f(m, ok);
  }
  INFO(text);
  CHECK(ran);
}
} // namespace

TESTED_CASE("waits, hints and cache control change nothing") {
  for (std::string text : {
           "s_nop 0",
           "s_nop 15",
           "s_waitcnt 0",
           "s_waitcnt_vscnt null, 0",
           "s_waitcnt_vmcnt null, 0",
           "s_waitcnt_expcnt null, 0",
           "s_waitcnt_lgkmcnt null, 0",
           "s_waitcnt_depctr 0",
           "s_wait_loadcnt 0",
           "s_wait_storecnt 0",
           "s_wait_samplecnt 0",
           "s_wait_bvhcnt 0",
           "s_wait_expcnt 0",
           "s_wait_dscnt 0",
           "s_wait_kmcnt 0",
           "s_wait_loadcnt_dscnt 0",
           "s_wait_storecnt_dscnt 0",
           "s_wait_alu 0",
           "s_wait_idle",
           "s_wait_event 0",
           "s_delay_alu instid0(VALU_DEP_1)",
           "s_clause 0x1",
           "s_setprio 3",
           "s_inst_prefetch 0x3",
           "s_set_inst_prefetch_distance 0x3",
           "s_icache_inv",
           "s_dcache_inv",
           "s_dcache_discard s[2:3], 0x0",
           "s_dcache_discard_x2 s[2:3], 0x40",
           "s_atc_probe 7, s[2:3], 0x0",
           "s_atc_probe_buffer 7, s[4:7], 0x0",
           "s_buffer_prefetch_data s[4:7], 0x10, null, 5",
           "s_dcache_wb",
           "s_dcache_wb_vol",
           "s_dcache_inv_vol",
           "s_gl1_inv",
           "s_ttracedata",
           "s_ttracedata_imm 0x1",
           "s_incperflevel 1",
           "s_decperflevel 1",
           "s_version 0x1",
           "s_prefetch_inst s[2:3], 0x0, s4, 0",
           "s_prefetch_inst_pc_rel 0x0, s4, 0",
           "s_prefetch_data s[2:3], 0x0, s4, 0",
           "s_prefetch_data_pc_rel 0x0, s4, 0",
           "s_wakeup",
           "s_sendmsg 0x1",
           "s_sethalt 0",
           "v_nop",
           "v_clrexcp",
           "v_pipeflush",
           "buffer_wbl2 sc1",
           "buffer_wbl2",
           "buffer_inv sc1",
           "buffer_invl2",
           "buffer_wbinvl1",
           "buffer_wbinvl1_vol",
           "buffer_gl0_inv",
           "buffer_gl1_inv",
           "global_inv scope:SCOPE_DEV",
           "global_wb scope:SCOPE_DEV",
           "global_wbinv scope:SCOPE_SYS",
       })
    on_models(text, [](Machine &m, bool ok) {
      REQUIRE(ok);
      CHECK(m.stop.instructions == 2);
      for (unsigned k = 0; k < 100; k++)
        CHECK(m.wave.s[k] == 1000 + k);
      CHECK(m.wave.exec() == m.wave.full_exec());
      CHECK(m.wave.scc == 0);
      CHECK(m.wave.vcc() == 0);
      CHECK(m.wave.s[kM0] == 0);
    });
}

namespace {
struct Branch {
  const char *name;
  const char *taken, *not_taken; ///< what makes it so
};
} // namespace

TESTED_CASE("branches are taken or not") {
  const Branch cases[] = {
      {"s_branch", "s_nop 0", nullptr},
      {"s_cbranch_scc0", "s_cmp_eq_u32 0, 1", "s_cmp_eq_u32 0, 0"},
      {"s_cbranch_scc1", "s_cmp_eq_u32 0, 0", "s_cmp_eq_u32 0, 1"},
      {"s_cbranch_vccz", "s_mov_b64 vcc, 0", "s_mov_b64 vcc, 1"},
      {"s_cbranch_vccnz", "s_mov_b64 vcc, 1", "s_mov_b64 vcc, 0"},
      {"s_cbranch_execz", "s_mov_b64 exec, 0", "s_mov_b64 exec, 4"},
      {"s_cbranch_execnz", "s_mov_b64 exec, 4", "s_mov_b64 exec, 0"},
      // Their conditions are set by a debugger only.
      {"s_cbranch_cdbgsys", nullptr, "s_nop 0"},
      {"s_cbranch_cdbguser", nullptr, "s_nop 0"},
      {"s_cbranch_cdbgsys_or_user", nullptr, "s_nop 0"},
      {"s_cbranch_cdbgsys_and_user", nullptr, "s_nop 0"},
  };
  for (const Branch &b : cases)
    for (bool taken : {true, false}) {
      const char *condition = taken ? b.taken : b.not_taken;
      if (!condition)
        continue;
      // Forwards over an instruction, and backwards.
      std::string ahead = std::string("s_mov_b32 s6, 1\n") + condition + "\n>" + b.name +
                          " 1\ns_mov_b32 s6, 2\ns_nop 0"; // one dword
      on_models(ahead, [&](Machine &m, bool ok) {
        REQUIRE(ok);
        CHECK(m.wave.s[6] == (taken ? 1 : 2));
      });
      std::string back = std::string("s_mov_b32 s6, 1\ns_branch start\nback:\ns_mov_b32 s6, 2\n") +
                         "s_branch end\nstart:\n" + condition + "\n" + b.name +
                         " back\nend:\ns_nop 0";
      on_models(back, [&](Machine &m, bool ok) {
        REQUIRE(ok);
        CHECK(m.wave.s[6] == (taken ? 2 : 1));
      });
    }
  // A wave of 32 lanes has 32 bits of VCC and EXEC.
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    REQUIRE(m.run("s_mov_b32 s6, 0\ns_mov_b32 vcc_lo, 0\ns_mov_b32 vcc_hi, 1\ns_cbranch_vccz a\n"
                  "s_or_b32 s6, s6, 1\na:\ns_mov_b32 exec_lo, 0\ns_mov_b32 exec_hi, 1\n"
                  "s_cbranch_execz b\ns_or_b32 s6, s6, 2\nb:\ns_nop 0"));
    INFO(model.cpu << " wave" << model.lanes);
    CHECK(m.wave.s[6] == (model.lanes == 64 ? 3 : 0));
  }
}

TESTED_CASE("program counter: getpc, setpc, swappc, call") {
  // Each instruction takes four bytes; the program starts at address 0 of the test's counting.
  auto start = [](Machine &m) { return m.s64(40); };
  on_models("s_getpc_b64 s[40:41]\n>s_getpc_b64 s[42:43]", [&](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.s64(42) == start(m) + 4);
  });
  on_models("s_getpc_b64 s[40:41]\n"
            "s_add_u32 s42, s40, 20\ns_addc_u32 s43, s41, 0\n" // + 4, + 8
            "s_mov_b32 s6, 1\n>s_setpc_b64 s[42:43]\ns_mov_b32 s6, 2\ns_nop 0",
            [](Machine &m, bool ok) {
              REQUIRE(ok);
              CHECK(m.wave.s[6] == 1);
            });
  // The source may be the destination.
  on_models("s_getpc_b64 s[40:41]\n"
            "s_add_u32 s42, s40, 20\ns_addc_u32 s43, s41, 0\n"
            "s_mov_b32 s6, 1\n>s_swappc_b64 s[42:43], s[42:43]\ns_mov_b32 s6, 2\ns_nop 0",
            [&](Machine &m, bool ok) {
              REQUIRE(ok);
              CHECK(m.wave.s[6] == 1);
              CHECK(m.s64(42) == start(m) + 16);
            });
  on_models("s_getpc_b64 s[40:41]\ns_mov_b32 s6, 1\n>s_call_b64 s[42:43], 1\ns_mov_b32 s6, 2\n"
            "s_nop 0",
            [&](Machine &m, bool ok) {
              REQUIRE(ok);
              CHECK(m.wave.s[6] == 1);
              CHECK(m.s64(42) == start(m) + 8);
            });
}

namespace {
struct Stop {
  const char *text;
  StopKind kind;
  int32_t value;
  uint64_t pc; ///< where the wave stands
  bool first = false;
};
} // namespace

TESTED_CASE("what stops a wave") {
  const Stop cases[] = {
      {"s_endpgm", StopKind::EndProgram, 0, 4},
      {"s_endpgm_saved", StopKind::EndProgram, 0, 4},
      {"s_barrier", StopKind::Barrier, 0, 4},
      {"s_barrier_signal -1", StopKind::BarrierSignal, -1, 4},
      {"s_barrier_signal m0", StopKind::BarrierSignal, 3, 4},
      {"s_barrier_signal_isfirst -1", StopKind::BarrierSignal, -1, 4, true},
      {"s_barrier_wait -1", StopKind::BarrierWait, -1, 4},
      {"s_barrier_wait 0xfffe", StopKind::BarrierWait, -2, 4},
      {"s_sleep 2", StopKind::Sleep, 2, 4},
      {"s_sleep_var s2", StopKind::Sleep, 0, 4},
      {"s_trap 3", StopKind::Trap, 3, 0},
      {"s_sethalt 1", StopKind::Unsupported, 0, 0},
      {"s_sendmsghalt 0x1", StopKind::Unsupported, 0, 0},
      {"s_code_end", StopKind::Unsupported, 0, 0},
      {"s_sendmsg_rtn_b32 s0, sendmsg(MSG_RTN_GET_DOORBELL)", StopKind::Unsupported, 0, 0},
  };
  for (const Stop &c : cases) {
    bool ran = false;
    for (const Model &model : models()) {
      Machine m(model.cpu, model.lanes);
      m.wave.s[kM0] = 0x23; // [4:0] are the barrier's number
      m.run(c.text);
      if (!m.assembled)
        continue;
      ran = true;
      INFO(c.text << " on " << model.cpu << ": " << m.stop.text);
      CHECK(m.stop.kind == c.kind);
      CHECK(m.stop.pc == 0);
      CHECK(m.wave.pc == c.pc);
      if (c.kind == StopKind::BarrierSignal || c.kind == StopKind::BarrierWait ||
          c.kind == StopKind::Trap)
        CHECK(m.stop.value == c.value);
      if (c.kind == StopKind::BarrierSignal)
        CHECK(m.stop.first == c.first);
      if (c.kind == StopKind::Unsupported)
        CHECK_FALSE(m.stop.text.empty());
      m.credit();
    }
    INFO(c.text);
    CHECK(ran);
  }
}

TESTED_CASE("fields of MODE") {
  for (const Model &model : models()) {
    bool new_names = std::string_view(model.cpu) == "gfx1201";
    std::string mode = new_names ? "hwreg(HW_REG_WAVE_MODE" : "hwreg(HW_REG_MODE";
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " wave" << model.lanes);
    m.wave.set_mode(0x25a);
    REQUIRE(m.run("s_getreg_b32 s0, " + mode + ", 4, 4)"));
    CHECK(m.wave.s[0] == 5);
    REQUIRE(m.run("s_getreg_b32 s0, " + mode + ", 1, 3)"));
    CHECK(m.wave.s[0] == 5);
    REQUIRE(m.run("s_getreg_b32 s0, " + mode + ", 0, 32)"));
    CHECK(m.wave.s[0] == 0x25a);
    // Bits of the source beyond the field do not matter; bits around the field stay.
    m.wave.s[2] = 0xffffffa6;
    REQUIRE(m.run("s_setreg_b32 " + mode + ", 4, 4), s2"));
    CHECK(m.wave.mode == 0x26a);
    REQUIRE(m.run("s_setreg_imm32_b32 " + mode + ", 0, 2), 0xfffffff1"));
    CHECK(m.wave.mode == 0x269);
    REQUIRE(m.run("s_setreg_imm32_b32 " + mode + ", 0, 32), 0xf0"));
    CHECK(m.wave.mode == 0xf0);
    CHECK(m.wave.plain_mode);
    m.run("s_round_mode 0x5");
    if (m.assembled) {
      CHECK(m.wave.mode == 0xf5);
      CHECK_FALSE(m.wave.plain_mode);
      REQUIRE(m.run("s_denorm_mode 0x3"));
      CHECK(m.wave.mode == 0x35);
    }
    CHECK(m.assembled == (m.cpu[3] != '9'));
  }
  // The change holds for the next instruction: 1 + 2^-24 up, then to nearest even.
  for (const Model &model : models()) {
    std::string mode = std::string_view(model.cpu) == "gfx1201" ? "hwreg(HW_REG_WAVE_MODE, 0, 4)"
                                                                : "hwreg(HW_REG_MODE, 0, 4)";
    Machine m(model.cpu, model.lanes);
    REQUIRE(m.run("v_mov_b32 v2, 0x33800000\ns_setreg_imm32_b32 " + mode +
                  ", 1\nv_add_f32 v0, 1.0, v2\ns_setreg_imm32_b32 " + mode +
                  ", 0\nv_add_f32 v1, 1.0, v2"));
    INFO(model.cpu);
    CHECK(m.v(0, 3) == 0x3f800001);
    CHECK(m.v(1, 3) == 0x3f800000);
  }
}

TESTED_CASE("SCC, EXECZ and VCCZ in STATUS") {
  for (const Model &model : models()) {
    if (std::string_view(model.cpu) == "gfx1201")
      continue; // its STATUS has no SCC
    Machine m(model.cpu, model.lanes);
    std::string read = "s_getreg_b32 s0, hwreg(HW_REG_STATUS, 0, 1)\n"
                       "s_getreg_b32 s1, hwreg(HW_REG_STATUS, 9, 2)";
    INFO(model.cpu << " wave" << model.lanes);
    REQUIRE(m.run("s_mov_b64 vcc, 0\ns_cmp_eq_u32 0, 0\n" + read));
    CHECK(m.wave.s[0] == 1);
    CHECK(m.wave.s[1] == 2);
    REQUIRE(m.run("s_mov_b64 vcc, 1\ns_mov_b64 exec, 0\ns_cmp_eq_u32 0, 1\n" + read));
    CHECK(m.wave.s[0] == 0);
    CHECK(m.wave.s[1] == 1);
  }
}

TESTED_CASE("clocks run forwards") {
  for (const char *clock : {"s_memtime", "s_memrealtime", "s_sendmsg_rtn_b64"}) {
    bool message = std::string_view(clock).starts_with("s_send");
    std::string tail = message ? ", sendmsg(MSG_RTN_GET_REALTIME)" : "";
    on_models(std::string(">") + clock + " s[0:1]" + tail + "\n" + clock + " s[2:3]" + tail,
              [](Machine &m, bool ok) {
                REQUIRE(ok);
                CHECK(m.s64(0) != 0);
                CHECK(m.s64(2) >= m.s64(0));
              });
  }
  on_models("s_sendmsg_rtn_b64 s[0:1], sendmsg(MSG_RTN_GET_REALTIME)\n"
            ">s_sendmsg_rtn_b32 s4, sendmsg(MSG_RTN_GET_REALTIME)\n"
            "s_sendmsg_rtn_b64 s[2:3], sendmsg(MSG_RTN_GET_REALTIME)",
            [](Machine &m, bool ok) {
              REQUIRE(ok);
              CHECK(m.wave.s[4] - uint32_t(m.s64(0)) <= uint32_t(m.s64(2) - m.s64(0)));
            });
}

TESTED_CASE("scalar registers indexed by M0") {
  // s[k] is 1000 + k before.
  on_models("s_mov_b32 m0, 3\n>s_movrels_b32 s0, s2", [](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.wave.s[0] == 1005);
    CHECK(m.wave.s[1] == 1001);
  });
  on_models("s_mov_b32 m0, 4\n>s_movrels_b64 s[0:1], s[2:3]", [](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.s64(0) == (1006 | uint64_t(1007) << 32));
  });
  on_models("s_mov_b32 m0, 3\n>s_movreld_b32 s2, s8", [](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.wave.s[2] == 1002);
    CHECK(m.wave.s[5] == 1008);
  });
  on_models("s_mov_b32 m0, 4\n>s_movreld_b64 s[2:3], s[8:9]", [](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.s64(6) == (1008 | uint64_t(1009) << 32));
    CHECK(m.s64(2) == (1002 | uint64_t(1003) << 32));
  });
  // The sum has 32 bits: M0 may be negative.
  on_models("s_mov_b32 m0, -2\ns_movrels_b32 s0, s8", [](Machine &m, bool ok) {
    REQUIRE(ok);
    CHECK(m.wave.s[0] == 1006);
  });
  for (const char *beyond : {"s_movrels_b32 s0, s2", "s_movrels_b64 s[0:1], s[2:3]",
                             "s_movreld_b32 s0, s2", "s_movreld_b64 s[0:1], s[2:3]"})
    on_models(std::string("s_movk_i32 m0, 0x400\n") + beyond, [](Machine &m, bool ok) {
      CHECK_FALSE(ok);
      CHECK(m.stop.kind == StopKind::Unsupported);
      CHECK(m.wave.pc == 4);
    });
  // The register before s0 and s0: no pair.
  for (const char *pair : {"s_movrels_b64 s[0:1], s[2:3]", "s_movreld_b64 s[2:3], s[0:1]"})
    on_models(std::string("s_mov_b32 m0, -3\n") + pair, [](Machine &m, bool ok) {
      CHECK_FALSE(ok);
      CHECK(m.stop.kind == StopKind::Unsupported);
    });
}

TESTED_CASE("vector registers indexed by M0, gfx9") {
  for (const char *cpu : {"gfx90a", "gfx942"}) {
    Machine m(cpu, 64);
    auto fresh = [&] {
      for (unsigned r = 0; r < 16; r++)
        for (unsigned l = 0; l < 64; l++)
          m.v(r, l) = 100 * r + l;
      m.wave.s[kM0] = 0xabcd0f55;
      m.wave.s[2] = 0xffffff03;
    };
    INFO(cpu);
    // Only the fields are written: M0[7:0] and M0[15:12].
    fresh();
    REQUIRE(m.run(">s_set_gpr_idx_on s2, gpr_idx(SRC1,DST)\nv_add_u32 v0, v1, v2\n"
                  ">s_set_gpr_idx_off\nv_add_u32 v8, v1, v2"));
    CHECK(m.wave.s[kM0] == 0xabcdaf03);
    CHECK(m.v(3, 7) == 107 + 507); // v[0 + 3] = v1 + v[2 + 3]
    CHECK(m.v(0, 7) == 7);
    CHECK(m.v(8, 7) == 107 + 207);
    fresh();
    REQUIRE(m.run("s_set_gpr_idx_on s2, gpr_idx(SRC0)\ns_mov_b32 s2, 5\n>s_set_gpr_idx_idx s2\n"
                  "v_mov_b32 v0, v1\n>s_set_gpr_idx_mode gpr_idx(DST)\nv_mov_b32 v1, v2\n"
                  "s_set_gpr_idx_off"));
    CHECK(m.wave.s[kM0] == 0xabcd8f05);
    CHECK(m.v(0, 7) == 607);
    CHECK(m.v(6, 7) == 207);
    // src2 of a three-operand instruction
    fresh();
    REQUIRE(m.run("s_set_gpr_idx_on s2, gpr_idx(SRC2)\nv_add3_u32 v0, v1, v2, v4\n"
                  "s_set_gpr_idx_off"));
    CHECK(m.v(0, 1) == 101 + 201 + 701);
    // Beyond the registers of the wave
    fresh();
    m.wave.s[2] = 255;
    CHECK_FALSE(m.run("s_set_gpr_idx_on s2, gpr_idx(DST)\nv_mov_b32 v1, v2\ns_set_gpr_idx_off"));
    CHECK(m.stop.kind == StopKind::BadRegister);
  }
}
