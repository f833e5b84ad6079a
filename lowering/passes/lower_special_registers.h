// Replaces w2w.sreg.* (PTX ISA chapter 10).
//
// Geometry: runtime ABI from the launch block (append_launch_block must have run); standalone ABI
// from AMD's hidden arguments (code object v5 and later) or the dispatch packet (v4). Lane
// registers count in the 32-thread warp: on wave64 the half of the wave. %clock of gfx11 comes from
// the steady counter, because its cycle register has 20 bits. %smid is 0 of %nsmid 1: AMD's
// hardware ids are sparse, and programs index arrays with %smid. Clusters: always one CTA. In: any
// IR. Out: no w2w.sreg.*. Unknown names are refused.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

/// The dimension (0 to 2) whose %ntid the value is, if it was loaded by code that this pass has
/// made; at any width.
std::optional<unsigned> block_size_dimension(const llvm::Value &value);

bool lower_special_registers(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                             PassEnv &env);

} // namespace w2w
