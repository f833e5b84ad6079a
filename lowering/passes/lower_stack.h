// Replaces what makes room on a thread's stack at run time: alloca of a size or at a place that is
// not fixed, stacksave and stackrestore.
//
// LLVM has one stack pointer a wave, PTX one a thread; in a dispatch loop (schedule_warps) threads
// of a wave come to these instructions in any order, and LLVM 22's own alloca is wrong by the
// wave's size on gfx9 (docs/AMDGPU-NOTES.md). So a function gets a region of its frame, and each
// thread an offset in there, which is an ordinary value. The region holds every alloca of constant
// size once, and kKernelStack or kFunctionStack bytes more if there is one of another size or in a
// loop. A thread that needs more ends the launch (abi::StatusKind::StackOverflow): PTX leaves open
// what happens then (PTX ISA 9.7.17.3). An alloca of constant size in no loop becomes an array like
// any other.
//
// In: SSA form, after inlining, by which functions of a kernel use its region; alloca as emit/
// makes it, of i8 by the number of bytes. Out: allocas of fixed size in entry blocks alone.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

/// Bytes for what is not known at compile time: in kernels as much as LLVM assumes; less in what
/// could not be inlined, since a recursion has many frames.
constexpr uint64_t kKernelStack = 4096, kFunctionStack = 1024;

/// Whether the alloca changes its function's frame as it runs. One of one byte has no array's size.
bool moves_stack(const llvm::AllocaInst &alloca);

bool lower_stack(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
