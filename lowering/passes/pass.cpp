#include "lowering/passes/pass.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/AttributeMask.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

namespace w2w {

void PassEnv::refuse(const llvm::Instruction &at, std::string message) {
  PassError error{std::move(message), at.getFunction()->getName().str()};
  if (const llvm::DebugLoc &loc = at.getDebugLoc()) {
    error.line = loc.getLine();
    error.column = loc.getCol();
  } else if (const llvm::DISubprogram *sp = at.getFunction()->getSubprogram()) {
    error.line = sp->getLine();
  }
  errors.push_back(std::move(error));
}

void PassEnv::refuse(const llvm::Function &function, std::string message) {
  PassError error{std::move(message), function.getName().str()};
  if (const llvm::DISubprogram *sp = function.getSubprogram())
    error.line = sp->getLine();
  errors.push_back(std::move(error));
}

std::vector<llvm::CallInst *> calls_of(llvm::Module &module, llvm::StringRef name) {
  std::vector<llvm::CallInst *> calls;
  if (llvm::Function *f = module.getFunction(name))
    for (llvm::User *user : f->users())
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(user); call && call->getCalledFunction() == f)
        calls.push_back(call);
  return calls;
}

std::vector<llvm::CallInst *> calls_with_prefix(llvm::Module &module, llvm::StringRef prefix) {
  std::vector<llvm::CallInst *> calls;
  for (llvm::Function &f : module)
    if (f.getName().starts_with(prefix))
      llvm::append_range(calls, calls_of(module, f.getName()));
  return calls;
}

void erase_unused_declarations(llvm::Module &module, llvm::StringRef prefix) {
  for (llvm::Function &f : llvm::make_early_inc_range(module))
    if (f.isDeclaration() && f.use_empty() && f.getName().starts_with(prefix))
      f.eraseFromParent();
}

llvm::AtomicOrdering memory_order(const llvm::Instruction &i) {
  if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&i))
    return fence->getOrdering();
  if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&i))
    return load->getOrdering();
  if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&i))
    return store->getOrdering();
  if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&i))
    return rmw->getOrdering();
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&i))
    return exchange->getMergedOrdering();
  return llvm::AtomicOrdering::NotAtomic;
}

llvm::StringRef callee_name(const llvm::CallInst &call) {
  const llvm::Function *callee = call.getCalledFunction();
  return callee ? callee->getName() : llvm::StringRef();
}

bool is_kernel(const llvm::Function &function) {
  return !function.isDeclaration() && function.getCallingConv() == llvm::CallingConv::AMDGPU_KERNEL;
}

llvm::SmallPtrSet<llvm::Function *, 8> callees_of(llvm::Function &function) {
  llvm::SmallVector<llvm::Function *> work{&function};
  llvm::SmallPtrSet<llvm::Function *, 8> found;
  while (!work.empty())
    for (llvm::Instruction &i : llvm::instructions(work.pop_back_val()))
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&i))
        if (llvm::Function *callee = call->getCalledFunction();
            callee && !callee->isDeclaration() && found.insert(callee).second)
          work.push_back(callee);
  return found;
}

llvm::Function *move_body(llvm::Function &old, llvm::FunctionType *type) {
  llvm::Function *f =
      llvm::Function::Create(type, old.getLinkage(), old.getAddressSpace(), "", old.getParent());
  f->takeName(&old);
  f->copyAttributesFrom(&old);
  llvm::AttributeList attributes = f->getAttributes();
  f->setAttributes(attributes.removeRetAttributes(
      f->getContext(),
      llvm::AttributeFuncs::typeIncompatible(type->getReturnType(), attributes.getRetAttrs())));
  f->copyMetadata(&old, 0);
  old.setSubprogram(nullptr);
  f->splice(f->begin(), &old);
  for (auto [from, to] : llvm::zip(old.args(), f->args())) { // as many as old has
    to.takeName(&from);
    from.replaceAllUsesWith(&to);
  }
  return f;
}

std::optional<std::array<unsigned, 3>> required_block(const llvm::Function &kernel) {
  llvm::SmallVector<llvm::StringRef, 3> texts;
  kernel.getFnAttribute("w2w-reqntid").getValueAsString().split(texts, ',');
  std::array<unsigned, 3> size{};
  if (texts.size() != size.size())
    return std::nullopt;
  for (size_t d = 0; d < size.size(); ++d)
    if (texts[d].getAsInteger(10, size[d]))
      return std::nullopt;
  if (size[0] == 0)
    return std::nullopt;
  for (unsigned &s : size)
    s = std::max(s, 1u); // dimensions that .reqntid does not give
  return size;
}

} // namespace w2w
