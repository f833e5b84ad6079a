// Block barriers in software: counters in LDS, for what the hardware's one barrier per workgroup
// cannot do: 16 barriers by number, barriers of fewer threads than the block, arrivals that do not
// wait, and warps of one wave that arrive at different times.
//
// One LDS word per barrier: threads arrived in bits [15:0], generation in [31:16]. The arrival that
// reaches the expected count starts the next generation; who waits, waits for the generation to
// change. A barrier of the whole block expects the threads of the warps that have not ended. All
// counts are of whole warps, as in PTX.
// Source: PTX ISA 9.7.13.1 (the barrier counts warps, not places; exited threads do not count).
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/IR/IRBuilder.h"

namespace w2w {

/// The number of the cluster's barrier, behind the 16 that bar names.
constexpr unsigned kClusterBarrier = 16;

/// The number of a w2w.barrier.* call's barrier: below 16 as an operand may be, or the cluster's.
llvm::Value *barrier_number(llvm::IRBuilderBase &b, const llvm::CallInst &call);

/// The kernel's calls of w2w.barrier.* that need counters: arrivals, barriers of a thread count
/// that is not the whole block's, every barrier that may be by the same number as one of these, and
/// the cluster's where arrivals and waits are apart.
llvm::SmallVector<llvm::CallInst *> software_barriers(llvm::Function &kernel);

/// The fences around a block barrier, hardware's or software's. bar.sync orders cumulatively (PTX
/// ISA 8.9, 9.7.13.1): complete_releases sees to it where a release of LLVM's does not.
void release_before_barrier(llvm::IRBuilderBase &b);
void acquire_after_barrier(llvm::IRBuilderBase &b);

/// Builds IR for one kernel. Every function wants the builder at the end of a block without
/// terminator, and leaves it at the end of such a block. Orders no other memory: fences are the
/// caller's.
class BlockBarriers {
public:
  /// `sums`: whether the kernel adds values up at barriers.
  BlockBarriers(llvm::Module &module, const Processor &processor, bool sums);

  /// Once per kernel, before anything else, executed by all threads: clears the counters.
  /// Leaves w2w.sreg.ntid.* behind.
  void initialise(llvm::IRBuilderBase &b);
  /// The warps that execute it arrive at barrier `id`, 32 threads each; it takes `expected`
  /// threads, 0 for the whole block. Both i32, the same in a warp. Returns the generation that the
  /// warp has arrived at (i32, the same in a warp).
  llvm::Value *arrive(llvm::IRBuilderBase &b, llvm::Value *id, llvm::Value *expected);
  /// Whether the generation is over (i1), asked once; the lanes may ask for different barriers.
  llvm::Value *passed(llvm::IRBuilderBase &b, llvm::Value *id, llvm::Value *expected,
                      llvm::Value *generation);
  /// Before arrive(): adds the number of threads for which the condition (i1) holds to the sum of
  /// the generation under way. For reduction `name` ("red.popc", "red.and", "red.or") the opposite
  /// condition may be what counts.
  void add(llvm::IRBuilderBase &b, llvm::StringRef name, llvm::Value *id, llvm::Value *condition);
  /// The result of the reduction, once the generation is over.
  llvm::Value *result(llvm::IRBuilderBase &b, llvm::StringRef name, llvm::Value *id,
                      llvm::Value *generation);
  /// The same of a count that was taken in another way.
  static llvm::Value *result_of(llvm::IRBuilderBase &b, llvm::StringRef name, llvm::Value *sum);
  /// What add() counts.
  static llvm::Value *counted(llvm::IRBuilderBase &b, llvm::StringRef name, llvm::Value *condition);
  /// Warps of `threads` threads (i32, uniform) have ended.
  void ended(llvm::IRBuilderBase &b, llvm::Value *threads);

private:
  llvm::Value *leader(llvm::IRBuilderBase &b);
  llvm::GlobalVariable *lds(llvm::StringRef name, unsigned words);
  llvm::Value *element(llvm::IRBuilderBase &b, llvm::GlobalVariable *array, llvm::Value *index);
  llvm::Value *load(llvm::IRBuilderBase &b, llvm::Value *address);
  llvm::Value *sum_address(llvm::IRBuilderBase &b, llvm::Value *id, llvm::Value *generation);
  llvm::Value *expected_or_live(llvm::IRBuilderBase &b, llvm::Value *expected);

  llvm::Module &module_;
  const Processor &processor_;
  bool sums_;
  llvm::SyncScope::ID workgroup_;
};

} // namespace w2w
