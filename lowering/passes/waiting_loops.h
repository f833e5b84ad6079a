// Loops that wait for memory to change, and which of them lockstep serves.
#pragma once

#include "lowering/passes/thread_uniformity.h"

#include "llvm/ADT/SmallVector.h"

namespace w2w {

/// The headers of loops of which a way out depends on news from memory. A loop with several entries
/// counts, by one of them.
llvm::SmallVector<llvm::BasicBlock *> waiting_loops(llvm::Function &function);

/// Whether a group of threads (a warp, or a wave) comes to the loop, and leaves it, as a whole, but
/// for threads that have ended or only stand at a barrier: what it waits for is then other groups'
/// to do.
bool waits_as_a_whole(llvm::BasicBlock &header, llvm::PostDominatorTree &post,
                      const ThreadUniformity &group, bool wave);

/// Lets other waves run in each turn of those loops that do nothing but wait, in a kernel that is
/// not scheduled. Says whether there was one.
bool pause_in_waiting_loops(llvm::ArrayRef<llvm::BasicBlock *> headers);

} // namespace w2w
