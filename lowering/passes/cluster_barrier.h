// The barrier of a cluster (barrier.cluster.arrive and .wait), where a cluster is one block: a
// barrier of all the block's threads that have not ended, apart from the 16 of bar.
//
// An arrival and the wait for it, one right behind the other, are a barrier like any other, which
// the hardware can be. Any other arrival does not wait: the kernel is scheduled, its arrivals are
// counted in LDS (block_barrier.h), and each thread remembers the generation that it arrived at.
// Source: PTX ISA 9.7.13.3.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

/// Whether this is w2w.barrier.cluster.arrive or .wait.
bool is_cluster_barrier(const llvm::CallInst &call);

/// In every kernel whose arrivals all have their wait right behind them, replaces each two by
/// w2w.barrier.sync of the cluster's number (block_barrier.h). The same in other functions, unless
/// a kernel keeps its arrivals apart: what counts in LDS and what does not cannot meet. In:
/// schedule_warps has not run. Returns whether anything changed.
bool join_cluster_barriers(llvm::Module &module);

/// An arrival behind which a thread may end without a wait, or null. Its warp would be counted as
/// having arrived, and no longer as one that the barrier waits for.
llvm::CallInst *arrival_before_end(llvm::Function &kernel);

} // namespace w2w
