#include "lowering/codegen/fold_all_ones.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

#include <optional>

namespace w2w {
namespace {

using namespace llvm;

/// What an opcode does with the values of its sources.
enum class Logic : uint8_t { None, Or, And, Xor, Xnor, AndNot, OrNot, Not };

/// The opcodes that matter here. Their numbers are in no public header of LLVM, their names are.
class Opcodes {
public:
  explicit Opcodes(const TargetInstrInfo &instructions) {
    for (unsigned opcode = 0; opcode < instructions.getNumOpcodes(); ++opcode) {
      const StringRef name = instructions.getName(opcode);
      const Logic logic =
          StringSwitch<Logic>(name)
              .Cases({"S_OR_B32", "V_OR_B32_e32", "V_OR_B32_e64"}, Logic::Or)
              .Cases({"S_AND_B32", "V_AND_B32_e32", "V_AND_B32_e64"}, Logic::And)
              .Cases({"S_XOR_B32", "V_XOR_B32_e32", "V_XOR_B32_e64"}, Logic::Xor)
              .Cases({"S_XNOR_B32", "V_XNOR_B32_e32", "V_XNOR_B32_e64"}, Logic::Xnor)
              .Case("S_ANDN2_B32", Logic::AndNot)
              .Case("S_ORN2_B32", Logic::OrNot)
              .Cases({"S_NOT_B32", "V_NOT_B32_e32", "V_NOT_B32_e64"}, Logic::Not)
              .Default(Logic::None);
      if (logic != Logic::None)
        logic_[opcode] = logic;
      if (name == "V_MOV_B32_e32")
        vector_move_ = opcode;
      if (name == "S_MOV_B32")
        scalar_move_ = opcode;
      if (name == "S_OR_B32")
        scalar_or_ = opcode;
    }
  }
  Logic logic(const MachineInstr &i) const { return logic_.lookup(i.getOpcode()); }
  bool is_scalar(const MachineInstr &i) const { return i.getOpcode() == scalar_or_; }
  unsigned scalar_move() const { return scalar_move_; }
  unsigned vector_move() const { return vector_move_; }

private:
  DenseMap<unsigned, Logic> logic_;
  unsigned scalar_or_ = 0, scalar_move_ = 0, vector_move_ = 0;
};

class FoldAllOnes : public MachineFunctionPass {
public:
  static char ID;
  FoldAllOnes() : MachineFunctionPass(ID) {}
  StringRef getPassName() const override { return "w2w-fold-all-ones"; }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.setPreservesCFG();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(MachineFunction &function) override;

private:
  std::optional<uint32_t> constant(const MachineOperand &operand, unsigned depth) const;
  std::optional<uint32_t> constant(Register reg, unsigned part, unsigned depth) const;
  void make_all_ones(MachineInstr &i) const;

  const Opcodes *opcodes_ = nullptr;
  const TargetInstrInfo *instructions_ = nullptr;
  const TargetRegisterInfo *registers_info_ = nullptr;
  const MachineRegisterInfo *registers_ = nullptr;
};

char FoldAllOnes::ID = 0;

/// How far back a constant is looked for.
constexpr unsigned kDepth = 8;

/// The 32 bits that the operand holds, if they are known.
std::optional<uint32_t> FoldAllOnes::constant(const MachineOperand &operand, unsigned depth) const {
  if (operand.isImm())
    return static_cast<uint32_t>(operand.getImm());
  if (!operand.isReg())
    return std::nullopt;
  return constant(operand.getReg(), operand.getSubReg(), depth);
}

/// The 32 bits of a register or of a part of it (an index of a subregister).
std::optional<uint32_t> FoldAllOnes::constant(Register reg, unsigned part, unsigned depth) const {
  if (!reg.isVirtual() || depth == 0)
    return std::nullopt;
  const MachineInstr *def = registers_->getUniqueVRegDef(reg);
  if (!def || !def->getOperand(0).isReg() || def->getOperand(0).getSubReg())
    return std::nullopt;
  if (def->isRegSequence()) {
    for (unsigned k = 1; k + 1 < def->getNumOperands(); k += 2)
      if (def->getOperand(k + 1).getImm() == part)
        return constant(def->getOperand(k), depth - 1);
    return std::nullopt;
  }
  if (def->isCopy()) {
    const MachineOperand &from = def->getOperand(1);
    if (part && from.getSubReg())
      return std::nullopt;
    return constant(from.getReg(), part ? part : from.getSubReg(), depth - 1);
  }
  if (def->isMoveImmediate() && def->getOperand(1).isImm()) {
    if (part && registers_info_->getSubRegIdxSize(part) != 32)
      return std::nullopt;
    const unsigned shift = part ? registers_info_->getSubRegIdxOffset(part) : 0;
    if (shift > 32)
      return std::nullopt;
    return static_cast<uint32_t>(static_cast<uint64_t>(def->getOperand(1).getImm()) >> shift);
  }
  const Logic logic = opcodes_->logic(*def);
  if (logic == Logic::None || part)
    return std::nullopt;
  const auto a = constant(def->getOperand(1), depth - 1);
  if (logic == Logic::Not)
    return a ? std::optional(~*a) : std::nullopt;
  const auto b = constant(def->getOperand(2), depth - 1);
  if (logic == Logic::Or && ((a && *a == ~0u) || (b && *b == ~0u)))
    return ~0u;
  if (!a || !b)
    return std::nullopt;
  switch (logic) {
  case Logic::Or:
    return *a | *b;
  case Logic::And:
    return *a & *b;
  case Logic::Xor:
    return *a ^ *b;
  case Logic::Xnor:
    return ~(*a ^ *b);
  case Logic::AndNot:
    return *a & ~*b;
  case Logic::OrNot:
    return *a | ~*b;
  case Logic::None:
  case Logic::Not:
    break;
  }
  return std::nullopt;
}

/// A move of -1; but -1 | -1, which si-fold-operands understands, where somebody wants SCC.
void FoldAllOnes::make_all_ones(MachineInstr &i) const {
  i.getOperand(1).ChangeToImmediate(-1);
  const bool scalar = opcodes_->is_scalar(i);
  if (scalar && !i.allImplicitDefsAreDead()) {
    i.getOperand(2).ChangeToImmediate(-1);
    return;
  }
  i.removeOperand(2);
  if (scalar)
    i.removeOperand(2); // the implicit definition of SCC
  i.setDesc(instructions_->get(scalar ? opcodes_->scalar_move() : opcodes_->vector_move()));
}

bool FoldAllOnes::runOnMachineFunction(MachineFunction &function) {
  instructions_ = function.getSubtarget().getInstrInfo();
  registers_info_ = function.getSubtarget().getRegisterInfo();
  registers_ = &function.getRegInfo();
  static const Opcodes opcodes(*instructions_); // the same for all processors
  opcodes_ = &opcodes;
  bool changed = false;
  for (MachineBasicBlock &block : function)
    for (MachineInstr &i : block)
      if (opcodes.logic(i) == Logic::Or)
        for (unsigned k : {1u, 2u})
          if (constant(i.getOperand(k), kDepth) == ~0u) {
            make_all_ones(i);
            changed = true;
            break;
          }
  return changed;
}

} // namespace

MachineFunctionPass *create_fold_all_ones() {
  return new FoldAllOnes();
}

} // namespace w2w
