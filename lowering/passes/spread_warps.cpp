#include "lowering/passes/spread_warps.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/lane.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/ConstantRange.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kSolo = "w2w-solo", kGroupSize = "amdgpu-flat-work-group-size";
constexpr unsigned kWarp = 32;

/// The fewest and the most threads that the kernel's blocks may have.
std::pair<uint32_t, uint32_t> block_bounds(const Function &kernel) {
  auto [least, most] = kernel.getFnAttribute(kGroupSize).getValueAsString().split(',');
  std::pair<uint32_t, uint32_t> bounds{1, 1024};
  if (least.getAsInteger(10, bounds.first) || most.getAsInteger(10, bounds.second))
    return {1, 1024};
  return bounds;
}

/// One function on its way from physical to logical numbers.
class Renumbering {
public:
  explicit Renumbering(Function &function) : f_(function), b_(function.getContext()) {}

  /// Replaces work-item ids and lane numbers.
  void run();
  /// A kernel's first branch: threads of the block go on to what was the entry block.
  void admit_threads();

private:
  Value *size(unsigned dim);
  Value *thread();
  Value *tid(unsigned dim);

  Function &f_;
  IRBuilder<> b_;
  Value *work_item_ = nullptr, *thread_ = nullptr, *size_[3] = {}, *tid_[3] = {};
};

Value *Renumbering::size(unsigned dim) {
  static constexpr const char *kNames[] = {"w2w.sreg.ntid.x", "w2w.sreg.ntid.y", "w2w.sreg.ntid.z"};
  if (auto known = required_block(f_))
    return b_.getInt32((*known)[dim]);
  if (!size_[dim])
    size_[dim] =
        b_.CreateCall(f_.getParent()->getOrInsertFunction(kNames[dim], b_.getInt32Ty()), {});
  return size_[dim];
}

/// The thread's number in the block.
Value *Renumbering::thread() {
  if (thread_)
    return thread_;
  work_item_ = b_.CreateIntrinsic(Intrinsic::amdgcn_workitem_id_x, {});
  Value *warp = b_.CreateAnd(b_.CreateLShr(work_item_, 1), ~(kWarp - 1));
  return thread_ = b_.CreateOr(warp, b_.CreateAnd(work_item_, kWarp - 1), "thread");
}

Value *Renumbering::tid(unsigned dim) {
  if (tid_[dim])
    return tid_[dim];
  auto is_one = [&](unsigned d) { return PatternMatch::match(size(d), PatternMatch::m_One()); };
  if (is_one(1) && is_one(2)) {
    tid_[dim] = dim == 0 ? thread() : b_.getInt32(0);
    return tid_[dim];
  }
  Value *x = b_.CreateURem(thread(), size(0)), *row = b_.CreateUDiv(thread(), size(0));
  tid_[0] = x;
  tid_[1] = is_one(2) ? row : b_.CreateURem(row, size(1));
  tid_[2] = is_one(2) ? (Value *)b_.getInt32(0) : b_.CreateUDiv(row, size(1));
  return tid_[dim];
}

void Renumbering::run() {
  struct Change {
    IntrinsicInst *call;
    int dim; // -1: a lane number
  };
  SmallVector<Change> changes;
  for (Instruction &i : instructions(f_)) {
    auto *call = dyn_cast<IntrinsicInst>(&i);
    if (!call)
      continue;
    switch (call->getIntrinsicID()) {
    case Intrinsic::amdgcn_workitem_id_x:
      changes.push_back({call, 0});
      break;
    case Intrinsic::amdgcn_workitem_id_y:
      changes.push_back({call, 1});
      break;
    case Intrinsic::amdgcn_workitem_id_z:
      changes.push_back({call, 2});
      break;
    case Intrinsic::amdgcn_mbcnt_hi:
      if (PatternMatch::match(call->getArgOperand(0), PatternMatch::m_AllOnes()))
        changes.push_back({call, -1});
      break;
    default:
      break;
    }
  }
  b_.SetInsertPoint(&f_.getEntryBlock(), f_.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  for (auto [call, dim] : changes) {
    // No lane is in the upper half: what mbcnt_lo counts is all there is.
    Value *value = dim < 0 ? call->getArgOperand(1) : tid(unsigned(dim));
    if (auto *lower = dyn_cast<IntrinsicInst>(value);
        dim < 0 && lower && lower->getIntrinsicID() == Intrinsic::amdgcn_mbcnt_lo &&
        PatternMatch::match(lower->getArgOperand(0), PatternMatch::m_AllOnes()) &&
        PatternMatch::match(lower->getArgOperand(1), PatternMatch::m_Zero()))
      lower->addRangeRetAttr(ConstantRange(APInt(32, 0), APInt(32, kWarp)));
    call->replaceAllUsesWith(value);
    call->eraseFromParent();
  }
}

void Renumbering::admit_threads() {
  LLVMContext &context = f_.getContext();
  BasicBlock *body = &f_.getEntryBlock();
  BasicBlock *entry = BasicBlock::Create(context, "spread", &f_, body);
  BasicBlock *end = BasicBlock::Create(context, "no_thread", &f_);
  for (Instruction &i : make_early_inc_range(*body))
    if (auto *array = dyn_cast<AllocaInst>(&i); array && isa<Constant>(array->getArraySize()))
      array->moveBefore(*entry, entry->end());
  ReturnInst::Create(context, end);
  b_.SetInsertPoint(entry);
  Value *number = thread();
  Value *admitted =
      b_.CreateICmpEQ(b_.CreateAnd(work_item_, kWarp), b_.getInt32(0), "in_lower_half");
  Value *threads = b_.CreateMul(b_.CreateMul(size(0), size(1)), size(2), "threads");
  auto *known = dyn_cast<ConstantInt>(threads);
  if (!known || known->getZExtValue() % kWarp != 0)
    admitted = b_.CreateAnd(admitted, b_.CreateICmpULT(number, threads));
  b_.CreateCondBr(admitted, body, end);
}

} // namespace

bool choose_solo(Function &kernel, const SynchronisingFunctions &others,
                 ModuleAnalysisManager &analyses, PassEnv &env, FlowVerdict &verdict) {
  if (!env.paired() || env.abi != KernelAbi::Runtime)
    return false;
  const bool asked = env.warp_mode == WarpMode::Solo;
  if (!asked && (env.warp_mode != WarpMode::Auto || !verdict.scheduled))
    return false;
  // Functions that are called by two kernels would have to be both.
  if (!asked && count_if(*kernel.getParent(), is_kernel) > 1)
    return false;
  auto [least, most] = block_bounds(kernel);
  if (least > abi::kMostSoloThreads) {
    if (asked)
      env.refuse(kernel, "blocks of " + std::to_string(least) +
                             " threads (.reqntid) are not possible in warp mode 'solo', which "
                             "serves at most " +
                             std::to_string(abi::kMostSoloThreads) + "; use 'auto'");
    return false;
  }
  FlowVerdict solo = judge_flow(kernel, others, analyses, env, /*solo=*/true);
  std::string name = kernel.getName().str();
  if (!asked) {
    if (solo.scheduled)
      return false;
    if (!env.small_blocks && most > abi::kMostSoloThreads) {
      env.solo_serves.insert(name);
      verdict.reason +=
          "; solo in blocks of at most " + std::to_string(abi::kMostSoloThreads) + " threads";
      return false;
    }
    solo.reason = verdict.reason;
  }
  verdict = std::move(solo);
  env.solo_kernels.insert(name);
  kernel.addFnAttr(kSolo);
  if (!verdict.scheduled)
    env.warp_modes[name] = "solo: " + (asked ? std::string("asked for") : verdict.reason);
  return true;
}

bool spread_warps(Module &module, ModuleAnalysisManager &, PassEnv &) {
  auto is_solo = [](const Function &f) { return is_kernel(f) && f.hasFnAttribute(kSolo); };
  if (none_of(module, is_solo))
    return false;
  for (Function &f : module) {
    // Kernels are all solo or, where one was asked for alone, the only ones.
    if (f.isDeclaration() || (is_kernel(f) && !is_solo(f)))
      continue;
    Renumbering(f).run();
    if (!is_solo(f))
      continue;
    Renumbering(f).admit_threads();
    auto [least, most] = block_bounds(f);
    most = std::min(most, abi::kMostSoloThreads);
    f.addFnAttr(kGroupSize, std::to_string(abi::solo_work_items(least)) + "," +
                                std::to_string(abi::solo_work_items(most)));
    if (Argument *block = f.getArg(f.arg_size() - 1); block->getName() == abi::kLaunchBlockArgument)
      block->setName(abi::kSoloLaunchBlockArgument);
  }
  return true;
}

} // namespace w2w
