// State space and scope of memory instructions.
#pragma once

#include "lowering/emit/function_emitter.h"

namespace w2w::emit {

/// The state space an instruction names; None: generic.
StateSpace space_of(const Instruction &i);
/// .cta workgroup, .cluster and .gpu agent, .sys system; without a scope agent (atom, red) or
/// system.
llvm::SyncScope::ID scope_of(FunctionEmitter &e, const Instruction &i, bool none_is_gpu);

/// The operation of atom and red other than .cas, or BAD_BINOP.
llvm::AtomicRMWInst::BinOp atomic_operation(const Instruction &i, Type t);

} // namespace w2w::emit
