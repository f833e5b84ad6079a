// Checked PTX -> LLVM IR plus `w2w.*` calls (lowering/intrinsics.md), the same for every AMDGPU
// target.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/isa/isa.h"
#include "frontend/support/diagnostics.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace w2w::emit {

struct EmitOptions {
  /// Put into the IR module; emit/ itself relies on the address spaces' pointer widths only (64
  /// bits for 0, 1 and 4, 32 bits for 3 and 5).
  std::string triple;
  std::string data_layout;
  /// mul followed by add may be fused where PTX permits it (no rounding modifier written).
  bool contract = false;
  /// Emit every module-scope .global and .const variable, not only those reached (standalone
  /// objects: the host may look any of them up by name).
  bool all_variables = false;
};

/// Emits the kernels named (all that are not poisoned if the list is empty) with every function and
/// variable they reach.
///
/// An instruction without an emitter is an error with its PTX location; it removes from the result
/// the kernels that reach it, and those only. What is in the returned module is always complete and
/// passes the LLVM verifier. Every instruction has a DILocation that names its PTX line. Never
/// returns null.
std::unique_ptr<llvm::Module> emit_module(llvm::LLVMContext &context, const ptx::Module &module,
                                          std::span<const std::string_view> kernels,
                                          const EmitOptions &options, ptx::Diagnostics &diags);

/// Whether instructions of this form of the isa table have an emitter. The few combinations inside
/// such forms that are refused with an error of their own are listed in README.md.
bool is_implemented(const ptx::isa::Form &form);

} // namespace w2w::emit
