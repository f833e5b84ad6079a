// What every pass of ours has in common: its environment, how it reports, and the list of all
// passes.
#pragma once

#include "lowering/codegen/target.h"
#include "lowering/compiler.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Target/TargetMachine.h"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w {

/// A construct that a pass refuses: what, in which IR function, at which PTX line (0: unknown).
struct PassError {
  std::string message;
  std::string function;
  unsigned line = 0;
  unsigned column = 0;
};

/// Everything a pass may depend on besides the module.
struct PassEnv {
  const Processor &processor;
  KernelAbi abi = KernelAbi::Standalone;
  int opt_level = 3;
  std::vector<PassError> errors;
  WarpMode warp_mode = WarpMode::Auto;
  bool warps_are_rows = false;               // CompileOptions
  bool small_blocks = false;                 // CompileOptions
  bool shared_in_memory = false;             // CompileOptions
  bool device_memory = false;                // CompileOptions
  uint32_t stack_bytes = abi::kDefaultStack; // CompileOptions
  /// Set by the pipeline.
  const llvm::TargetMachine *machine = nullptr;
  /// Set by the passes: how each kernel (its IR function) treats warps, and why.
  std::map<std::string, std::string> warp_modes;
  /// Kernels that rely on warps_are_rows.
  std::set<std::string> row_kernels;
  /// Kernels in solo mode, and those that would be if their blocks were known to be small.
  std::set<std::string> solo_kernels, solo_serves;
  /// By kernel: offsets of the parameters that are assumed to point to device memory.
  std::map<std::string, std::set<uint32_t>> device_parameters;
  /// By kernel that has a stack: it has one part of stack_bytes in so many.
  std::map<std::string, uint32_t> stack_parts;
  /// CompileResult.
  uint32_t smaller_stack = 0;
  /// Where dynamic memory begins in a shared window that was moved (move_shared_window).
  uint32_t window_bytes = 0;

  /// Reports that `at` can't be lowered.
  void refuse(const llvm::Instruction &at, std::string message);
  void refuse(const llvm::Function &function, std::string message);

  bool paired() const { return processor.wave_size == 64; }
};

/// One pass: changes the module in place and says whether it did. Failure is reported through
/// env.refuse(); the pass must leave valid IR all the same (by convention poison replaces what it
/// refused).
using PassFunction = bool (*)(llvm::Module &, llvm::ModuleAnalysisManager &, PassEnv &);

struct PassInfo {
  std::string_view name;
  PassFunction run;
};

/// All passes of ours, for w2w-opt. The order in which they run stands in codegen/pipeline.cpp.
std::span<const PassInfo> all_passes();

// ---- helpers shared by passes
// -------------------------------------------------------------------------------------

/// The calls of function `name` (none if it is not declared).
std::vector<llvm::CallInst *> calls_of(llvm::Module &module, llvm::StringRef name);
/// The calls of all functions whose names start with `prefix`.
std::vector<llvm::CallInst *> calls_with_prefix(llvm::Module &module, llvm::StringRef prefix);
/// Removes declarations with `prefix` that nothing uses any more.
void erase_unused_declarations(llvm::Module &module, llvm::StringRef prefix);
/// The order of an atomic access or fence, of both outcomes for a compare-and-swap; NotAtomic for
/// everything else.
llvm::AtomicOrdering memory_order(const llvm::Instruction &instruction);
/// The name of the function that is called; empty if that is not known.
llvm::StringRef callee_name(const llvm::CallInst &call);
/// A defined amdgpu_kernel.
bool is_kernel(const llvm::Function &function);
/// The defined functions that calls lead to, directly or not; `function` itself if it is recursive.
llvm::SmallPtrSet<llvm::Function *, 8> callees_of(llvm::Function &function);
/// A function of another type in the place of `old`, with its name, attributes and body; arguments
/// beyond those of `old` are new. Calls remain calls of `old`, which is a declaration then.
llvm::Function *move_body(llvm::Function &old, llvm::FunctionType *type);
/// The size of every block of the kernel (.reqntid), if it is known.
std::optional<std::array<unsigned, 3>> required_block(const llvm::Function &kernel);

} // namespace w2w
