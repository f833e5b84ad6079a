// The device library: device code written in C++ (the other files of this folder), compiled to
// bitcode by the build and part of the compiler's binary.
#pragma once

#include "llvm/IR/Module.h"

namespace w2w {

/// Links the library's functions that the module declares and uses (names w2w_lib_*) into it, as
/// internal functions for the module's own target. Nothing happens if there are none.
void link_devicelib(llvm::Module &module);

} // namespace w2w
