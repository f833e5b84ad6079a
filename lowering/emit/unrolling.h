// .pragma "nounroll", PTX ISA 11.4.7 and chapter 12: for a module, a kernel, or the loop whose
// header it stands in.
#pragma once

#include "frontend/ast/ast.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Dominators.h"

namespace w2w::emit {

/// The loops of one function that are not to be unrolled. Other pragmas are hints for ptxas alone.
class KeptLoops {
public:
  KeptLoops(const ptx::Module &module, const ptx::Function &function);
  /// A pragma in the function's statements; `block` holds what follows it.
  void add(std::string_view pragma, llvm::BasicBlock &block);
  /// Marks the branches back to the loops' headers.
  void mark(llvm::Function &ir, const llvm::DominatorTree &tree) const;

private:
  const ptx::Module &module_;
  const ptx::Function &function_;
  bool all_ = false;
  llvm::SmallPtrSet<llvm::BasicBlock *, 4> headers_;
};

} // namespace w2w::emit
