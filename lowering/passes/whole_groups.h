// Where, in a kernel whose threads run in lockstep until some of them leave it to wait elsewhere,
// a group of threads (a warp, or a wave) is whole: whoever executes a block, all threads of its
// group that have not ended execute it together. Nobody has to ask there who is missing.
//
// A group that is whole stays so along branches that its threads do not part at, and is whole again
// where the sides of a branch meet, if it came to the branch whole and nobody left in between. The
// end of the kernel is no side: who goes there, without doing anything, is not missed.
#pragma once

#include "lowering/passes/warp_flow.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace w2w {

class WholeGroups {
public:
  enum class Of { Warp, Wave };
  /// An edge of the flow by which threads leave, and by which of its terminator's successors.
  struct Leaving {
    const llvm::Instruction *terminator;
    unsigned successor;
  };

  /// Behind `start`, at which all threads arrive together. At each of verdict.places all that
  /// execute it may leave; who goes on has been found to be all of the wave, or of the warps that a
  /// full mask names.
  WholeGroups(llvm::Function &kernel, llvm::BasicBlock &start, const FlowVerdict &verdict,
              llvm::ArrayRef<Leaving> leaving, Of group, bool paired);

  /// When the block is entered; when the place in it is come to.
  bool at(const llvm::BasicBlock &block) const { return whole_.contains(&block); }
  bool at(const llvm::CallInst &place) const;
  /// Whether some of a group may end while others, whole again without them, go on.
  bool some_end() const { return some_end_; }

private:
  /// A branch at which threads of a group part, with all blocks on the way from it to where its
  /// sides meet.
  struct Region {
    const llvm::BasicBlock *meet;
    llvm::SmallSetVector<const llvm::BasicBlock *, 8> blocks;
    bool whole = true; // groups come to it whole, and leave it so
  };
  bool finds_whole(const llvm::CallInst &place) const;
  llvm::SmallVector<Region> regions(llvm::Function &kernel, llvm::ArrayRef<llvm::BasicBlock *> all,
                                    const llvm::SmallPtrSetImpl<const llvm::Instruction *> &parts);
  void spread(llvm::ArrayRef<llvm::BasicBlock *> all, llvm::SmallVectorImpl<Region> &regions,
              const llvm::BasicBlock &start, llvm::ArrayRef<Leaving> leaving);

  Of group_;
  bool paired_;
  llvm::DenseMap<const llvm::BasicBlock *, llvm::SmallVector<const llvm::CallInst *, 2>> places_;
  bool some_end_ = false;
  llvm::SmallPtrSet<const llvm::BasicBlock *, 16> parting_, whole_;
};

} // namespace w2w
