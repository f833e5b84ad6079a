// Target processors and what LLVM needs to know of them: triple, data layout, TargetMachine.
#pragma once

#include "lowering/compiler.h"

#include "llvm/IR/Module.h"
#include "llvm/IR/OptBisect.h"
#include "llvm/Target/TargetMachine.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace w2w {

/// GFX generations, in the sense of "which instructions are there".
enum class Generation : uint8_t { Gfx9, Gfx10, Gfx11, Gfx12 };

/// One processor we generate code for.
struct Processor {
  std::string_view name; // LLVM's -mcpu
  Generation generation;
  uint8_t wave_size;         // work-items a wave: 64 means two PTX warps a wave
  std::string_view features; // LLVM's feature string
  uint32_t lds_bytes;        // LDS a workgroup may have
  uint8_t simd_waves;        // waves a SIMD holds at most
  bool one_register_file;    // VGPRs and AGPRs share their registers
  uint32_t steady_tick_ns;   // nanoseconds a tick of s_memrealtime: a 25 MHz or a 100 MHz counter
};

/// Bytes of scratch that a work-item may have: what a wave may, by COMPUTE_TMPRING_SIZE.WAVESIZE
/// (LLVM: GCNSubtarget::getMaxWaveScratchSize).
uint32_t most_scratch(const Processor &processor);

/// The processor called `name`, or nullptr.
const Processor *find_processor(std::string_view name);

/// Sets triple and data layout (the same for all processors).
void configure_module(llvm::Module &module);

/// Keeps LLVM's passes from running that we do without, in a context that has it
/// (LLVMContext::setOptPassGate). Lives as long as the program.
llvm::OptPassGate &pass_gate();

/// A target machine for the processor; `opt_level` 0..3. Registers LLVM's AMDGPU target on first
/// use (thread-safe).
std::unique_ptr<llvm::TargetMachine> create_target_machine(const Processor &processor,
                                                           int opt_level);

} // namespace w2w
