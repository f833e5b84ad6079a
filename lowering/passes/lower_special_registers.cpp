#include "lowering/passes/lower_special_registers.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/lane.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/MDBuilder.h"

namespace w2w {

using namespace llvm;

namespace {

/// Byte offsets of the hidden arguments used, from the implicit argument pointer (AMDGPUUsage,
/// "Code Object V5 Metadata": hidden_block_count_*, hidden_group_size_*).
constexpr unsigned kHiddenBlockCount = 0; // u32 each
constexpr unsigned kHiddenGroupSize = 12; // u16 each
/// Byte offsets in the HSA kernel dispatch packet (HSA Platform System Architecture, 2.9.6).
constexpr unsigned kPacketGroupSize = 4;         // u16 each
constexpr unsigned kPacketGridSize = 12;         // u32 each, in work-items
constexpr unsigned kPacketGroupSegmentSize = 28; // u32

class SpecialRegisters {
public:
  SpecialRegisters(Module &module, PassEnv &env) : env_(env), builder_(module.getContext()) {
    if (auto *version = mdconst::extract_or_null<ConstantInt>(
            module.getModuleFlag("amdhsa_code_object_version")))
      code_object_version_ = unsigned(version->getZExtValue() / 100);
  }

  /// The value of register `name` ("tid.x") at the builder's place, as i32 or i64; nullptr if
  /// unknown.
  Value *value(StringRef name, CallInst &at);
  IRBuilder<> &builder() { return builder_; }

private:
  bool runtime() const { return env_.abi == KernelAbi::Runtime; }
  Value *load(Value *base, unsigned offset, Type *type, uint64_t low, uint64_t high);
  Value *implicit() { return builder_.CreateIntrinsic(Intrinsic::amdgcn_implicitarg_ptr, {}); }
  Value *packet() { return builder_.CreateIntrinsic(Intrinsic::amdgcn_dispatch_ptr, {}); }
  Value *tid(unsigned dim);
  Value *ntid(unsigned dim);
  Value *ctaid(unsigned dim);
  Value *nctaid(unsigned dim);
  Value *warp_number();
  Value *threads() { return builder_.CreateMul(builder_.CreateMul(ntid(0), ntid(1)), ntid(2)); }
  Value *clock();
  Value *global_timer();
  Value *dynamic_shared();
  Value *static_shared();
  Value *low32(Value *v) { return builder_.CreateTrunc(v, builder_.getInt32Ty()); }
  Value *high32(Value *v) { return low32(builder_.CreateLShr(v, 32)); }
  Value *vector_register(StringRef base, unsigned dim);

  PassEnv &env_;
  IRBuilder<> builder_;
  unsigned code_object_version_ = 5;
};

Value *SpecialRegisters::load(Value *base, unsigned offset, Type *type, uint64_t low,
                              uint64_t high) {
  Value *address = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), base, offset);
  LoadInst *load = builder_.CreateAlignedLoad(type, address, commonAlignment(Align(4), offset));
  LLVMContext &context = builder_.getContext();
  load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context, {}));
  if (high)
    load->setMetadata(LLVMContext::MD_range,
                      MDBuilder(context).createRange(APInt(type->getIntegerBitWidth(), low),
                                                     APInt(type->getIntegerBitWidth(), high)));
  return builder_.CreateZExt(load, builder_.getInt32Ty());
}

Value *SpecialRegisters::tid(unsigned dim) {
  static constexpr Intrinsic::ID kIds[] = {Intrinsic::amdgcn_workitem_id_x,
                                           Intrinsic::amdgcn_workitem_id_y,
                                           Intrinsic::amdgcn_workitem_id_z};
  return builder_.CreateIntrinsic(kIds[dim], {});
}

Value *SpecialRegisters::ntid(unsigned dim) {
  // A kernel with .reqntid knows its size.
  if (auto size = required_block(*builder_.GetInsertBlock()->getParent()))
    return builder_.getInt32((*size)[dim]);
  if (runtime())
    return load(launch_block(builder_), offsetof(abi::LaunchBlock, ntid) + 4 * dim,
                builder_.getInt32Ty(), 1, 1025);
  if (code_object_version_ >= 5)
    return load(implicit(), kHiddenGroupSize + 2 * dim, builder_.getInt16Ty(), 1, 1025);
  return load(packet(), kPacketGroupSize + 2 * dim, builder_.getInt16Ty(), 1, 1025);
}

Value *SpecialRegisters::ctaid(unsigned dim) {
  static constexpr Intrinsic::ID kIds[] = {Intrinsic::amdgcn_workgroup_id_x,
                                           Intrinsic::amdgcn_workgroup_id_y,
                                           Intrinsic::amdgcn_workgroup_id_z};
  Value *id = builder_.CreateIntrinsic(kIds[dim], {});
  if (!runtime())
    return id;
  Value *offset = load(launch_block(builder_), offsetof(abi::LaunchBlock, block_offset) + 4 * dim,
                       builder_.getInt32Ty(), 0, 0);
  return builder_.CreateAdd(id, offset, "ctaid");
}

Value *SpecialRegisters::nctaid(unsigned dim) {
  if (runtime())
    return load(launch_block(builder_), offsetof(abi::LaunchBlock, nctaid) + 4 * dim,
                builder_.getInt32Ty(), 1, 0x80000000);
  if (code_object_version_ >= 5)
    return load(implicit(), kHiddenBlockCount + 4 * dim, builder_.getInt32Ty(), 0, 0);
  Value *items = load(packet(), kPacketGridSize + 4 * dim, builder_.getInt32Ty(), 0, 0);
  return builder_.CreateUDiv(items, ntid(dim), "nctaid");
}

/// %warpid. Waves hold consecutive threads, so any lane tells the wave's first thread, and the lane
/// its half: written so, LLVM sees which part of it is uniform in the wave. It must stay right when
/// spread_warps gives the threads other numbers.
Value *SpecialRegisters::warp_number() {
  Value *linear = linear_thread(builder_, ntid(0), ntid(1));
  auto uniform = [&](Value *v) {
    return builder_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {builder_.getInt32Ty()}, {v});
  };
  if (env_.processor.wave_size == 32)
    return builder_.CreateLShr(uniform(linear), 5, "warpid");
  Value *lane = wave_lane(builder_, env_.processor);
  Value *first = builder_.CreateLShr(uniform(builder_.CreateSub(linear, lane)), 5);
  return builder_.CreateAdd(first, builder_.CreateLShr(lane, 5), "warpid");
}

Value *SpecialRegisters::clock() {
  Intrinsic::ID id = env_.processor.generation == Generation::Gfx11 ? Intrinsic::readsteadycounter
                                                                    : Intrinsic::readcyclecounter;
  return builder_.CreateIntrinsic(id, {});
}

Value *SpecialRegisters::global_timer() {
  Value *ticks = builder_.CreateIntrinsic(Intrinsic::readsteadycounter, {});
  return builder_.CreateMul(ticks, builder_.getInt64(env_.processor.steady_tick_ns), "globaltimer");
}

Value *SpecialRegisters::dynamic_shared() {
  if (runtime())
    return load(launch_block(builder_), offsetof(abi::LaunchBlock, dynamic_shared_size),
                builder_.getInt32Ty(), 0, 0);
  Value *all = load(packet(), kPacketGroupSegmentSize, builder_.getInt32Ty(), 0, 0);
  return builder_.CreateSub(all, static_shared());
}

/// Without a launch block the words that barriers count in are among them.
Value *SpecialRegisters::static_shared() {
  if (runtime())
    return load(launch_block(builder_), offsetof(abi::LaunchBlock, static_shared_size),
                builder_.getInt32Ty(), 0, 0);
  return builder_.CreateIntrinsic(Intrinsic::amdgcn_groupstaticsize, {});
}

Value *SpecialRegisters::vector_register(StringRef base, unsigned dim) {
  if (base == "tid")
    return tid(dim);
  if (base == "ntid")
    return ntid(dim);
  // A cluster of one CTA (PTX ISA 10.12-10.15): cluster ids are block ids, everything inside a
  // cluster is 0 of 1.
  if (base == "ctaid" || base == "clusterid")
    return ctaid(dim);
  if (base == "nctaid" || base == "nclusterid")
    return nctaid(dim);
  if (base == "cluster_ctaid")
    return builder_.getInt32(0);
  if (base == "cluster_nctaid")
    return builder_.getInt32(1);
  return nullptr;
}

Value *SpecialRegisters::value(StringRef name, CallInst &at) {
  builder_.SetInsertPoint(&at);
  auto [base, component] = name.split('.');
  if (component.size() == 1) {
    size_t dim = StringRef("xyzw").find(component[0]);
    if (dim == 3)
      return builder_.getInt32(0); // the fourth component of every vector register is 0
    return dim < 3 ? vector_register(base, unsigned(dim)) : nullptr;
  }
  Value *one = builder_.getInt32(1);
  auto lane = [&] { return warp_lane(builder_, env_.processor); };
  auto not_ = [&](Value *v) { return builder_.CreateNot(v); };
  auto below = [&] { return builder_.CreateSub(builder_.CreateShl(one, lane()), one); };
  auto through = [&] { // lanes 0..laneid: shifting 2 would lose bit 32, so shift ~0 the other way
    return builder_.CreateLShr(builder_.getInt32(~0u),
                               builder_.CreateSub(builder_.getInt32(31), lane()));
  };
  if (name == "laneid")
    return lane();
  if (name == "warpid")
    return warp_number();
  if (name == "nwarpid")
    return builder_.CreateLShr(builder_.CreateAdd(threads(), builder_.getInt32(31)), 5);
  if (name == "lanemask_eq")
    return builder_.CreateShl(one, lane());
  if (name == "lanemask_lt")
    return below();
  if (name == "lanemask_le")
    return through();
  if (name == "lanemask_ge")
    return not_(below());
  if (name == "lanemask_gt")
    return not_(through());
  if (name == "smid" || name == "cluster_ctarank")
    return builder_.getInt32(0);
  if (name == "is_explicit_cluster") // HIP's launches name no clusters
    return runtime() ? builder_.CreateIsNotNull(load(launch_block(builder_),
                                                     offsetof(abi::LaunchBlock, explicit_cluster),
                                                     builder_.getInt32Ty(), 0, 0))
                     : (Value *)builder_.getFalse();
  if (name == "nsmid" || name == "cluster_nctarank")
    return one;
  if (name == "gridid")
    return runtime() ? load_launch_field(builder_, offsetof(abi::LaunchBlock, grid_id),
                                         builder_.getInt64Ty(), "gridid")
                     : (Value *)builder_.getInt64(0);
  if (name ==
      "current_graph_exec") // no device graph launch: 0 means "not in a graph" (PTX ISA 10.33)
    return builder_.getInt64(0);
  if (name == "clock")
    return low32(clock());
  if (name == "clock_hi")
    return high32(clock());
  if (name == "clock64")
    return clock();
  if (name == "globaltimer")
    return global_timer();
  if (name == "globaltimer_lo")
    return low32(global_timer());
  if (name == "globaltimer_hi")
    return high32(global_timer());
  if (name == "dynamic_smem_size")
    return dynamic_shared();
  if (name == "total_smem_size")
    return builder_.CreateAdd(static_shared(), dynamic_shared(), "total_smem_size");
  if (name.starts_with("reserved_smem_offset"))
    return builder_.getInt32(0); // nothing is reserved in the shared window
  // Cooperative groups read the grid workspace as envreg1 << 32 | envreg2 or the other way round,
  // by CUDA version; both halves come from one address, whose high half the runtime sees to.
  // envreg1 holds the high half.
  if (name == "envreg1" || name == "envreg2") {
    if (!runtime())
      return builder_.getInt32(0);
    Value *workspace = load_launch_field(builder_, offsetof(abi::LaunchBlock, grid_workspace),
                                         builder_.getInt64Ty(), "grid_workspace");
    return name == "envreg1" ? high32(workspace) : low32(workspace);
  }
  if (name.starts_with("envreg") || name.starts_with("pm"))
    return Constant::getNullValue(at.getType()); // driver-defined; performance monitors read 0
  return nullptr;
}

} // namespace

std::optional<unsigned> block_size_dimension(const Value &value) {
  const Value *loaded = &value;
  if (auto *wider = dyn_cast<ZExtInst>(loaded))
    loaded = wider->getOperand(0);
  auto dimension = [](uint64_t offset, uint64_t first, unsigned bytes) -> std::optional<unsigned> {
    if (offset < first || offset - first >= 3 * bytes || (offset - first) % bytes)
      return std::nullopt;
    return unsigned((offset - first) / bytes);
  };
  if (loaded->getType()->isIntegerTy(32))
    if (auto field = launch_field(*loaded))
      return dimension(*field, offsetof(abi::LaunchBlock, ntid), 4);
  auto *load = dyn_cast<LoadInst>(loaded);
  if (!load || !load->getType()->isIntegerTy(16))
    return std::nullopt;
  const DataLayout &layout = load->getDataLayout();
  const Value *pointer = load->getPointerOperand();
  APInt offset(layout.getIndexTypeSizeInBits(pointer->getType()), 0);
  auto *base = dyn_cast<IntrinsicInst>(
      pointer->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true));
  switch (base ? base->getIntrinsicID() : Intrinsic::not_intrinsic) {
  case Intrinsic::amdgcn_implicitarg_ptr:
    return dimension(offset.getZExtValue(), kHiddenGroupSize, 2);
  case Intrinsic::amdgcn_dispatch_ptr:
    return dimension(offset.getZExtValue(), kPacketGroupSize, 2);
  default:
    return std::nullopt;
  }
}

bool lower_special_registers(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  constexpr StringRef kPrefix = "w2w.sreg.";
  SpecialRegisters registers(module, env);
  bool changed = false;
  for (CallInst *call : calls_with_prefix(module, kPrefix)) {
    StringRef name = call->getCalledFunction()->getName().drop_front(kPrefix.size());
    Value *value = registers.value(name, *call);
    if (!value) {
      env.refuse(*call, "special register %" + name.str() + " is not supported");
      value = PoisonValue::get(call->getType());
    }
    if (value->getType() != call->getType())
      value = registers.builder().CreateZExtOrTrunc(value, call->getType());
    call->replaceAllUsesWith(value);
    call->eraseFromParent();
    changed = true;
  }
  erase_unused_declarations(module, kPrefix);
  return changed;
}

} // namespace w2w
