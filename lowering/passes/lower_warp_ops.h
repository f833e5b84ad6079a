// Replaces the warp operations: w2w.shfl.*, vote.*, match.*, redux.*, activemask, elect, bar.warp.
//
// A PTX warp is 32 threads on every target. On wave64 a wave is two warps, and each operation acts
// on its own 32-lane half: the wave's exec mask and ballots are cut to the half, lane numbers get
// the half's base. Nothing here waits, so it is right in divergent flow too.
// Shuffles whose lanes are known at compile time need no address (lane_moves); where a scan adds
// what a shuffle brings in a known set of lanes (lane_sets, scan_steps), the addition itself
// becomes DPP. redux of one mask reduces the executing lanes in whole-wave mode, with the neutral
// element in the others; with masks that may differ it loops over them. In: any IR (constants
// already propagated give better code). Out: no such calls. Sources: PTX ISA 9.7.9 (data
// movement), 9.7.13 (synchronisation), AMDGPUUsage for DPP and ds_swizzle controls.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_warp_ops(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
