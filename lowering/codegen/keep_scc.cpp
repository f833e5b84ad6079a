#include "lowering/codegen/keep_scc.h"

#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetOpcodes.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

namespace w2w {
namespace {

using namespace llvm;

class KeepScc : public MachineFunctionPass {
public:
  static char ID;
  KeepScc() : MachineFunctionPass(ID) {}
  StringRef getPassName() const override { return "w2w-keep-scc"; }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(MachineFunction &function) override;
};

char KeepScc::ID = 0;

bool KeepScc::runOnMachineFunction(MachineFunction &function) {
  const TargetInstrInfo &instructions = *function.getSubtarget().getInstrInfo();
  const TargetRegisterInfo &registers = *function.getSubtarget().getRegisterInfo();
  // The numbers of opcodes and registers are in no public header of LLVM, their names are.
  auto is = [&](const MachineOperand &operand, StringRef name, StringRef half) {
    if (!operand.isReg() || !operand.getReg().isPhysical())
      return false;
    StringRef own = registers.getName(operand.getReg());
    return own == name || own == half;
  };
  auto is_live_scc = [&](const MachineOperand &operand) {
    return is(operand, "SCC", "SCC") && operand.isDef() && !operand.isDead();
  };
  bool changed = false;
  for (MachineBasicBlock &block : function)
    for (MachineInstr &i : block) {
      const StringRef name = instructions.getName(i.getOpcode());
      if ((name != "S_AND_B64" && name != "S_AND_B32") || !is(i.getOperand(0), "VCC", "VCC_LO") ||
          !(is(i.getOperand(1), "EXEC", "EXEC_LO") || is(i.getOperand(2), "EXEC", "EXEC_LO")) ||
          none_of(i.implicit_operands(), is_live_scc))
        continue;
      // The peephole stops at whatever else defines VCC.
      const Register vcc = i.getOperand(0).getReg();
      BuildMI(block, std::next(i.getIterator()), i.getDebugLoc(),
              instructions.get(TargetOpcode::KILL), vcc)
          .addReg(vcc, RegState::Kill);
      changed = true;
    }
  return changed;
}

} // namespace

MachineFunctionPass *create_keep_scc() {
  return new KeepScc();
}

} // namespace w2w
