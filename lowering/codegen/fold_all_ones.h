// A machine pass of ours between LLVM's.
#pragma once

namespace llvm {
class MachineFunctionPass;
}

namespace w2w {

/// Makes a constant of every 32-bit `or` with an operand whose bits are all ones. LLVM 22's pass
/// si-fold-operands, in front of which this one has to run, makes the other operand of it instead
/// (docs/AMDGPU-NOTES.md). The IR and the instruction selector fold such an `or` where they see the
/// constant; it is left where selection finds the constant in one block and the `or` in another.
llvm::MachineFunctionPass *create_fold_all_ones();

} // namespace w2w
