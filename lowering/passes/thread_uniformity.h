// Which values are the same for all threads of a 32-thread warp, or of a wave.
#pragma once

#include "lowering/passes/thread_number.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CycleAnalysis.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/Analysis/UniformityAnalysis.h"

namespace w2w {

/// Which values may differ among the threads of one 32-thread warp, or of a wave: fewer than LLVM's
/// uniformity analysis says of a wave, which knows nothing of our operations. `rows`: whether the
/// block is rows of a multiple of 32 threads, or one row, so that %tid.x / 32 and the other
/// coordinates are the same for a warp. Without it the thread's number in the block tells its warp.
class ThreadUniformity {
public:
  enum class Of { Warp, Wave };
  ThreadUniformity(llvm::Function &function, llvm::UniformityInfo &wave,
                   llvm::PostDominatorTree &post, Of group, bool rows);
  bool varies(const llvm::Value &value) const { return varying_.contains(&value); }
  /// Whether all threads of a group that execute `at` have the same of `value` there, which they
  /// may carry out of a cycle in different turns.
  bool is_same_at(const llvm::Value &value, const llvm::Instruction &at) const;
  /// Whether threads of one group may leave the block by different edges.
  bool splits(const llvm::BasicBlock &block) const;
  /// Whether anything was taken to be the same because warps are rows.
  bool used_rows() const { return used_rows_; }

private:
  bool is_root(const llvm::Instruction &i) const;
  bool is_same(const llvm::Instruction &i) const;
  bool is_row(const llvm::Instruction &i) const;
  bool is_phase(const llvm::Instruction &i) const;
  bool tells_group_alone(const llvm::Instruction &i);
  void spread(const llvm::Value &value, llvm::PostDominatorTree &post);
  void mark(const llvm::Value &value);

  Of group_;
  bool rows_, used_rows_ = false;
  llvm::UniformityInfo &wave_;
  llvm::CycleInfo cycles_;
  ThreadNumbers numbers_;
  llvm::SmallVector<const llvm::Value *> work_;
  llvm::SmallPtrSet<const llvm::BasicBlock *, 16> split_;
  /// Found the same although operands vary: by the number of their group, or by phase.
  llvm::SmallSetVector<const llvm::Instruction *, 8> by_number_;
  llvm::SmallPtrSet<const llvm::Value *, 32> varying_;
};

/// Whether the kernel's launch bounds say that warps are rows of the block.
bool warps_are_rows(const llvm::Function &kernel);

/// The blocks between the branch at the end of `block` and the place where its sides meet, that
/// place included. `meeting`: only those to which more than one side leads.
void influence(const llvm::BasicBlock &block, llvm::PostDominatorTree &post,
               llvm::SmallPtrSetImpl<const llvm::BasicBlock *> &region, bool meeting = false);

/// The loops with several entries in which threads that part at the end of `block` may be out of
/// step: on the way to where its sides meet they come to different entries, or, from within the
/// loop, to any. LLVM leads all ways to such a loop's entries through one block, from which threads
/// of the same wave go to theirs in different turns; where the sides meet they need not be
/// together.
llvm::SmallVector<const llvm::Cycle *> entered_apart(const llvm::BasicBlock &block,
                                                     const llvm::CycleInfo &loops,
                                                     llvm::PostDominatorTree &post);

} // namespace w2w
