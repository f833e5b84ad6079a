// Lanes, halves and warps: what the wave's registers say about the 32-thread PTX warp.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/IR/IRBuilder.h"

namespace w2w {

/// The lane's number in its wave: 0..31 or 0..63.
llvm::Value *wave_lane(llvm::IRBuilderBase &builder, const Processor &processor);
/// The thread's number in its warp (%laneid): 0..31.
llvm::Value *warp_lane(llvm::IRBuilderBase &builder, const Processor &processor);
/// 0 for lanes of the lower warp of the wave, 32 for those of the upper one; constant 0 on wave32.
llvm::Value *half_base(llvm::IRBuilderBase &builder, const Processor &processor);
/// Lanes of this thread's warp, among those executing here, for which `condition` holds; bit i is
/// lane i of the warp.
llvm::Value *warp_ballot(llvm::IRBuilderBase &builder, llvm::Value *condition,
                         const Processor &processor);
/// Whether the lane is one of `lanes`, bit i for lane i of either warp of a wave: a mask in scalar
/// registers, where a comparison would be made by every lane.
llvm::Value *in_lanes(llvm::IRBuilderBase &builder, uint32_t lanes, const Processor &processor);
/// Whether the lane is of the upper warp of its wave; wave64 alone.
llvm::Value *in_upper_half(llvm::IRBuilderBase &builder);
/// The thread's number in its workgroup, x fastest, given the workgroup's size in x and y.
llvm::Value *linear_thread(llvm::IRBuilderBase &builder, llvm::Value *size_x, llvm::Value *size_y);

/// `value` (i32) in a VGPR, by a move of no instructions that LLVM does not look through.
llvm::CallInst *hold_in_vgpr(llvm::IRBuilderBase &builder, llvm::Value *value);

} // namespace w2w
