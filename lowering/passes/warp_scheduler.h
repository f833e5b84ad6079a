// One kernel on its way into the dispatch loop of schedule_warps, which says what the loop is. Of
// each kernel there are two versions behind the entry block:
//
// * The common one is the kernel as it was. Where threads may wait, and whole_groups.h does not show
//   that all who wait for each other come together, it asks whether they have; they then go on at
//   once. Else, and at the back edges of loops that wait for memory, its threads leave for the
//   dispatch loop, each with the resume point it has come to, and never return. Nothing outside of
//   those places costs anything; without any there is no dispatch loop.
// * The cut one is the pieces between the resume points, which the dispatch loop runs.
//
// warp_scheduler.cpp        the order of the work, and the variables that threads keep
// warp_scheduler_cuts.cpp   where flow is cut, and the making of the two versions
// warp_scheduler_waits.cpp  what happens at operations of the warp and at barriers
// warp_scheduler_loop.cpp   the dispatch loop
#pragma once

#include "lowering/passes/block_barrier.h"
#include "lowering/passes/warp_flow.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

#include <map>

namespace w2w {

class WarpScheduler {
public:
  WarpScheduler(llvm::Function &kernel, PassEnv &env, const FlowVerdict &verdict);

  /// Consumes the kernel's places to wait (verdict.places).
  void run();

private:
  static constexpr uint32_t kExited = ~0u; // resume point of a thread that has ended

  /// The version of the kernel that is being built.
  struct Version {
    llvm::BasicBlock *out = nullptr; // where threads go that have to wait
    llvm::Value *alive = nullptr;    // lanes of threads that have not ended, or may not have
  };
  /// Threads wait in front of `block` until all whom their mask names are there; for the whole
  /// wave, all that have not ended.
  struct Operation {
    llvm::BasicBlock *block = nullptr;
    bool whole_wave = false;
    uint32_t number = 0;                        // resume point, known once all ordinary ones are
    llvm::SmallVector<llvm::StoreInst *> users; // stores of the number, to be filled in
  };
  /// An edge of the kernel's flow.
  struct Edge {
    llvm::Instruction *terminator;
    unsigned successor;
    bool in_both; // also cut in the common version
  };
  /// A place to wait in one of the versions, split up.
  struct Place {
    llvm::CallInst *call;
    llvm::BasicBlock *at_once, *wait, *after;
  };

  // warp_scheduler.cpp
  void start();
  llvm::AllocaInst *variable(llvm::StringRef name);
  llvm::AllocaInst *word(llvm::StringRef prefix, unsigned k) {
    return variable((prefix + llvm::Twine(k)).str());
  }
  llvm::Value *get(llvm::StringRef name) { return b_.CreateLoad(i32_, variable(name)); }
  void set(llvm::StringRef name, llvm::Value *value) { b_.CreateStore(value, variable(name)); }
  void pack(llvm::StringRef prefix, llvm::Value *value, unsigned &at);
  llvm::Value *unpack(llvm::StringRef prefix, llvm::Type *type, unsigned &at);
  void finish_variables();
  void end_without_loop();

  // warp_scheduler_cuts.cpp
  llvm::SmallVector<Edge> edges_to_cut();
  void find_the_whole(llvm::ArrayRef<Edge> cut);
  void note_who_is_left();
  void make_versions();
  void cut_edge(llvm::Instruction *terminator, unsigned successor, llvm::BasicBlock *target);
  void end_threads(llvm::ArrayRef<llvm::BasicBlock *> blocks);
  void separate();
  uint32_t resume_point(llvm::BasicBlock *block);
  void leave_for(uint32_t point);

  // warp_scheduler_waits.cpp
  void cut_at(llvm::CallInst &call);
  Place split_at(llvm::CallInst &call);
  void cut_at_operation(llvm::CallInst &cut, llvm::CallInst &common, bool whole_wave);
  llvm::Value *arrive(llvm::StringRef name, llvm::Value *id, llvm::Value *expected);
  void cut_at_counted_barrier(llvm::CallInst &cut, llvm::CallInst &common);
  void tell_who_is_gone();
  void wait_at(Operation &operation, llvm::Value *mask, llvm::Value *key, llvm::BasicBlock *after);
  void branch_if_all_here(const Place &place, llvm::Value *mask);
  void branch_if_wave_here(const Place &place, llvm::ArrayRef<llvm::Value *> alike);
  Operation &operation(llvm::Function &callee, bool whole_wave);
  Operation &counted_barrier(llvm::StringRef name);
  llvm::BasicBlock *barrier_wait();

  // warp_scheduler_loop.cpp
  void build_dispatch();
  llvm::Value *warps_in(llvm::Value *lanes);

  llvm::Value *ballot(llvm::Value *condition) {
    return b_.CreateIntrinsic(llvm::Intrinsic::amdgcn_ballot, {mask_}, {condition});
  }
  llvm::Value *first_thread(llvm::Value *value) {
    return b_.CreateIntrinsic(llvm::Intrinsic::amdgcn_readfirstlane, {i32_}, {value});
  }
  llvm::Value *read_lane(llvm::Value *value, llvm::Value *lane) {
    return b_.CreateIntrinsic(llvm::Intrinsic::amdgcn_readlane, {i32_}, {value, lane});
  }
  llvm::BasicBlock *new_block(const llvm::Twine &name) {
    return llvm::BasicBlock::Create(f_.getContext(), name, &f_);
  }

  llvm::Function &f_;
  PassEnv &env_;
  const FlowVerdict &verdict_;
  llvm::IRBuilder<> b_;
  llvm::IntegerType *i32_, *mask_;

  llvm::BasicBlock *entry_, *start_ = nullptr; // executed once, by all threads
  llvm::BasicBlock *leave_ = nullptr, *dispatch_ = nullptr, *latch_ = nullptr;
  llvm::Value *warps_ = nullptr; // at the start
  Version version_, common_, cut_;
  /// Places to which, in the common version, all whom they concern come together, if any does, but
  /// for those who have ended. Nobody asks there who is missing.
  llvm::SmallPtrSet<const llvm::CallInst *, 16> all_come_;
  /// Of the other places: the last block on the way that all of the wave come to, if some may have
  /// ended before; and the lanes that came to it, by places in the common version.
  llvm::DenseMap<const llvm::CallInst *, llvm::BasicBlock *> last_whole_;
  llvm::DenseMap<const llvm::CallInst *, llvm::Value *> left_;
  bool some_end_ = false;                        // while others of their wave go on
  llvm::ValueToValueMapTy copies_;               // cut version -> common version
  llvm::SmallVector<llvm::BasicBlock *> points_; // ordinary resume points by number
  llvm::DenseMap<llvm::BasicBlock *, uint32_t> numbers_;
  /// Blocks that end a thread's stay in a piece or in the common version, and where it goes on.
  llvm::SmallVector<std::pair<llvm::BasicBlock *, llvm::BasicBlock *>> departures_;
  std::map<std::string, Operation> operations_;
  std::map<std::string, llvm::AllocaInst *> variables_;
  llvm::SmallPtrSet<llvm::CallInst *, 8> counted_; // barriers that count in LDS
  std::unique_ptr<BlockBarriers> barriers_;
  llvm::BasicBlock *barrier_wait_ = nullptr;
};

} // namespace w2w
