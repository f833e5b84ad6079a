// A machine pass of ours between LLVM's.
#pragma once

namespace llvm {
class MachineFunctionPass;
}

namespace w2w {

/// Moves the comparison that a branch on SCC goes by to the end of its block. LLVM 22's pass
/// si-lower-i1-copies, in front of which this one has to run, joins the conditions of lanes in
/// front of that comparison, though they may be made behind it (docs/AMDGPU-NOTES.md). A comparison
/// whose SCC others read too is done twice.
llvm::MachineFunctionPass *create_compare_last();

} // namespace w2w
