// A value moved between the lanes of a warp in a way known at compile time: a table of 32 source
// lanes, and the cheapest instructions of the target that do it.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/IR/IRBuilder.h"

#include <array>
#include <optional>

namespace w2w {

/// Which lane each of the 32 lanes of a warp reads.
struct LaneMap {
  std::array<uint8_t, 32> from{};
  /// Lanes whose source lies in range; the others read their own value (PTX's predicate output).
  uint32_t valid = 0;
  /// The lanes whose result matters; the others may get anything.
  uint32_t matters = ~0u;
  /// Bits of the lane's number that the value does not depend on: lanes that differ in them alone
  /// have the same value, as after the steps of a butterfly.
  uint32_t symmetry = 0;
};

/// The map of shfl.sync.`mode` (up, down, bfly or idx) with constant operands b and c (PTX ISA
/// 9.7.9.6); nothing for another mode.
std::optional<LaneMap> shuffle_map(llvm::StringRef mode, uint32_t b, uint32_t c);

/// `value` (i32) of lane map.from[l] in every lane l, by instructions that need no address: DPP,
/// permlane, ds_swizzle, readlane. nullptr if ds_bpermute is as cheap; then nothing was inserted.
/// What a lane gets whose source does not execute here is undefined, as in PTX.
llvm::Value *move_lanes(llvm::IRBuilderBase &builder, const Processor &processor,
                        llvm::Value *value, const LaneMap &map);

/// `value` (i32) in the map's valid lanes, `other` in the rest.
llvm::Value *in_valid_lanes(llvm::IRBuilderBase &builder, const Processor &processor,
                            llvm::Value *value, llvm::Value *other, const LaneMap &map);

/// An inclusive scan over the 32 lanes of a warp, of a `combine` that is associative: what the
/// steps by 1, 2, 4, 8 and 16 lanes give in every lane L for which the lanes 0..L execute.
llvm::Value *scan_lanes(llvm::IRBuilderBase &builder, const Processor &processor,
                        llvm::Value *value, llvm::Constant *neutral,
                        llvm::function_ref<llvm::Value *(llvm::Value *, llvm::Value *)> combine);

/// The reduction of a warp, in each of its lanes, of a `combine` that is associative and
/// commutative. All 32 lanes of the warp execute, or none.
llvm::Value *reduce_lanes(llvm::IRBuilderBase &builder, const Processor &processor,
                          llvm::Value *value, llvm::Constant *neutral,
                          llvm::function_ref<llvm::Value *(llvm::Value *, llvm::Value *)> combine);

/// `other` combined with the moved value in the lanes of map.valid, and `other` alone in the rest:
/// one step of a scan. `combine` makes the operation, of which `neutral` is a neutral element.
/// DPP writes the valid lanes alone, so no select is left. nullptr, and nothing inserted, where the
/// map asks for more than two DPP instructions.
llvm::Value *combine_moved(llvm::IRBuilderBase &builder, const Processor &processor,
                           llvm::Value *value, llvm::Value *other, const LaneMap &map,
                           llvm::Constant *neutral,
                           llvm::function_ref<llvm::Value *(llvm::Value *, llvm::Value *)> combine);

} // namespace w2w
