// Gives module variables (.global, .const) their place.
//
// Runtime ABI: every use becomes arena base (launch block) + offset, and the IR globals go. The
// offset is the attribute "w2w-arena-offset", from the one layout in lowering/arena_layout.h, in
// the managed arena if there is an attribute "w2w-managed"; the runtime fills the arena from the
// module summary, so initialisers are dropped here. append_launch_block must have run. Standalone
// ABI: they stay ELF symbols that hipModuleGetGlobal finds; function addresses in their
// initialisers are already ids. In: globals in address spaces 1 and 4. Out (runtime): none.
// Refused: variables without storage in this module.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool place_globals(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
