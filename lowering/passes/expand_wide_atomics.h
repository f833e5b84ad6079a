// Replaces atomic operations on 128 bits, which no target has, by plain accesses under a lock: one
// of a table of spin locks, chosen by the address. The runtime ABI has one table a context (launch
// block), the standalone ABI one a code object: two code objects that work on one location at a
// time do not exclude each other there.
//
// In: atomicrmw xchg and cmpxchg of i128 in any scope but the system's, atomic stores of i128 in
// any, all 16-byte aligned, after schedule_warps. Out: none. Loads need no lock: 16 bytes arrive at
// once, and so the store under the lock is seen as a whole (emit/memory.cpp). Atomic operations on
// parts of the 16 bytes do not take the lock.
//
// The loop does not wait for a lane of its own wave: whoever gets the lock gives it back in the
// same pass.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool expand_wide_atomics(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
