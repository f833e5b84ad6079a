; Lanes count in the 32-thread warp on both wave sizes.
; RUN: %w2w-opt --passes=lower_special_registers -mcpu=gfx942 %s | FileCheck %s --check-prefix=WAVE64
; RUN: %w2w-opt --passes=lower_special_registers -mcpu=gfx1100 %s | FileCheck %s --check-prefix=WAVE32
; RUN: sed 's/laneid/nonsense/' %s > %t.ll
; RUN: not %w2w-opt --passes=lower_special_registers %t.ll 2>&1 | FileCheck %s --check-prefix=UNKNOWN
; UNKNOWN: special register %nonsense is not supported
declare i32 @w2w.sreg.laneid()
declare i32 @w2w.sreg.warpid()
; WAVE64: mbcnt.lo
; WAVE64: [[LANE:%.*]] = call i32 @llvm.amdgcn.mbcnt.hi
; WAVE64: %laneid = and i32 [[LANE]], 31
; The first thread of the wave, whichever lanes are active.
; WAVE64: [[LANE2:%.*]] = call i32 @llvm.amdgcn.mbcnt.hi
; WAVE64: [[BASE:%.*]] = sub i32 {{.*}}, [[LANE2]]
; WAVE64: [[FIRST:%.*]] = call i32 @llvm.amdgcn.readfirstlane.i32(i32 [[BASE]])
; WAVE64: [[WARP:%.*]] = lshr i32 [[FIRST]], 5
; WAVE64: [[HALF:%.*]] = lshr i32 [[LANE2]], 5
; WAVE64: %warpid = add i32 [[WARP]], [[HALF]]
; WAVE32: mbcnt.lo
; WAVE32-NOT: mbcnt.hi
; WAVE32: [[FIRST:%.*]] = call i32 @llvm.amdgcn.readfirstlane.i32
; WAVE32: %warpid = lshr i32 [[FIRST]], 5
define amdgpu_kernel void @k(ptr addrspace(1) %p) {
  %a = call i32 @w2w.sreg.laneid()
  %b = call i32 @w2w.sreg.warpid()
  %c = add i32 %a, %b
  store i32 %c, ptr addrspace(1) %p
  ret void
}
