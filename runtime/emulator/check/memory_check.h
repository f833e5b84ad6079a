// Accesses outside of what may be touched: past the end of an allocation, freed memory, beyond the
// workgroup's LDS or the kernel's scratch. Exact to the byte.
//
// The launch goes on while the page map lets it, so that several errors of a kernel are seen; it
// ends with hipErrorIllegalAddress.
#pragma once

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/report.h"
#include "runtime/emulator/check/step.h"

namespace w2w::emu::check {

class MemoryCheck {
public:
  explicit MemoryCheck(LaunchContext &launch) : launch_(launch) {}
  int before(const Step &step, StopInfo &stop);

private:
  bool permitted(const isa::LaneAccesses &access, uint64_t a);
  int wrong(const Step &step, const isa::LaneAccesses &access, unsigned lane, StopInfo &stop);

  LaunchContext &launch_;
  BlockCache cache_;
};

} // namespace w2w::emu::check
