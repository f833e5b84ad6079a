// One PTX function on its way to IR: registers, labels, guards, operands, parameters, debug lines.
// The emitters of the instruction families work through this class.
#pragma once

#include "frontend/ast/ast.h"
#include "lowering/emit/module_emitter.h"

#include "llvm/IR/IRBuilder.h"

#include <string>
#include <string_view>
#include <vector>

namespace w2w::emit {

using llvm::Value;
using ptx::Instruction;
using ptx::Operand;
using ptx::StateSpace;
using ptx::Type;
using ptx::isa::Mod;
using ptx::isa::Opcode;

/// Where an address operand points: a pointer of the right address space, or a value that stands
/// for the memory (a kernel parameter that came as an argument).
struct MemoryRef {
  Value *pointer = nullptr;
  Value *direct = nullptr;             // iN; the bytes read are those from `offset` on
  uint64_t offset = 0;                 // of `direct`
  StateSpace space = StateSpace::None; // None: generic
};

class FunctionEmitter {
public:
  FunctionEmitter(ModuleEmitter &module, const ptx::Function &function, llvm::Function *ir);

  /// Emits the body. False if an error was reported; the IR of the function is then of no use.
  bool run();

  llvm::IRBuilder<> b;
  ModuleEmitter &module;
  const ptx::Function &function;
  llvm::Function *ir;

  // --- Operands
  // -----------------------------------------------------------------------------------------------------
  /// The operand's value as an integer of t's width (i1 for predicates): registers wider than t are
  /// cut off, immediates converted, variables and functions give their address in their own state
  /// space.
  Value *read(const Operand &op, Type t);
  /// The same as LLVM's type for t: half, bfloat, float, double or a vector of two of them; iN for
  /// other types.
  Value *read_value(const Operand &op, Type t);
  /// The same, sign- or zero-extended as t says, or cut off, to `bits`.
  Value *read_int(const Operand &op, Type t, unsigned bits);
  /// Stores a value of t's width (any LLVM type) into a register; a wider register gets it extended
  /// as t says. `_` drops it.
  void write(const Operand &op, Value *v, Type t);
  /// Element i of a vector operand {a, b} or of a whole vector register; the operand itself where
  /// it is neither.
  static Operand element(const Operand &op, unsigned i);
  static unsigned element_count(const Operand &op);

  // --- Memory
  // -------------------------------------------------------------------------------------------------------
  /// The memory named by an address operand of an instruction with this state space (None:
  /// generic).
  MemoryRef memory(const Operand &op, StateSpace space);
  /// Pointer to a PTX variable in the address space of its state space (parameters of kernels: 4,
  /// other parameters: 5).
  Value *variable_pointer(const ptx::Variable &v);
  /// A register's integer as a pointer of a state space.
  Value *int_to_pointer(Value *address, StateSpace space);
  /// A pointer of any address space as the 64-bit integer PTX sees in that state space.
  Value *pointer_to_int64(Value *pointer);

  // --- Calls and types
  // ----------------------------------------------------------------------------------------------
  llvm::IntegerType *int_type(unsigned bits) { return b.getIntNTy(bits); }
  llvm::Type *value_type(Type t) { return module.value_type(t); }
  Value *to_value(Value *bits, Type t) { return b.CreateBitCast(bits, value_type(t)); }
  Value *to_bits(Value *v);
  /// Calls the border function `name`, declared on first use.
  Value *call_w2w(const llvm::Twine &name, llvm::Type *result, llvm::ArrayRef<Value *> args,
                  W2wKind kind);
  Value *intrinsic(llvm::Intrinsic::ID id, llvm::ArrayRef<llvm::Type *> types,
                   llvm::ArrayRef<Value *> args) {
    return b.CreateIntrinsic(id, types, args);
  }
  llvm::ConstantInt *constant(unsigned bits, uint64_t v) {
    return llvm::ConstantInt::get(b.getContext(), llvm::APInt(bits, v, false, true));
  }

  // --- Control flow
  // -------------------------------------------------------------------------------------------------
  llvm::BasicBlock *new_block(const llvm::Twine &name);
  llvm::BasicBlock *label_block(const ptx::Label &label) { return label_blocks_[label.index]; }
  /// The block that follows the instruction being emitted in the text (where a false guard of a
  /// branch goes on).
  bool terminated() { return b.GetInsertBlock()->getTerminator() != nullptr; }
  /// Loads the return values and returns.
  void emit_return();

  /// The condition-code register CC.CF, an i1.
  Value *read_carry() { return b.CreateLoad(b.getInt1Ty(), carry()); }
  void write_carry(Value *v) { b.CreateStore(v, carry()); }

  /// PTX line (from 1) of the instruction being emitted.
  unsigned line() const { return line_; }

  // --- Errors
  // -------------------------------------------------------------------------------------------------------
  void error(const Instruction &i, std::string message);
  void error(ptx::SourceLoc loc, std::string message);

private:
  void emit_prologue();
  void emit_instruction(const Instruction &i);
  void dispatch(const Instruction &i);
  llvm::AllocaInst *entry_alloca(llvm::Type *type, llvm::Align align, const llvm::Twine &name);
  llvm::AllocaInst *carry();
  llvm::AllocaInst *register_slot(const ptx::Register &r, unsigned component);
  Value *immediate(const Operand &op, Type t);

  std::vector<llvm::BasicBlock *> label_blocks_;
  std::vector<std::vector<llvm::AllocaInst *>> registers_; // by index, then component
  llvm::DenseMap<const ptx::Variable *, Value *> variable_pointers_;
  llvm::DenseMap<const ptx::Variable *, Value *> direct_params_;
  llvm::AllocaInst *carry_ = nullptr;
  llvm::Instruction *alloca_point_ = nullptr;
  unsigned line_ = 0;
  bool failed_ = false;
};

} // namespace w2w::emit
