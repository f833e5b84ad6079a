#include "lowering/codegen/check_live_ranges.h"

#include "llvm/CodeGen/LiveIntervals.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstrBundle.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/Function.h"

namespace w2w {
namespace {

using namespace llvm;

constexpr char kName[] = "w2w-check-live-ranges";

class CheckLiveRanges : public MachineFunctionPass {
public:
  static char ID;
  CheckLiveRanges() : MachineFunctionPass(ID) {}
  StringRef getPassName() const override { return kName; }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.addRequired<LiveIntervalsWrapperPass>();
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(MachineFunction &function) override;
};

char CheckLiveRanges::ID = 0;
const RegisterPass<CheckLiveRanges> registered(kName, kName);

/// Whether the operand reads parts of a register and none of them is alive. (That some are not is
/// usual: tuples may be defined in part.)
bool reads_what_is_lost(const MachineOperand &operand, SlotIndex at, const LiveIntervals &intervals,
                        const MachineRegisterInfo &registers) {
  if (!operand.isReg() || !operand.getReg().isVirtual() || !operand.isUse() ||
      !operand.readsReg() || operand.isDebug())
    return false;
  const Register reg = operand.getReg();
  if (!intervals.hasInterval(reg) || !intervals.getInterval(reg).hasSubRanges())
    return false;
  const unsigned sub = operand.getSubReg();
  const LaneBitmask lanes = sub ? registers.getTargetRegisterInfo()->getSubRegIndexLaneMask(sub)
                                : registers.getMaxLaneMaskForVReg(reg);
  return none_of(intervals.getInterval(reg).subranges(), [&](const LiveInterval::SubRange &part) {
    return (part.LaneMask & lanes).any() && part.liveAt(at);
  });
}

bool CheckLiveRanges::runOnMachineFunction(MachineFunction &function) {
  const LiveIntervals &intervals = getAnalysis<LiveIntervalsWrapperPass>().getLIS();
  for (const MachineBasicBlock &block : function)
    for (const MachineInstr &i : block) {
      if (i.isDebugInstr())
        continue;
      const SlotIndex at = intervals.getInstructionIndex(i);
      if (none_of(const_mi_bundle_ops(i), [&](const MachineOperand &operand) {
            return reads_what_is_lost(operand, at, intervals, function.getRegInfo());
          }))
        continue;
      const Function &f = function.getFunction();
      f.getContext().diagnose(DiagnosticInfoUnsupported(
          f, "LLVM lost a value on its way to a register; compile with -O1 (W2W_CONFIG=opt=1)",
          i.getDebugLoc()));
      return false;
    }
  return false;
}

} // namespace

char *check_live_ranges_id() {
  return &CheckLiveRanges::ID;
}

} // namespace w2w
