// Turns PTX's integer address arithmetic back into pointers with GEPs.
//
// PTX keeps addresses in integer registers: `cvta`, `mov` of a variable and the address of a local
// array become ptrtoint, then come additions, then inttoptr at the access. This pass follows each
// inttoptr back through additions, subtractions, selects and phis to the ptrtoint it came from, and
// rebuilds the chain on the pointer. That lets LLVM see what is accessed: local arrays go into
// registers (SROA), address spaces are inferred, accesses are told apart and joined.
// A chain with two pointers in it (a difference of addresses), or with none, is left as it is. The
// GEPs are not inbounds: PTX says nothing of the kind.
// In: SSA form. Out: the same values.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool recover_pointers(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

/// The same for one function, for use inside LLVM's function pipelines (after inlining).
bool recover_pointers_in(llvm::Function &function);

} // namespace w2w
