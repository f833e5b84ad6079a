// Control flow, hardware registers, clocks, messages, barriers.
#include "runtime/emulator/isa/operands.h"
#include "runtime/emulator/isa/specials.h"

#include <time.h>

namespace w2w::emu::isa::W2W_VARIANT {

int nop(Wave &, const Inst &, StopInfo &) {
  return kContinue;
}
int fence(Wave &, const Inst &, StopInfo &) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return kContinue;
}

// ---- branches: i.offset is the target
namespace {
W2W_INLINE int go(Wave &w, u64 target) {
  w.pc = target;
  return kBranch;
}
W2W_INLINE int branch_if(Wave &w, const Inst &i, bool taken) {
  return taken ? go(w, u64(i.offset)) : kContinue;
}
W2W_INLINE u64 vcc_mask(const Wave &w) {
  return w.lanes == 64 ? w.vcc() : w.s.data()[kVccLo];
}
} // namespace
int branch(Wave &w, const Inst &i, StopInfo &) {
  return go(w, u64(i.offset));
}
int cbranch_scc0(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, !w.scc);
}
int cbranch_scc1(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, w.scc);
}
int cbranch_vccz(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, !vcc_mask(w));
}
int cbranch_vccnz(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, vcc_mask(w));
}
int cbranch_execz(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, !exec_mask(w));
}
int cbranch_execnz(Wave &w, const Inst &i, StopInfo &) {
  return branch_if(w, i, exec_mask(w));
}
int getpc(Wave &w, const Inst &i, StopInfo &) {
  set_scalar64(w, i.dst, i.pc + i.size);
  return kContinue;
}
int setpc(Wave &w, const Inst &i, StopInfo &) {
  return go(w, scalar64(w, i.src[0]));
}
int swappc(Wave &w, const Inst &i, StopInfo &) {
  u64 target = scalar64(w, i.src[0]);
  set_scalar64(w, i.dst, i.pc + i.size);
  return go(w, target);
}
int call(Wave &w, const Inst &i, StopInfo &) {
  set_scalar64(w, i.dst, i.pc + i.size);
  return go(w, u64(i.offset));
}

// ---- gfx9 fork and join: MODE[31:29] (CSP) counts the waiting paths, each of which has its EXEC
// and pc in four SGPRs (MI300 ISA, S_CBRANCH_G_FORK)
namespace {
u32 csp(const Wave &w) {
  return w.mode >> 29;
}
void push_path(Wave &w, u64 exec, u64 pc) {
  u32 *p = w.s.data() + csp(w) * 4;
  p[0] = u32(exec), p[1] = u32(exec >> 32), p[2] = u32(pc), p[3] = u32(pc >> 32);
  w.set_mode(w.mode + (1u << 29));
}
int fork(Wave &w, const Inst &i, u64 chosen, u64 target) {
  u64 exec = w.exec(), pass = chosen & exec, fail = ~chosen & exec, next = i.pc + i.size;
  if (pass == exec)
    return go(w, target);
  if (fail == exec)
    return kContinue;
  if (__builtin_popcountll(fail) < __builtin_popcountll(pass)) {
    push_path(w, pass, target);
    w.set_exec(fail);
    return kContinue;
  }
  push_path(w, fail, next);
  w.set_exec(pass);
  return go(w, target);
}
u64 relative(const Inst &i) {
  return i.pc + 4 + u64(i64(i16(i.imm)) * 4);
}
} // namespace
int cbranch_g_fork(Wave &w, const Inst &i, StopInfo &) {
  return fork(w, i, scalar64(w, i.src[0]), scalar64(w, i.src[1]));
}
int cbranch_i_fork(Wave &w, const Inst &i, StopInfo &) {
  return fork(w, i, scalar64(w, i.dst), relative(i));
}
int cbranch_join(Wave &w, const Inst &i, StopInfo &) {
  if (csp(w) == scalar32(w, i.src[0]))
    return kContinue;
  w.set_mode(w.mode - (1u << 29));
  const u32 *p = w.s.data() + csp(w) * 4;
  w.set_exec(p[0] | u64(p[1]) << 32);
  return go(w, p[2] | u64(p[3]) << 32);
}

// ---- gfx10, gfx11: a loop over the two halves of a wave64 (RDNA2 ISA, S_SUBVECTOR_LOOP_BEGIN)
int subvector_loop_begin(Wave &w, const Inst &i, StopInfo &) {
  u32 &lo = w.s.data()[kExecLo], &hi = w.s.data()[kExecHi];
  if (!w.exec())
    return go(w, relative(i));
  if (!lo)
    set_scalar32(w, i.dst, lo);
  else
    set_scalar32(w, i.dst, hi), hi = 0;
  return kContinue;
}
int subvector_loop_end(Wave &w, const Inst &i, StopInfo &) {
  u32 &lo = w.s.data()[kExecLo], &hi = w.s.data()[kExecHi], saved = scalar32(w, i.dst);
  if (hi) {
    lo = saved;
  } else if (saved) {
    hi = saved;
    set_scalar32(w, i.dst, lo);
    lo = 0;
    return go(w, relative(i));
  }
  return kContinue;
}

// ---- what the scheduler must know
namespace {
int stop(Wave &w, const Inst &i, StopInfo &s, StopKind kind) {
  s.kind = kind;
  s.value = i16(i.imm);
  w.pc = i.pc + i.size;
  return kStop;
}
int unsupported(Wave &w, const Inst &i, StopInfo &s, const char *what) {
  s.kind = StopKind::Unsupported;
  s.text = what;
  w.pc = i.pc;
  return kStop;
}
} // namespace
int endpgm(Wave &w, const Inst &i, StopInfo &s) {
  return stop(w, i, s, StopKind::EndProgram);
}
int barrier(Wave &w, const Inst &i, StopInfo &s) {
  return stop(w, i, s, StopKind::Barrier);
}
int barrier_wait(Wave &w, const Inst &i, StopInfo &s) {
  return stop(w, i, s, StopKind::BarrierWait);
}
namespace {
/// gfx12: a constant, or M0[4:0], which cannot name the negative barriers.
i32 barrier_number(const Wave &w, const Inst &i) {
  return i.src[0].where == Where::Imm ? i32(i.src[0].imm) : i32(scalar32(w, i.src[0]) & 0x1f);
}
/// RDNA4 ISA: barrier 0 is no barrier, and -2 is the trap handler's: signals to them do nothing.
bool no_barrier(i32 number) {
  return number == 0 || number == -2;
}
} // namespace
int barrier_signal(Wave &w, const Inst &i, StopInfo &s) {
  if (no_barrier(barrier_number(w, i)))
    return kContinue;
  stop(w, i, s, StopKind::BarrierSignal);
  s.value = barrier_number(w, i);
  s.first = false;
  return kStop;
}
int barrier_signal_isfirst(Wave &w, const Inst &i, StopInfo &s) {
  if (no_barrier(barrier_number(w, i))) {
    w.scc = 0;
    return kContinue;
  }
  barrier_signal(w, i, s);
  s.first = true;
  return kStop;
}
int get_barrier_state(Wave &w, const Inst &i, StopInfo &s) {
  stop(w, i, s, StopKind::BarrierState);
  s.value = barrier_number(w, i);
  s.size = i.dst.index;
  return kStop;
}
int sleep(Wave &w, const Inst &i, StopInfo &s) {
  return stop(w, i, s, StopKind::Sleep);
}
/// A halted wave runs on when the host or a debugger says so; here is none.
int sethalt(Wave &w, const Inst &i, StopInfo &s) {
  return i.imm & 1 ? unsupported(w, i, s, "s_sethalt 1: nothing here resumes a halted wave")
                   : kContinue;
}
int sendmsghalt(Wave &w, const Inst &i, StopInfo &s) {
  return unsupported(w, i, s, "s_sendmsghalt: nothing here resumes a halted wave");
}
int trap(Wave &w, const Inst &i, StopInfo &s) {
  stop(w, i, s, StopKind::Trap);
  w.pc = i.pc;
  return kStop;
}
int code_end(Wave &w, const Inst &i, StopInfo &s) {
  return unsupported(w, i, s, "execution ran into s_code_end");
}

// ---- hardware registers. i.imm: id [5:0], offset [10:6], size - 1 [15:11]
namespace {
enum Hwreg : unsigned {
  kMode = 1,
  kStatus = 2,
  kTrapsts = 3,
  kHwId = 4,
  kIbSts = 7,
  kShMemBases = 15,
  kFlatScrLo = 20, ///< XCC_ID on gfx940
  kFlatScrHi = 21,
  kHwId1 = 23,
  kHwId2 = 24,
  kShaderCycles = 29,
  kShaderCyclesHi = 30,
};
u64 nanoseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return u64(t.tv_sec) * 1000000000u + u64(t.tv_nsec);
}
u32 read_hwreg(const Wave &w, const Inst &i, unsigned id) {
  switch (id) {
  case kMode:
    return w.mode;
  case kStatus:
    return w.scc | u32(!exec_mask(w)) << 9 |
           u32(w.lanes == 64 ? !w.vcc() : !w.s.data()[kVccLo]) << 10;
  case kTrapsts:
    return w.trapsts;
  case kHwId:
  case kHwId1:
    return w.hw_id;
  case kShMemBases:
    return u32(w.group->private_base >> 48) | u32(w.group->shared_base >> 48) << 16;
  case kFlatScrLo:
    return i.generation == 9 ? w.xcc_id : w.hwregs.data()[id];
  case kShaderCycles:
    return i.generation == 11 ? u32(nanoseconds()) & 0xfffff : u32(nanoseconds());
  case kShaderCyclesHi:
    return u32(nanoseconds() >> 32);
  default:
    return w.hwregs.data()[id & 63];
  }
}
void write_hwreg(Wave &w, const Inst &i, u32 value) {
  unsigned id = i.imm & 63, offset = i.imm >> 6 & 31, size = (i.imm >> 11 & 31) + 1;
  u32 mask = u32(((u64(1) << size) - 1) << offset);
  u32 x = (read_hwreg(w, i, id) & ~mask) | (value << offset & mask);
  if (id == kMode)
    w.set_mode(x);
  else if (id == kTrapsts)
    w.trapsts = x;
  else if (id == kStatus)
    w.scc = x & 1;
  else
    w.hwregs.data()[id] = x;
}
} // namespace
int getreg(Wave &w, const Inst &i, StopInfo &) {
  unsigned id = i.imm & 63, offset = i.imm >> 6 & 31, size = (i.imm >> 11 & 31) + 1;
  u32 x = read_hwreg(w, i, id) >> offset;
  set_scalar32(w, i.dst, size == 32 ? x : x & ((1u << size) - 1));
  return kContinue;
}
// A change of MODE ends the block: the run loop chooses the host's control word.
int setreg(Wave &w, const Inst &i, StopInfo &) {
  write_hwreg(w, i, scalar32(w, i.dst));
  return go(w, i.pc + i.size);
}
int setreg_imm(Wave &w, const Inst &i, StopInfo &) {
  write_hwreg(w, i, u32(i.src[0].imm));
  return go(w, i.pc + i.size);
}
int round_mode(Wave &w, const Inst &i, StopInfo &) {
  w.set_mode((w.mode & ~0xfu) | (i.imm & 0xf));
  return go(w, i.pc + i.size);
}
int denorm_mode(Wave &w, const Inst &i, StopInfo &) {
  w.set_mode((w.mode & ~0xf0u) | (i.imm & 0xf) << 4);
  return go(w, i.pc + i.size);
}
int memtime(Wave &w, const Inst &i, StopInfo &) {
  set_scalar64(w, i.dst, nanoseconds());
  return kContinue;
}
/// A 100 MHz clock.
int memrealtime(Wave &w, const Inst &i, StopInfo &) {
  set_scalar64(w, i.dst, nanoseconds() / 10);
  return kContinue;
}
/// MSG_RTN_GET_DOORBELL 128, GET_DDID 129, GET_TMA 130, GET_REALTIME 131, SAVE_WAVE 132, GET_TBA
/// 133
int sendmsg_rtn(Wave &w, const Inst &i, StopInfo &s) {
  if ((i.imm & 0xff) != 131)
    return unsupported(w, i, s, "s_sendmsg_rtn: only MSG_RTN_GET_REALTIME has an answer here");
  if (i.dst.dwords == 2)
    set_scalar64(w, i.dst, nanoseconds() / 10);
  else
    set_scalar32(w, i.dst, u32(nanoseconds() / 10));
  return kContinue;
}

// ---- gfx9 vector register indexing. The run loop applies it; a change ends the block.
int gpr_idx_on(Wave &w, const Inst &i, StopInfo &) {
  u32 &m0 = w.s.data()[kM0];
  m0 = (m0 & ~0xf0ffu) | (scalar32(w, i.src[0]) & 0xff) | i.imm << 12;
  w.gpr_idx = true;
  return go(w, i.pc + i.size);
}
int gpr_idx_idx(Wave &w, const Inst &i, StopInfo &) {
  u32 &m0 = w.s.data()[kM0];
  m0 = (m0 & ~0xffu) | (scalar32(w, i.src[0]) & 0xff);
  return go(w, i.pc + i.size);
}
int gpr_idx_mode(Wave &w, const Inst &i, StopInfo &) {
  u32 &m0 = w.s.data()[kM0];
  m0 = (m0 & ~0xf000u) | (i.imm & 0xf) << 12;
  return go(w, i.pc + i.size);
}
int gpr_idx_off(Wave &w, const Inst &i, StopInfo &) {
  w.gpr_idx = false;
  return go(w, i.pc + i.size);
}

// ---- relative scalar registers: M0 counts registers, and may be negative
namespace {
constexpr unsigned kMovrelEnd = kFlatScratchLo + 4;
}
int movrels32(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.src[0].index + w.s.data()[kM0];
  if (r >= kMovrelEnd)
    return unsupported(w, i, s, "s_movrels beyond the scalar registers");
  set_scalar32(w, i.dst, w.s.data()[r]);
  return kContinue;
}
int movrels64(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.src[0].index + w.s.data()[kM0];
  if (r >= kMovrelEnd - 1)
    return unsupported(w, i, s, "s_movrels beyond the scalar registers");
  set_scalar64(w, i.dst, w.s.data()[r] | u64(w.s.data()[r + 1]) << 32);
  return kContinue;
}
int movreld32(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.dst.index + w.s.data()[kM0];
  if (r >= kMovrelEnd)
    return unsupported(w, i, s, "s_movreld beyond the scalar registers");
  w.s.data()[r] = scalar32(w, i.src[0]);
  return kContinue;
}
/// M0[9:0] is added to the source's number, M0[25:16] to the destination's.
int movrelsd_2(Wave &w, const Inst &i, StopInfo &s) {
  u32 m0 = w.s.data()[kM0];
  unsigned from = i.src[0].index + (m0 & 0x3ff), to = i.dst.index + (m0 >> 16 & 0x3ff);
  if (from >= kMovrelEnd || to >= kMovrelEnd)
    return unsupported(w, i, s, "s_movrelsd_2 beyond the scalar registers");
  w.s.data()[to] = w.s.data()[from];
  return kContinue;
}
int movreld64(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.dst.index + w.s.data()[kM0];
  if (r >= kMovrelEnd - 1)
    return unsupported(w, i, s, "s_movreld beyond the scalar registers");
  u64 x = scalar64(w, i.src[0]);
  w.s.data()[r] = u32(x), w.s.data()[r + 1] = u32(x >> 32);
  return kContinue;
}

} // namespace w2w::emu::isa::W2W_VARIANT
