// The architectural state of one wave, and what it sees of its workgroup.
//
// The scheduler (runtime/emulator) owns Wave and Workgroup objects: it fills in the initial
// registers as the AMDGPU ABI of the kernel descriptor asks (LLVM AMDGPUUsage, "Initial Kernel
// Execution State"), calls execute() (execute.h) and acts on the reason for which it returns.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace w2w::emu {

class MemoryMap;
class WaveObserver;

/// Indices into Wave::s. They are AMD's scalar operand numbers of gfx9, whatever the generation:
/// the decoder maps gfx11's swap of m0 and null, so that the scheduler and the handlers know one
/// numbering.
enum ScalarIndex : unsigned {
  kFlatScratchLo = 102, ///< gfx9 only
  kFlatScratchHi = 103,
  kXnackMaskLo = 104,
  kVccLo = 106,
  kVccHi = 107,
  kTtmp0 = 108, ///< ttmp0..ttmp15 = 108..123 (gfx12: workgroup ids arrive in ttmp9 and ttmp7)
  kM0 = 124,
  kExecLo = 126,
  kExecHi = 127,
  kNull = 128,  ///< reads as zero, 16 dwords
  kTrash = 144, ///< destination of writes to null, 16 dwords
  kScalarFileSize = 160,
};

/// Rows of the vector register file that AGPRs start at.
inline constexpr unsigned kFirstAgprRow = 256;

/// What the waves of one workgroup share.
struct Workgroup {
  uint8_t *lds = nullptr; ///< lds_size bytes, aligned to 64
  uint32_t lds_size = 0;
  /// Flat apertures: the low 32 bits are zero; [base, base + 4 GiB) is the segment.
  uint64_t shared_base = 0;
  uint64_t private_base = 0;
  const MemoryMap *memory = nullptr;
  uint64_t dispatch_id = 0;
  std::array<uint32_t, 3> id{};
  /// Asked about every instruction if the code is watched (observe.h).
  WaveObserver *observer = nullptr;
};

/// One wave. Vector registers are rows of `lanes` dwords: register r of lane l is v[r * lanes + l];
/// AGPR r is row kFirstAgprRow + r.
struct alignas(64) Wave {
  /// Scalar registers by ScalarIndex; sgpr n is s[n].
  alignas(64) std::array<uint32_t, kScalarFileSize> s{};
  uint64_t pc = 0;
  uint32_t *v = nullptr;
  Workgroup *group = nullptr;

  /// Per-lane private memory of scratch_per_lane bytes each, dword-interleaved: the dword at lane
  /// offset o (a multiple of 4) of lane l lies at scratch + (o / 4 * lanes + l) * 4.
  /// Targets without flat scratch (gfx90a, gfx1030) reach it through a buffer resource with
  /// ADD_TID_ENABLE (bit 23 of its fourth dword) set: base and size are not looked at, the scalar
  /// offset is divided by the wave size.
  uint8_t *scratch = nullptr;
  uint32_t scratch_per_lane = 0;

  uint32_t lanes = 64; ///< wave size: 32 or 64
  uint32_t vgprs =
      0; ///< registers the kernel was given; a use beyond stops the wave (StopKind::BadRegister)
  uint32_t agprs = 0;
  uint32_t scc = 0; ///< 0 or 1

  /// MODE as s_getreg_b32 hwreg(HW_REG_MODE) shows it: [3:0] rounding, [7:4] denormals, 8
  /// dx10_clamp, 9 ieee. Set through set_mode(), which derives the host's control words.
  uint32_t mode = 0;
  uint32_t mxcsr32 = 0x1f80; ///< host control word that f32 operations run under
  uint32_t mxcsr64 = 0x1f80; ///< and f64 and f16 operations
  bool plain_mode = true;    ///< both are the default: round to nearest even, denormals kept

  bool gpr_idx = false; ///< gfx9: between s_set_gpr_idx_on and _off

  uint32_t wave_in_group = 0;
  uint32_t hw_id = 0;        ///< HW_REG_HW_ID / HW_ID1
  uint32_t xcc_id = 0;       ///< HW_REG_XCC_ID
  uint32_t trapsts = 0;      ///< HW_REG_TRAPSTS
  uint64_t instructions = 0; ///< executed so far, all calls together

  /// Registers that s_setreg may write and that have no effect here, by hwreg id.
  std::array<uint32_t, 64> hwregs{};

  uint64_t exec() const { return s[kExecLo] | uint64_t(s[kExecHi]) << 32; }
  void set_exec(uint64_t m) { s[kExecLo] = uint32_t(m), s[kExecHi] = uint32_t(m >> 32); }
  uint64_t vcc() const { return s[kVccLo] | uint64_t(s[kVccHi]) << 32; }
  void set_vcc(uint64_t m) { s[kVccLo] = uint32_t(m), s[kVccHi] = uint32_t(m >> 32); }
  uint64_t full_exec() const { return lanes == 64 ? ~uint64_t(0) : 0xffffffffu; }
  uint32_t *row(unsigned r) { return v + size_t(r) * lanes; }

  /// Writes MODE. Bits [3:0] and [7:4] become the rounding and denormal handling of the operations.
  void set_mode(uint32_t value);
};

/// Memory for one wave's vector registers, aligned for the widest vectors; reused from wave to wave
/// by the scheduler. AGPR rows are there only if asked for.
class VectorRegisters {
public:
  VectorRegisters(unsigned lanes, unsigned vgprs, unsigned agprs);
  uint32_t *data() { return rows.get(); }

private:
  struct Free {
    void operator()(uint32_t *p) const;
  };
  std::unique_ptr<uint32_t, Free> rows;
};

} // namespace w2w::emu
