// Which kernels need a resume point for each thread (schedule_warps), and why.
//
// A wave runs its threads in lockstep and joins the sides of a branch before it goes on behind
// them. That is all a kernel needs unless threads of one wave wait for each other:
//
// * at *.sync operations of the warp, when a branch that threads of one warp may take differently
//   leads to such operations on both of its sides, or on one side and again behind the branch: then
//   threads may meet at different instructions;
// * at block barriers, in the same way: of a warp; and, on wave64, of the two warps of a wave,
//   since the hardware counts waves;
// * at a loop that waits for memory to change: the change may be another thread's of the wave,
//   unless the wave comes to the loop and leaves it as a whole, or the others of the wave stand at
//   a barrier meanwhile. A compare-and-swap loop that tries again with the value it has just seen
//   does not wait: whenever it fails, somebody else has succeeded;
// * at any of these in a loop with several entries that threads come to by different ones: a wave
//   does not join them there.
//
// In solo mode (spread_warps) a wave is a warp, as on wave32.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/ADT/SmallPtrSet.h"

#include <string>

namespace w2w {

/// Whether the function of this name is a *.sync operation of the warp, or a block barrier (the
/// border functions of intrinsics.md).
bool is_warp_operation(llvm::StringRef name);
bool is_block_barrier(llvm::StringRef name);
/// Whether the *.sync operation's mask, its last argument, is the activemask of the same block: it
/// names the threads that execute it.
bool names_executing_threads(const llvm::CallInst &call);

struct FlowVerdict {
  bool scheduled = false;
  bool assumes_rows = false; // of what follows some does because env.warps_are_rows
  std::string reason;        // with the PTX line
  llvm::DebugLoc where;      // of what gave the reason
  /// The kernel's calls at which threads may wait: *.sync operations, block barriers.
  llvm::SmallVector<llvm::CallInst *> places;
  /// Headers of loops that wait for memory.
  llvm::SmallVector<llvm::BasicBlock *> waiting_headers;
  /// Terminators at which threads of a warp, or of a wave, may part.
  llvm::SmallPtrSet<const llvm::Instruction *, 16> warp_parts, wave_parts;
  /// Places to which all that come together bring the same: operations of the warp a mask, by
  /// warps; barriers a number and a count of threads, by waves.
  llvm::SmallPtrSet<const llvm::CallInst *, 16> alike;
};

/// Functions, other than kernels, in which threads may wait for each other: recursive, else they
/// had been inlined.
struct SynchronisingFunctions {
  llvm::SmallPtrSet<const llvm::Function *, 8> warp, block;
  explicit SynchronisingFunctions(llvm::Module &module);
  bool contains(const llvm::Function &f) const { return warp.contains(&f) || block.contains(&f); }
};

/// The function is a kernel or one of SynchronisingFunctions. The IR should be in SSA form; w2w.*
/// operations are still calls.
FlowVerdict judge_flow(llvm::Function &function, const SynchronisingFunctions &others,
                       llvm::ModuleAnalysisManager &analyses, const PassEnv &env,
                       bool solo = false);

} // namespace w2w
