// Replaces what makes room on a thread's stack at run time: alloca of a size or at a place that is
// not fixed, stacksave and stackrestore.
//
// LLVM has one stack pointer a wave, PTX one a thread; in a dispatch loop (schedule_warps) threads
// of a wave come to these instructions in any order, and LLVM 22's own alloca is wrong by the
// wave's size on gfx9 (docs/AMDGPU-NOTES.md). So a kernel gets a region of its frame, the stack of
// each thread, and how much of it is left is an ordinary value, which is passed to the functions
// that take bytes of the stack and are not inlined (recursive ones). The region has
// PassEnv::stack_bytes, half of them in kernels with recursion, and room for every alloca of
// constant size in a loop once. A thread that needs more ends the launch
// (abi::StatusKind::StackOverflow): PTX leaves open what happens then (PTX ISA 9.7.17.3). An alloca
// of constant size in no loop becomes an array like any other.
//
// In: SSA form, after inlining; no indirect calls (lower_function_ids); alloca as emit/ makes it,
// of i8 by the number of bytes. Out: allocas of fixed size in entry blocks alone; functions that
// take bytes of the stack have two arguments more; PassEnv::stack_parts.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

/// Whether the alloca changes its function's frame as it runs. One of one byte has no array's size.
bool moves_stack(const llvm::AllocaInst &alloca);

bool lower_stack(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
