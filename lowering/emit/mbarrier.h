// The mbarrier object, PTX ISA 9.7.13.15.2, as 64 bits of the shared window that only atomic
// additions change:
//     0 - 19  arrivals that the phase still waits for
//         20  parity of the phase
//    21 - 40  arrivals that each phase waits for
//    41 - 63  bytes (or other units) that the phase still waits for, signed
#pragma once

#include "lowering/emit/function_emitter.h"

namespace w2w::emit {

/// A pointer into the shared window, in its address space, where a generic address is one too.
Value *shared_pointer(FunctionEmitter &e, const Operand &op, StateSpace space);

/// complete-tx, 9.7.13.15.5.2, by an operation of a cluster, hence of a workgroup.
void complete_transactions(FunctionEmitter &e, Value *object, Value *count,
                           llvm::AtomicOrdering order);

} // namespace w2w::emit
