// Gives every warp a wave of its own on targets whose waves have 64 lanes ("solo" mode): the lower
// 32 lanes are the warp, the upper ones end at once. Costs half of the lanes, and makes a wave what
// it is on wave32: warps may come to different barriers and wait for each other.
//
// The workgroup has one dimension and 64 work-items for each warp of 32 threads, so that a block
// may have at most 512 threads. The runtime launches it so when the code object says that the
// kernel is solo (lowering/abi/launch_block.h); runtime ABI only, since the kernel takes the
// logical size of its blocks from the launch block.
//
// choose_solo decides (schedule_warps asks it); spread_warps changes the kernels chosen, and what
// they call: work-item ids become %tid, lane numbers lose their upper half, the range of workgroup
// sizes becomes the physical one, and a kernel's first branch sends away who is no thread of the
// block, a partial last warp's surplus lanes too.
// In: kernels with the attribute "w2w-solo", append_launch_block has run; all passes that ask for
// work-item ids or lanes should have. Out: `w2w.sreg.ntid.*`, so lower_special_registers runs
// again.
#pragma once

#include "lowering/passes/pass.h"
#include "lowering/passes/warp_flow.h"

namespace w2w {

/// Whether the kernel is to run in solo mode: asked for by env.warp_mode, or enough where paired
/// warps would have to be scheduled. `verdict` is that of paired warps and becomes that of solo
/// ones; it may ask for scheduling even so, of the threads of a warp.
bool choose_solo(llvm::Function &kernel, const SynchronisingFunctions &others,
                 llvm::ModuleAnalysisManager &analyses, PassEnv &env, FlowVerdict &verdict);

bool spread_warps(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
