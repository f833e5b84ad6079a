// The run loop.
#include "runtime/emulator/isa/run.h"

#include "runtime/emulator/isa/operands.h"

#include <xmmintrin.h>

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

void cannot_run(Wave &w, const Block *b, StopInfo &s) {
  s.pc = w.pc;
  if (!b) {
    s.kind = StopKind::InstructionFetch;
    s.address = w.pc;
  } else if (b->bad) {
    s.kind = StopKind::UnknownInstruction;
    s.text = b->bad;
  } else {
    s.kind = StopKind::BadRegister;
    s.text = "vector register beyond the kernel's allocation";
  }
}

/// gfx9: the instruction with M0's index added to the registers that M0's mode bits choose. False:
/// beyond the wave's.
bool indexed(const Wave &w, const Inst &from, Inst &to) {
  to = from;
  u32 m0 = w.s.data()[kM0], by = m0 & 0xff;
  auto move = [&](Operand &o, unsigned bit) {
    if (!(m0 >> (12 + bit) & 1) || o.where != Where::Vgpr)
      return true;
    o.index = uint16_t(o.index + by);
    o.offset = o.index * w.lanes;
    return o.index + o.dwords <= w.vgprs;
  };
  return move(to.src[0], 0) && move(to.src[1], 1) && move(to.src[2], 2) && move(to.dst, 3);
}

} // namespace

void run(Wave &w, DecodeCache &cache, uint64_t budget, StopInfo &s) {
  constexpr unsigned kDefaultMxcsr = 0x1f80;
  unsigned host = _mm_getcsr();
  _mm_setcsr(kDefaultMxcsr);
  uint64_t done = 0;
  while (done < budget) {
    const Block *b = block_at(cache, w.pc, w.lanes);
    if (!b || b->bad || b->vgprs > w.vgprs || b->agprs > w.agprs) {
      cannot_run(w, b, s);
      goto out;
    }
    const Inst *i = b->first, *end = b->last;
    int next = kContinue;
    if (w.plain_mode && !w.gpr_idx) {
      for (; i != end; i++)
        if ((next = i->fn(w, *i, s)))
          break;
    } else {
      unsigned csr[3] = {kDefaultMxcsr, w.mxcsr32, w.mxcsr64};
      for (; i != end; i++) {
        _mm_setcsr(csr[i->fp]);
        Inst moved;
        const Inst *now = i;
        if (w.gpr_idx && i->opcode->form >= Form::V && i->opcode->form < Form::Flat) {
          if (!indexed(w, *i, moved)) {
            s.kind = StopKind::BadRegister;
            s.text = "indexed vector register beyond the kernel's allocation";
            w.pc = i->pc;
            next = kStop;
            break;
          }
          now = &moved;
        }
        if ((next = now->fn(w, *now, s)))
          break;
      }
      _mm_setcsr(kDefaultMxcsr);
    }
    if (next == kContinue) {
      done += b->count;
      w.pc = b->end;
    } else {
      done += i->ordinal;
      if (next == kStop) {
        s.pc = i->pc;
        if (s.kind == StopKind::MemoryFault)
          w.pc = i->pc;
        goto out;
      }
    }
  }
  s.kind = StopKind::Budget;
  s.pc = w.pc;
out:
  _mm_setcsr(host);
  w.instructions += done;
  s.instructions = done;
}

} // namespace w2w::emu::isa::W2W_VARIANT
