// Values that live where control flow no longer carries them: through memory of the thread, which
// LLVM's SROA turns into registers again. For passes that cut functions into pieces.
#pragma once

#include "llvm/IR/Instructions.h"

namespace w2w {

/// The phi becomes a variable that its predecessors set; it is gone afterwards. The variable is an
/// alloca at the start of the entry block.
void keep_phi(llvm::PHINode &phi);

/// Every value of the function with uses that it does not dominate, as they stand after the flow
/// was changed, goes to such uses through a variable. Values of the entry block must dominate
/// theirs.
void keep_values(llvm::Function &function);

} // namespace w2w
