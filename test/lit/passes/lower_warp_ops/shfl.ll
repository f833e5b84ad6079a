; Shuffles stay inside the 32-thread warp on both wave sizes.
; RUN: %w2w-opt --passes=lower_warp_ops -mcpu=gfx942 %s | FileCheck %s --check-prefixes=CHECK,WAVE64
; RUN: %w2w-opt --passes=lower_warp_ops -mcpu=gfx1100 %s | FileCheck %s --check-prefixes=CHECK,WAVE32
declare {i32, i1} @w2w.shfl.bfly(i32, i32, i32, i32)
declare {i32, i1} @w2w.shfl.up(i32, i32, i32, i32)
declare {i32, i1} @w2w.shfl.down(i32, i32, i32, i32)
declare {i32, i1} @w2w.shfl.idx(i32, i32, i32, i32)

; Constant butterflies need no address: DPP, or a swizzle of 32 lanes.
; CHECK-LABEL: @butterfly
; CHECK: @llvm.amdgcn.update.dpp.i32(i32 poison, i32 %v, i32 177,
; WAVE64: @llvm.amdgcn.ds.swizzle(i32 {{.*}}, i32 4127)
; WAVE32: @llvm.amdgcn.update.dpp.i32(i32 poison, i32 {{.*}}, i32 356,
; CHECK: @llvm.amdgcn.update.dpp.i32(i32 poison, i32 {{.*}}, i32 296,
; WAVE64: @llvm.amdgcn.ds.swizzle(i32 {{.*}}, i32 16415)
; WAVE32: @llvm.amdgcn.permlanex16
; CHECK-NOT: bpermute
; CHECK: ret i32
define i32 @butterfly(i32 %v) {
  %a = call {i32, i1} @w2w.shfl.bfly(i32 %v, i32 1, i32 31, i32 -1)
  %a0 = extractvalue {i32, i1} %a, 0
  %b = call {i32, i1} @w2w.shfl.bfly(i32 %a0, i32 4, i32 31, i32 -1)
  %b0 = extractvalue {i32, i1} %b, 0
  %c = call {i32, i1} @w2w.shfl.bfly(i32 %b0, i32 8, i32 31, i32 -1)
  %c0 = extractvalue {i32, i1} %c, 0
  %d = call {i32, i1} @w2w.shfl.bfly(i32 %c0, i32 16, i32 31, i32 -1)
  %d0 = extractvalue {i32, i1} %d, 0
  ret i32 %d0
}

; The general form: source lane, clamp and segment; the wave's lane is the warp's plus the half.
; CHECK-LABEL: @up
; WAVE64: %laneid = and i32 {{.*}}, 31
; CHECK: %max_lane =
; CHECK: [[VALID:%.*]] = icmp sge i32 [[FROM:%.*]], %max_lane
; CHECK: %source_lane = select i1 [[VALID]], i32 [[FROM]], i32
; WAVE64: %half_base = and i32 {{.*}}, 32
; WAVE64: or i32 %source_lane, %half_base
; CHECK: @llvm.amdgcn.ds.bpermute
; CHECK: insertvalue {{.*}} i1 [[VALID]], 1
define {i32, i1} @up(i32 %v, i32 %b, i32 %c) {
  %r = call {i32, i1} @w2w.shfl.up(i32 %v, i32 %b, i32 %c, i32 -1)
  ret {i32, i1} %r
}
; CHECK-LABEL: @down
; CHECK: icmp sle i32 {{.*}}, %max_lane
define {i32, i1} @down(i32 %v, i32 %b) {
  %r = call {i32, i1} @w2w.shfl.down(i32 %v, i32 %b, i32 31, i32 -1)
  ret {i32, i1} %r
}
; Reading one known lane: a scalar on wave32, where the wave is the warp; else a swizzle of each half.
; CHECK-LABEL: @broadcast
; WAVE32: @llvm.amdgcn.readlane.i32(i32 %v, i32 5)
; WAVE64: @llvm.amdgcn.ds.swizzle(i32 %v, i32 160)
define {i32, i1} @broadcast(i32 %v) {
  %r = call {i32, i1} @w2w.shfl.idx(i32 %v, i32 5, i32 31, i32 -1)
  ret {i32, i1} %r
}
; A lane that is the same for the wave, known at run time: read once for each warp.
; CHECK-LABEL: @broadcast_from
; CHECK: @llvm.amdgcn.readlane.i32(i32 %v, i32 [[LANE:%.*]])
; WAVE64: [[UPPER:%.*]] = or {{.*}}i32 [[LANE]], 32
; WAVE64: @llvm.amdgcn.readlane.i32(i32 %v, i32 [[UPPER]])
; CHECK-NOT: bpermute
; CHECK: ret void
define amdgpu_kernel void @broadcast_from(i32 %b, ptr addrspace(1) %p) {
  %v = load i32, ptr addrspace(1) %p
  %r = call {i32, i1} @w2w.shfl.idx(i32 %v, i32 %b, i32 31, i32 -1)
  %r0 = extractvalue {i32, i1} %r, 0
  store i32 %r0, ptr addrspace(1) %p
  ret void
}
