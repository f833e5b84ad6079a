#include "lowering/passes/place_globals.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/ReplaceConstant.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kGlobalSpace = 1;
constexpr unsigned kConstSpace = 4;

bool is_module_variable(const GlobalVariable &g) {
  return (g.getAddressSpace() == kGlobalSpace || g.getAddressSpace() == kConstSpace) &&
         !g.getName().starts_with("llvm.");
}

/// The base of one of the arenas at the top of each function, made on first use.
class ArenaBase {
public:
  ArenaBase(uint64_t field, StringRef name) : field_(field), name_(name) {}

  Value *in(Function &function) {
    Value *&base = bases_[&function];
    if (!base) {
      BasicBlock &entry = function.getEntryBlock();
      IRBuilder<> builder(&entry, entry.getFirstNonPHIOrDbgOrAlloca());
      base = load_launch_field(builder, field_, builder.getPtrTy(kGlobalSpace), name_);
    }
    return base;
  }

private:
  uint64_t field_;
  StringRef name_;
  DenseMap<Function *, Value *> bases_;
};

void replace_uses(GlobalVariable &g, uint64_t offset, ArenaBase &arena) {
  for (Use &use : make_early_inc_range(g.uses())) {
    auto *user = dyn_cast<Instruction>(use.getUser());
    if (!user)
      continue;
    IRBuilder<> builder(user);
    if (auto *phi = dyn_cast<PHINode>(user))
      builder.SetInsertPoint(phi->getIncomingBlock(use)->getTerminator());
    Value *address = builder.CreateConstInBoundsGEP1_64(
        builder.getInt8Ty(), arena.in(*user->getFunction()), offset, g.getName());
    if (g.getAddressSpace() == kConstSpace)
      address = builder.CreateAddrSpaceCast(address, g.getType());
    use.set(address);
  }
}

} // namespace

bool place_globals(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  SmallVector<GlobalVariable *> variables;
  for (GlobalVariable &g : module.globals())
    if (is_module_variable(g))
      variables.push_back(&g);

  if (env.abi == KernelAbi::Standalone) {
    for (GlobalVariable *g : variables)
      if (g->isDeclaration() && !g->use_empty())
        for (User *user : g->users())
          if (auto *at = dyn_cast<Instruction>(user)) {
            env.refuse(*at, "external variable '" + g->getName().str() +
                                "' is not defined in this module; link its module in");
            break;
          }
    return false;
  }

  // Constant expressions that mention the variables become instructions, initialisers go.
  for (GlobalVariable *g : variables)
    if (g->hasInitializer())
      g->setInitializer(nullptr);
  SmallVector<Constant *> constants(variables.begin(), variables.end());
  convertUsersOfConstantsToInstructions(constants);

  ArenaBase arena(offsetof(abi::LaunchBlock, arena), "arena"),
      managed(offsetof(abi::LaunchBlock, managed_arena), "managed_arena");
  for (GlobalVariable *g : variables) {
    uint64_t offset = 0;
    bool placed = g->hasAttribute("w2w-arena-offset") &&
                  !g->getAttribute("w2w-arena-offset").getValueAsString().getAsInteger(10, offset);
    if (!placed) {
      for (User *user : g->users())
        if (auto *at = dyn_cast<Instruction>(user)) {
          env.refuse(*at, "external variable '" + g->getName().str() +
                              "' is not defined in this module; link its module in");
          break;
        }
      continue;
    }
    g->removeDeadConstantUsers();
    replace_uses(*g, offset, g->hasAttribute("w2w-managed") ? managed : arena);
    g->removeDeadConstantUsers();
    if (g->use_empty())
      g->eraseFromParent();
    else
      env.refuse(*module.begin(), "internal error: variable '" + g->getName().str() +
                                      "' has a use that can't be placed");
  }
  return !variables.empty();
}

} // namespace w2w
