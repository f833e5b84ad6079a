// What all functions of one emission share: the IR module, variables, function types, the border
// functions, debug info.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/support/diagnostics.h"
#include "lowering/emit/emit.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace w2w::emit {

/// LLVM address spaces on AMDGPU.
enum AddressSpace : unsigned { kFlat = 0, kGlobal = 1, kShared = 3, kConst = 4, kPrivate = 5 };

/// The address space in which variables of a state space lie.
unsigned address_space(ptx::StateSpace space);

/// What LLVM may assume of a border function.
enum class W2wKind {
  Pure,       // depends on its arguments (and the thread) alone
  Volatile,   // reads something that changes: clocks
  Convergent, // cross-lane, touches no memory
  Barrier,    // convergent, orders memory
  Effect,     // reads and writes memory, not convergent
  NoReturn    // convergent, ends the thread
};

/// How a .func passes a value: the LLVM type of a parameter or return value, and whether it goes
/// byval, or in the caller's memory: an array without size, the last parameter of a variadic
/// function, which reads of it what its other parameters tell (PTX ISA 7.2).
struct PassedType {
  llvm::Type *type = nullptr;   // ptr addrspace(5) if byval or open
  llvm::Type *memory = nullptr; // type in memory (byval's type)
  bool byval = false;
  bool open = false; // of no size: the address of the caller's array, or null if it gives none

  bool is_pointer() const { return byval || open; }
};

class ModuleEmitter {
public:
  ModuleEmitter(llvm::LLVMContext &context, const ptx::Module &ptx, const EmitOptions &options,
                ptx::Diagnostics &diags);

  std::unique_ptr<llvm::Module> emit(std::span<const std::string_view> kernels);

  llvm::LLVMContext &context;
  const ptx::Module &ptx;
  const EmitOptions &options;
  ptx::Diagnostics &diags;
  ptx::SourceText text;
  std::unique_ptr<llvm::Module> ir;
  llvm::DIBuilder di;
  llvm::DIFile *file = nullptr;

  /// half, bfloat, float, double, a vector of two of them, or iN.
  llvm::Type *value_type(ptx::Type t);
  /// The IR global of a .global, .const or .shared variable, made on first use.
  llvm::GlobalVariable *global(const ptx::Variable &v);
  /// The IR function of a PTX function that has a body and is being emitted; follows aliases.
  llvm::Function *function(const ptx::Function &f) { return functions_.lookup(&resolve(f)); }
  llvm::FunctionType *function_type(const ptx::Function &f);
  llvm::FunctionType *prototype_type(const ptx::Prototype &p);
  PassedType passed_type(const ptx::Variable &v);
  /// Adds byval and align attributes of parameters to a function or a call.
  llvm::AttributeList parameter_attributes(std::span<const ptx::Variable *const> params);
  llvm::FunctionCallee w2w(llvm::StringRef name, llvm::FunctionType *type, W2wKind kind);

  static const ptx::Function &resolve(const ptx::Function &f);
  /// Whether a kernel parameter needs an address (byref); false: it comes as a plain iN argument.
  bool needs_address(const ptx::Variable &param) const { return addressed_.contains(&param); }
  unsigned line(ptx::SourceLoc loc) const { return text.position(loc).line; }

private:
  /// What one function mentions.
  struct Uses {
    llvm::SetVector<const ptx::Function *> functions; // called or address-taken, aliases resolved
    bool indirect_call = false;
  };
  const Uses &uses(const ptx::Function &f);
  void find_address_taken();
  llvm::SetVector<const ptx::Function *> reachable(const ptx::Function &kernel);
  void declare(const ptx::Function &f);
  void declare_kernel(const ptx::Function &f, llvm::SmallVectorImpl<llvm::Type *> &types);
  void describe_kernel(const ptx::Function &f, llvm::Function *fn);
  llvm::Constant *initialiser(const ptx::Variable &v);
  llvm::FunctionType *signature(std::span<const ptx::Variable *const> returns,
                                std::span<const ptx::Variable *const> params);
  void discard(const llvm::DenseSet<const ptx::Function *> &bad);

  llvm::MapVector<const ptx::Function *, llvm::Function *> functions_;
  llvm::DenseMap<const ptx::Variable *, llvm::GlobalVariable *> globals_;
  llvm::DenseMap<const ptx::Function *, std::unique_ptr<Uses>> uses_;
  llvm::SetVector<const ptx::Function *> address_taken_;
  llvm::DenseSet<const ptx::Variable *> addressed_;
};

} // namespace w2w::emit
