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
int barrier_signal(Wave &w, const Inst &i, StopInfo &s) {
  stop(w, i, s, StopKind::BarrierSignal);
  s.value = i.src[0].where == Where::Imm ? i32(i.src[0].imm) : i32(scalar32(w, i.src[0]) & 0x1f);
  s.first = false;
  return kStop;
}
int barrier_signal_isfirst(Wave &w, const Inst &i, StopInfo &s) {
  barrier_signal(w, i, s);
  s.first = true;
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

// ---- relative scalar registers: M0 counts registers
int movrels32(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.src[0].index + w.s.data()[kM0];
  if (r >= kFlatScratchLo + 4)
    return unsupported(w, i, s, "s_movrels beyond the scalar registers");
  set_scalar32(w, i.dst, w.s.data()[r]);
  return kContinue;
}
int movrels64(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.src[0].index + w.s.data()[kM0];
  if (r + 1 >= kFlatScratchLo + 4)
    return unsupported(w, i, s, "s_movrels beyond the scalar registers");
  set_scalar64(w, i.dst, w.s.data()[r] | u64(w.s.data()[r + 1]) << 32);
  return kContinue;
}
int movreld32(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.dst.index + w.s.data()[kM0];
  if (r >= kFlatScratchLo + 4)
    return unsupported(w, i, s, "s_movreld beyond the scalar registers");
  w.s.data()[r] = scalar32(w, i.src[0]);
  return kContinue;
}
int movreld64(Wave &w, const Inst &i, StopInfo &s) {
  unsigned r = i.dst.index + w.s.data()[kM0];
  if (r + 1 >= kFlatScratchLo + 4)
    return unsupported(w, i, s, "s_movreld beyond the scalar registers");
  u64 x = scalar64(w, i.src[0]);
  w.s.data()[r] = u32(x), w.s.data()[r + 1] = u32(x >> 32);
  return kContinue;
}

} // namespace w2w::emu::isa::W2W_VARIANT
