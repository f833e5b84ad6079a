// Gives every thread of a kernel a resume point of its own ("scheduled" mode), for kernels whose
// threads wait for each other in ways that a wave in lockstep cannot serve: warps of one wave at
// different barriers, threads of one warp at different *.sync instructions, threads that spin until
// another thread of their wave goes on (PTX ISA 3.1: independent thread scheduling since sm_70).
//
// Which kernels those are is warp_flow.h's question. Such a kernel is cut at every place where a
// thread may wait: barriers, *.sync operations, the back edges of loops that wait for memory, and
// of loops around such places. What is left between the cuts ends by itself. A dispatch loop around
// the pieces picks, turn by turn, threads that stand at the same resume point, and runs them until
// each has come to its next cut:
//
//     dispatch: which threads are left? none: return
//     pick:     a thread, fairly; all threads at its resume point. At an operation of the warp, all
//               threads that its mask names must have come there (whichever instruction of the kind
//               brought them), else another thread is picked; if nobody can go on, the launch fails
//     run:      switch over the resume points, under the mask of the threads picked
//     latch:    back to dispatch
//
// That loop is entered late: every kernel starts in a version of its own that runs as in lockstep
// and leaves for the loop where threads come to a place to wait before others that they wait for
// (warp_scheduler.h). A warp operation that all threads of its mask reach together goes on at once.
//
// A barrier of the whole block stays the hardware's: the wave enters it once all its threads that
// have not exited stand at that barrier. The others count warps in LDS (block_barrier.h): a warp
// arrives when all its threads that have not exited stand there; waiting for the barrier's end is a
// resume point like others, in which the wave stays as long as none of its threads can go on.
//
// Values that live across a cut are kept in memory of the thread, which LLVM's SROA turns into
// registers unless they are many.
//
// inline_synchronising and the AlwaysInliner must have run: operations outside of kernels are
// refused here if a kernel in this mode reaches them. The IR should be in SSA form. Leaves
// w2w.sreg.* behind (lower_special_registers runs again), and w2w.* warp operations, which now are
// reached by all their threads together, for lower_warp_ops, and w2w.barrier.* of the whole block
// for lower_barriers. In: any IR. Out: kernels in scheduled mode have the attribute
// "w2w-scheduled".
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool schedule_warps(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
