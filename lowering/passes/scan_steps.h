// The shuffles of a module whose lanes are known at compile time, and the scans made of them.
#pragma once

#include "lowering/passes/lane_moves.h"
#include "lowering/passes/pass.h"

#include "llvm/ADT/MapVector.h"

#include <map>
#include <optional>

namespace w2w {

/// What is known of the shuffles before the first of them is lowered.
struct KnownShuffles {
  KnownShuffles(llvm::Module &module, PassEnv &env);

  std::vector<llvm::CallInst *> calls; // in the order of the program
  std::map<const llvm::CallInst *, LaneMap> maps;
  /// Selects between lanes that their results come to, and the lanes of the first value.
  llvm::MapVector<llvm::SelectInst *, uint32_t> selects;
};

/// The neutral element of an operation on i32 that DPP may be part of; nullptr for another one.
llvm::Constant *neutral_element(const llvm::Instruction &operation);

/// One step of a scan: `operation` combines `other` with what a shuffle brings, in `lanes`.
struct ScanStep {
  llvm::Instruction *operation; // the shuffle's result is one of its operands
  llvm::Value *other;
  llvm::Instruction *result; // what is replaced
  uint32_t lanes;
};

/// The scan step that `call` is part of, if its value has no other use.
std::optional<ScanStep> scan_step(llvm::CallInst &call, const KnownShuffles &shuffles);

/// The five shuffles of an inclusive scan over the warp, by 1, 2, 4, 8 and 16 lanes up, of which
/// `call` is the first; none if it is not, or if what the steps give is used otherwise too.
llvm::SmallVector<llvm::CallInst *, 5> whole_scan(llvm::CallInst &call,
                                                  const KnownShuffles &shuffles);

} // namespace w2w
