// Reading the launch block (lowering/abi/launch_block.h) from IR.
#pragma once

#include "llvm/IR/IRBuilder.h"

#include <optional>

namespace w2w {

/// The address of the launch block, valid anywhere in the builder's function. Kernels have it as
/// their last argument (pass append_launch_block, which must have run). Other functions find it in
/// the 8 bytes before the address that LLVM's calling convention passes to every function as the
/// "implicit argument pointer": with amdgpu-implicitarg-num-bytes=0 that is the end of the explicit
/// arguments, so the launch block pointer reaches callees, direct or indirect, with no change of
/// signatures.
llvm::Value *launch_block(llvm::IRBuilderBase &builder);

/// Loads a field of the launch block; constant while the launch runs, hence an invariant load.
llvm::Value *load_launch_field(llvm::IRBuilderBase &builder, uint64_t offset, llvm::Type *type,
                               const llvm::Twine &name);

/// The offset of the field that `value` was loaded from, by load_launch_field or what LLVM made of
/// it; nothing if it is no field of the launch block.
std::optional<uint64_t> launch_field(const llvm::Value &value);

} // namespace w2w
