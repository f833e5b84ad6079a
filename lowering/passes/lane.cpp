#include "lowering/passes/lane.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

Value *wave_lane(IRBuilderBase &b, const Processor &processor) {
  Value *low = b.CreateIntrinsic(Intrinsic::amdgcn_mbcnt_lo, {}, {b.getInt32(~0u), b.getInt32(0)});
  if (processor.wave_size == 32)
    return low;
  return b.CreateIntrinsic(Intrinsic::amdgcn_mbcnt_hi, {}, {b.getInt32(~0u), low});
}

Value *warp_lane(IRBuilderBase &b, const Processor &processor) {
  Value *lane = wave_lane(b, processor);
  return processor.wave_size == 32 ? lane : b.CreateAnd(lane, 31, "laneid");
}

Value *half_base(IRBuilderBase &b, const Processor &processor) {
  if (processor.wave_size == 32)
    return b.getInt32(0);
  return b.CreateAnd(wave_lane(b, processor), 32, "half_base");
}

Value *warp_ballot(IRBuilderBase &b, Value *condition, const Processor &processor) {
  if (processor.wave_size == 32)
    return b.CreateIntrinsic(Intrinsic::amdgcn_ballot, {b.getInt32Ty()}, {condition});
  Value *wave = b.CreateIntrinsic(Intrinsic::amdgcn_ballot, {b.getInt64Ty()}, {condition});
  // Both halves are uniform values; a select per lane is one v_cndmask.
  Value *low = b.CreateTrunc(wave, b.getInt32Ty());
  Value *high = b.CreateTrunc(b.CreateLShr(wave, 32), b.getInt32Ty());
  return b.CreateSelect(in_upper_half(b), high, low, "warp_ballot");
}

Value *in_lanes(IRBuilderBase &b, uint32_t lanes, const Processor &processor) {
  if (lanes == 0 || lanes == ~0u)
    return b.getInt1(lanes != 0);
  Value *mask = processor.wave_size == 32 ? b.getInt32(lanes)
                                          : b.getInt64(static_cast<uint64_t>(lanes) << 32 | lanes);
  return b.CreateIntrinsic(Intrinsic::amdgcn_inverse_ballot, {mask->getType()}, {mask});
}

Value *in_upper_half(IRBuilderBase &b) {
  return b.CreateIntrinsic(Intrinsic::amdgcn_inverse_ballot, {b.getInt64Ty()},
                           {b.getInt64(0xFFFFFFFF00000000)});
}

Value *linear_thread(IRBuilderBase &b, Value *size_x, Value *size_y) {
  Value *x = b.CreateIntrinsic(Intrinsic::amdgcn_workitem_id_x, {});
  Value *y = b.CreateIntrinsic(Intrinsic::amdgcn_workitem_id_y, {});
  Value *z = b.CreateIntrinsic(Intrinsic::amdgcn_workitem_id_z, {});
  Value *row = b.CreateAdd(b.CreateMul(z, size_y), y);
  return b.CreateAdd(b.CreateMul(row, size_x), x, "linear_thread");
}

CallInst *hold_in_vgpr(IRBuilderBase &b, Value *value) {
  auto *type = FunctionType::get(b.getInt32Ty(), {b.getInt32Ty()}, false);
  return b.CreateCall(InlineAsm::get(type, "", "=v,0", /*hasSideEffects=*/false), {value});
}

} // namespace w2w
