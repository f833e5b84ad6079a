// What is known at compile time about sets of a warp's lanes: for which a condition holds, and
// in which a value matters.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

#include <optional>

namespace w2w {

/// Which lanes each of the 32 lanes of a warp reads; lane_moves.h.
struct LaneMap;

/// The map of a call to w2w.shfl.* whose operands b and c are constants.
std::optional<LaneMap> constant_shuffle(const llvm::CallInst &call);

/// Lanes of one function's conditions and values, bit i for lane i of either warp of a wave. Knows
/// the lane's number as lower_special_registers makes it, and the low five bits of %tid.x where
/// the kernel's warps are rows of its blocks (CompileOptions::warps_are_rows): then it notes that
/// the kernel relies on that.
class LaneSets {
public:
  LaneSets(llvm::Function &function, PassEnv &env);

  /// The lanes for which the i1 `condition` holds; nothing if that is not known.
  std::optional<uint32_t> holds(const llvm::Value &condition);
  /// Whether the i32 `value` has in each lane the bits of the lower lanes of its warp.
  bool is_lanemask_lt(const llvm::Value &value);
  /// A superset of the lanes in which `value` has a say in what the program does. An operation that
  /// may fault or write counts, whatever it does, for the lanes that may come to it.
  uint32_t matters(const llvm::Value &value, unsigned depth = 0);
  /// The same for the value that `shuffle` (w2w.shfl.*) brings.
  uint32_t matters_of_value(const llvm::CallInst &shuffle, unsigned depth = 0);
  /// The selects between lanes that `matters` has come through, and the lanes of the first value.
  llvm::MapVector<llvm::SelectInst *, uint32_t> selects;

private:
  std::optional<uint32_t> number(const llvm::Value &value, unsigned lane, unsigned depth);
  std::optional<bool> truth(const llvm::Value &condition, unsigned lane, unsigned depth);
  uint32_t reaches(const llvm::BasicBlock &block);
  uint32_t through(const llvm::Use &use, unsigned depth);
  std::optional<uint32_t> lanes_of(const llvm::Value &condition);
  void note_rows();

  PassEnv &env_;
  llvm::Function &function_;
  bool rows_ = false, rows_by_bounds_ = false, used_rows_ = false;
  llvm::DenseMap<const llvm::Value *, std::optional<uint32_t>> holds_; // found before
  llvm::DenseMap<const llvm::Value *, uint32_t> matters_;
};

} // namespace w2w
