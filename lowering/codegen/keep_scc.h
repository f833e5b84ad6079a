// A machine pass of ours between LLVM's.
#pragma once

namespace llvm {
class MachineFunctionPass;
}

namespace w2w {

/// Keeps an `s_and vcc, exec, vcc` whose SCC somebody reads. LLVM 22's pass si-pre-emit-peephole,
/// in front of which this one has to run, drops it behind a vector comparison and in front of a
/// branch on VCC, without a look at SCC (docs/AMDGPU-NOTES.md). Costs no instruction.
llvm::MachineFunctionPass *create_keep_scc();

} // namespace w2w
