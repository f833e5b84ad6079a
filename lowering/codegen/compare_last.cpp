#include "lowering/codegen/compare_last.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

namespace w2w {
namespace {

using namespace llvm;

class CompareLast : public MachineFunctionPass {
public:
  static char ID;
  CompareLast() : MachineFunctionPass(ID) {}
  StringRef getPassName() const override { return "w2w-compare-last"; }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(MachineFunction &function) override;

private:
  bool is(const MachineOperand &operand, std::initializer_list<StringRef> names) const;
  bool reads_scc(const MachineInstr &i) const;
  bool writes_scc(const MachineInstr &i) const;
  bool run_on(MachineBasicBlock &block);

  const TargetRegisterInfo *registers_ = nullptr;
};

char CompareLast::ID = 0;

/// The numbers of registers are in no public header of LLVM, their names are.
bool CompareLast::is(const MachineOperand &operand, std::initializer_list<StringRef> names) const {
  return operand.isReg() && operand.getReg().isPhysical() &&
         is_contained(names, registers_->getName(operand.getReg()));
}

bool CompareLast::reads_scc(const MachineInstr &i) const {
  return any_of(i.operands(), [&](const MachineOperand &operand) {
    return is(operand, {"SCC"}) && operand.readsReg();
  });
}

bool CompareLast::writes_scc(const MachineInstr &i) const {
  return any_of(i.operands(), [&](const MachineOperand &operand) {
    return is(operand, {"SCC"}) && operand.isDef();
  });
}

bool CompareLast::run_on(MachineBasicBlock &block) {
  const auto end = block.getFirstTerminator();
  if (none_of(make_range(end, block.end()), [&](const MachineInstr &i) { return reads_scc(i); }))
    return false;
  bool others_read = false;
  MachineInstr *compare = nullptr;
  for (auto i = end; i != block.begin() && !compare;) {
    --i;
    if (writes_scc(*i))
      compare = &*i;
    else
      others_read |= reads_scc(*i);
  }
  if (!compare || std::next(compare->getIterator()) == end || reads_scc(*compare) ||
      compare->mayLoadOrStore() || compare->hasUnmodeledSideEffects() || compare->isPHI())
    return false;
  MachineRegisterInfo &values = block.getParent()->getRegInfo();
  for (const MachineOperand &operand : compare->operands())
    if (operand.isReg() && operand.getReg().isPhysical() &&
        !is(operand, {"SCC", "EXEC", "EXEC_LO", "MODE"}))
      return false; // another register that is not written once
  for (const MachineOperand &operand : compare->operands())
    if (operand.isReg() && operand.getReg().isVirtual() && operand.isUse())
      values.clearKillFlags(operand.getReg());
  const bool makes_value = any_of(
      compare->defs(), [](const MachineOperand &operand) { return operand.getReg().isVirtual(); });
  if (!others_read && !makes_value) {
    block.splice(end, &block, compare->getIterator());
    return true;
  }
  MachineInstr *again = block.getParent()->CloneMachineInstr(compare);
  for (MachineOperand &operand : again->defs())
    if (operand.getReg().isVirtual())
      operand.setReg(values.cloneVirtualRegister(operand.getReg()));
  block.insert(end, again);
  return true;
}

bool CompareLast::runOnMachineFunction(MachineFunction &function) {
  registers_ = function.getSubtarget().getRegisterInfo();
  bool changed = false;
  for (MachineBasicBlock &block : function)
    changed |= run_on(block);
  return changed;
}

} // namespace

MachineFunctionPass *create_compare_last() {
  return new CompareLast();
}

} // namespace w2w
