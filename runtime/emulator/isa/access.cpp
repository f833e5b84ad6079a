// What needs the memory map or is too rare for the files compiled once per host instruction set:
// access checks, MODE, vector register memory.
#include "runtime/emulator/isa/wave.h"

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/memory_map.h"

#include <cstdlib>
#include <new>

namespace w2w::emu {

namespace isa {
bool memory_accessible(const Workgroup &g, uint64_t lo, uint64_t hi, MemoryAccess access) {
  return g.memory->accessible(lo, hi,
                              access == MemoryAccess::Read        ? Access::Read
                              : access == MemoryAccess::OwnAtomic ? Access::OwnAtomic
                                                                  : Access::Write);
}
} // namespace isa

void Wave::set_mode(uint32_t value) {
  // MODE: rounding 0 nearest even, 1 up, 2 down, 3 to zero; denormals bit 0: keep sources, bit 1:
  // keep results. MXCSR: rounding 0 nearest, 1 down, 2 up, 3 to zero at bit 13; DAZ is bit 6, FTZ
  // bit 15.
  static constexpr uint32_t round[4] = {0, 2, 1, 3};
  auto control = [](uint32_t rounding, uint32_t denormals) {
    return 0x1f80u | round[rounding & 3] << 13 | (denormals & 1 ? 0 : 1u << 6) |
           (denormals & 2 ? 0 : 1u << 15);
  };
  mode = value;
  mxcsr32 = control(value, value >> 4);
  mxcsr64 = control(value >> 2, value >> 6);
  plain_mode = mxcsr32 == 0x1f80 && mxcsr64 == 0x1f80;
}

VectorRegisters::VectorRegisters(unsigned lanes, unsigned vgprs, unsigned agprs) {
  size_t count = size_t(agprs ? kFirstAgprRow + agprs : vgprs) * lanes;
  rows.reset(
      static_cast<uint32_t *>(std::aligned_alloc(64, count * sizeof(uint32_t) + 64 & ~size_t(63))));
  if (!rows)
    throw std::bad_alloc();
  for (size_t k = 0; k < count; k++)
    rows.get()[k] = 0;
}
void VectorRegisters::Free::operator()(uint32_t *p) const {
  std::free(p);
}

} // namespace w2w::emu
