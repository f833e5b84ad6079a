// Which kernels need a resume point for each thread (schedule_warps), and why.
//
// A wave runs its threads in lockstep and joins the sides of a branch before it goes on behind
// them. That is all a kernel needs unless threads of one wave wait for each other:
//
// * at *.sync operations of the warp, when a branch that threads of one warp may take differently
//   leads to such operations on both of its sides, or on one side and again behind the branch: then
//   threads may meet at different instructions;
// * at block barriers, in the same way: of a warp; and, on wave64, of the two warps of a wave,
// since
//   the hardware counts waves;
// * at a loop that waits for memory to change: the change may be another thread's of the wave. A
//   compare-and-swap loop that tries again with the value it has just seen does not wait: whenever
//   it fails, somebody else has succeeded.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Analysis/UniformityAnalysis.h"

#include <string>

namespace w2w {

/// Whether the function of this name is a *.sync operation of the warp, or a block barrier (the
/// border functions of intrinsics.md).
bool is_warp_operation(llvm::StringRef name);
bool is_block_barrier(llvm::StringRef name);

/// Whether a kernel's launch bounds say what CompileOptions::warps_are_rows says.
bool warps_are_rows(const llvm::Function &kernel);

struct FlowVerdict {
  bool scheduled = false;
  bool assumes_rows = false; // not scheduled, because env.warps_are_rows
  std::string reason;        // with the PTX line
  llvm::DebugLoc where;      // of what gave the reason
  /// The kernel's calls at which threads may wait: *.sync operations, block barriers.
  llvm::SmallVector<llvm::CallInst *> places;
  /// Headers of loops that wait for memory.
  llvm::SmallVector<llvm::BasicBlock *> waiting_headers;
};

/// Functions, other than kernels, in which threads may wait for each other: called recursively or
/// through a pointer, else they had been inlined.
struct SynchronisingFunctions {
  llvm::SmallPtrSet<const llvm::Function *, 8> warp, block;
  explicit SynchronisingFunctions(llvm::Module &module);
  bool contains(const llvm::Function &f) const { return warp.contains(&f) || block.contains(&f); }
};

/// The function is a kernel or one of SynchronisingFunctions. The IR should be in SSA form; w2w.*
/// operations are still calls.
FlowVerdict judge_flow(llvm::Function &function, const SynchronisingFunctions &others,
                       llvm::ModuleAnalysisManager &analyses, const PassEnv &env);

/// Which values may differ among the threads of one 32-thread warp, or of a wave: fewer than LLVM's
/// uniformity analysis says of a wave, which knows nothing of our operations. `rows`: whether warps
/// are rows of the block (its x size is a multiple of 32, or it has one row), so that %tid.x / 32
/// and the other coordinates are the same for a warp.
class ThreadUniformity {
public:
  enum class Of { Warp, Wave };
  ThreadUniformity(llvm::Function &function, llvm::UniformityInfo &wave,
                   llvm::PostDominatorTree &post, Of group, bool rows);
  bool varies(const llvm::Value &value) const { return varying_.contains(&value); }
  /// Whether threads of one group may leave the block by different edges.
  bool splits(const llvm::BasicBlock &block) const;
  /// Whether anything was taken to be the same because warps are rows.
  bool used_rows() const { return used_rows_; }

private:
  bool is_root(const llvm::Instruction &i) const;
  bool is_same(const llvm::Instruction &i) const;
  bool is_same_in_row(const llvm::Instruction &i) const;

  Of group_;
  bool rows_, used_rows_ = false;
  llvm::SmallPtrSet<const llvm::Value *, 32> varying_;
};

} // namespace w2w
