// Replaces w2w.function.id and w2w.function.pointer.
//
// The address of a PTX function is a stable id (lowering/abi/module_summary.h), the attribute
// "w2w-function-id" of the IR function. An indirect call becomes a switch over the ids of all
// functions of the call's type in this module, with a direct call on each arm: no code address is
// ever taken, callees can be inlined, and the kernel's register and stack needs stay known. An id
// that is none of them ends the launch in error (abi::StatusKind::UnknownFunction).
// In: each w2w.function.pointer is used as callee only. Out: neither call.
// append_launch_block must have run; lower_special_registers comes after.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_function_ids(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
