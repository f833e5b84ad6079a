#include "runtime/emulator/isa/observe.h"

#include "runtime/emulator/isa/opcodes.h"

namespace w2w::emu::isa {

int observed(Wave &w, const Inst &i, StopInfo &s) {
  WaveObserver *observer = w.group->observer;
  if (!observer)
    return i.execute(w, i, s);
  int next = observer->before(w, i, s);
  if (next && next != kDone)
    return next;
  return observer->after(w, i, s, next == kDone ? kContinue : i.execute(w, i, s));
}

unsigned accesses(const Wave &w, const Inst &i, LaneAccesses (&out)[kMostAccesses]) {
  return i.opcode->bytes ? handlers().accesses(w, i, out) : 0;
}

} // namespace w2w::emu::isa
