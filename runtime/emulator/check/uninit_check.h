// Values that were never written and decide something: an address, a branch, which lanes are on, an
// atomic operation. As valgrind's memcheck does for processors: each bit of registers, LDS, scratch
// and allocated memory has a shadow bit, undefined until written, which follows the value through
// copies and arithmetic (uninit_rules.h) without a report.
//
// Defined from the start: what the ABI puts into registers, arguments, code objects and their
// variables, pinned, managed and registered memory (the CPU writes there unseen). hipMemcpy and
// hipMemset define what they write; a copy between allocations copies the shadow.
//
// Results count as defined (misses, no false alarms) for DPP, permlane, swizzle, ds_permute, matrix
// instructions, and scalar registers chosen by M0.
#pragma once

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/report.h"
#include "runtime/emulator/check/step.h"
#include "runtime/emulator/check/uninit_rules.h"

#include <array>
#include <vector>

namespace w2w::emu::check {

class UninitCheck {
public:
  explicit UninitCheck(LaunchContext &launch);
  ~UninitCheck();
  UninitCheck(const UninitCheck &) = delete;
  UninitCheck &operator=(const UninitCheck &) = delete;
  void group_started(const Workgroup &group);
  void wave_started(const Wave &wave);
  void before(const Step &step);

private:
  /// The shadow of one wave's registers. Set bits are undefined.
  struct Shadow {
    std::vector<uint64_t> rows; ///< by vector register: lanes with undefined bits
    std::vector<uint32_t> bits; ///< the bits, laid out as Wave::v; only of lanes in `rows`
    std::array<uint32_t, kScalarFileSize> s{};
    bool scc = false;
    uint8_t *defined_scratch = nullptr; ///< set bits are defined; laid out as Wave::scratch
    uint64_t scratch_touched = 0;       ///< bytes of it that may not be zero
  };

  Shadow &of(const Wave &w) { return shadows_[w.wave_in_group]; }

  // Registers
  uint32_t vgpr(const Wave &w, unsigned row, unsigned lane);
  void set_vgpr(const Wave &w, unsigned row, unsigned lane, uint32_t undefined);
  void define_rows(const Wave &w, const isa::Operand &o, unsigned rows, uint64_t lanes);
  uint64_t undefined_lanes(const Wave &w, const isa::Operand &o, unsigned rows);
  Bits scalar(const Wave &w, const isa::Operand &o, unsigned dwords);
  void set_scalar(const Wave &w, const isa::Operand &o, unsigned dwords, uint64_t undefined);

  // Instructions
  void vector(const Step &step);
  void vector_half(const Step &step, const isa::Inst &i, std::vector<uint32_t> &result);
  void store_half(const Step &step, const isa::Inst &i, const std::vector<uint32_t> &result);
  Bits source(const Step &step, const isa::Inst &i, unsigned k, unsigned lane);
  bool clean(const Step &step, const isa::Inst &i);
  void compare(const Step &step);
  void lanes_moved(const Step &step);
  void scalar_alu(const Step &step);
  void branch(const Step &step);
  void check_exec(const Step &step);

  // Memory
  void memory(const Step &step);
  void scalar_load(const Step &step);
  void lds_lanes(const Step &step);
  void load(const Step &step, const isa::LaneAccesses &a, unsigned place);
  void store(const Step &step, const isa::LaneAccesses &a, unsigned place);
  void atomic(const Step &step, const isa::LaneAccesses &a, unsigned place);
  void addresses(const Step &step);
  /// Bytes [a, a + n) of a lane: undefined bits, and setting them. n <= 64.
  void read_memory(const Wave &w, MemorySpace space, uint64_t a, unsigned n, unsigned lane,
                   uint8_t *undefined);
  void write_memory(const Wave &w, MemorySpace space, uint64_t a, unsigned n, unsigned lane,
                    const uint8_t *undefined);

  void wrong(const Step &step, const char *what, unsigned lane, std::string note);

  LaunchContext &launch_;
  BlockCache cache_;
  std::vector<Shadow> shadows_;
  std::vector<uint8_t> defined_lds_;
  std::vector<uint32_t> result_, result2_;
  uint64_t scratch_bytes_ = 0; ///< of one wave
};

} // namespace w2w::emu::check
