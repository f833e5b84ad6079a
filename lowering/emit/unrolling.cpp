#include "lowering/emit/unrolling.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Metadata.h"

#include <algorithm>

namespace w2w::emit {

using namespace llvm;

constexpr std::string_view kNoUnroll = "nounroll";

KeptLoops::KeptLoops(const ptx::Module &module, const ptx::Function &function)
    : module_(module), function_(function),
      all_(std::ranges::find(module.pragmas, kNoUnroll) != module.pragmas.end()) {}

void KeptLoops::add(std::string_view pragma, BasicBlock &block) {
  if (pragma != kNoUnroll)
    return;
  // In the head of the kernel, before the body's brace?
  const char *begin = module_.text.data() + function_.loc.offset;
  if (std::find(begin, pragma.data(), '{') == pragma.data())
    all_ = true;
  else if (block.empty()) // behind an instruction it means nothing
    headers_.insert(&block);
}

void KeptLoops::mark(Function &ir, const DominatorTree &tree) const {
  if (!all_ && headers_.empty())
    return;
  LLVMContext &context = ir.getContext();
  DenseMap<BasicBlock *, MDNode *> loops;
  for (BasicBlock &latch : ir)
    for (BasicBlock *header : successors(&latch)) {
      if ((!all_ && !headers_.contains(header)) || !tree.dominates(header, &latch))
        continue;
      MDNode *&loop = loops[header];
      if (!loop) {
        Metadata *disable =
            MDNode::get(context, MDString::get(context, "llvm.loop.unroll.disable"));
        loop = MDNode::getDistinct(context, {nullptr, disable});
        loop->replaceOperandWith(0, loop); // a loop's node begins with itself
      }
      latch.getTerminator()->setMetadata(LLVMContext::MD_loop, loop);
    }
}

} // namespace w2w::emit
