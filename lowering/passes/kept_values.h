// Values that live where control flow no longer carries them: through memory of the thread, which
// LLVM's SROA turns into registers again. For passes that cut functions into pieces.
#pragma once

#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

namespace w2w {

/// The phi becomes a variable that its predecessors set; it is gone afterwards. The variable is an
/// alloca at the start of the entry block.
void keep_phi(llvm::PHINode &phi);

/// Every value of the function with uses that it does not dominate, as they stand after the flow
/// was changed, goes to such uses through a variable. Values of the entry block must dominate
/// theirs. The copy of a value, if it has one, sets the variable too.
void keep_values(llvm::Function &function, llvm::ValueToValueMapTy &copies);

/// The variables that keep_phi and keep_values have made of this function's values.
llvm::SmallVector<llvm::AllocaInst *> kept_variables(llvm::Function &function);

/// Makes the variables stay in memory (scratch), where SROA would make registers of them: with many
/// cuts and many values each cut would join all of them, in registers that no wave has, at a cost
/// in compile time that grows with the product.
void pin_kept_values(llvm::Function &function);

} // namespace w2w
