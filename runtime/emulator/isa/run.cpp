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
    const Inst *i = b->first, *end = i + b->count;
    int next = kContinue;
    if (w.plain_mode) {
      for (; i != end; i++)
        if ((next = i->fn(w, *i, s)))
          break;
    } else {
      unsigned csr[3] = {kDefaultMxcsr, w.mxcsr32, w.mxcsr64};
      for (; i != end; i++) {
        _mm_setcsr(csr[i->fp]);
        if ((next = i->fn(w, *i, s)))
          break;
      }
      _mm_setcsr(kDefaultMxcsr);
    }
    if (next == kContinue) {
      done += b->count;
      w.pc = b->end;
    } else {
      done += uint64_t(i - b->first) + 1;
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
