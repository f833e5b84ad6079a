; RUN: %w2w-opt --passes=lower_barriers -mcpu=gfx942 %s | FileCheck %s
declare void @w2w.barrier.sync(i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
declare i1 @w2w.barrier.red.and(i32, i32, i1) convergent
; Before gfx942 a wave waits for its own stores, so that another may release them.
; RUN: %w2w-opt --passes=lower_barriers,complete_releases -mcpu=gfx90a %s | FileCheck %s --check-prefix=GFX90A
; GFX90A-LABEL: @whole
; GFX90A: fence syncscope("agent") release
; GFX90A-NEXT: call void @llvm.amdgcn.s.barrier()
; GFX90A-NEXT: fence syncscope("workgroup") acquire
; CHECK-LABEL: @whole
; CHECK: fence syncscope("workgroup") release
; CHECK-NEXT: call void @llvm.amdgcn.s.barrier()
; CHECK-NEXT: fence syncscope("workgroup") acquire
define amdgpu_kernel void @whole() {
  call void @w2w.barrier.sync(i32 3)
  ret void
}
; A count that is the whole block is no count.
; CHECK-LABEL: @counted
; CHECK: call void @llvm.amdgcn.s.barrier()
define amdgpu_kernel void @counted() "w2w-reqntid"="60,1,1" {
  call void @w2w.barrier.sync.count(i32 1, i32 64)
  ret void
}
; CHECK-LABEL: @reduced
; CHECK: store i32 0, ptr addrspace(3) @w2w.barrier.counter
; CHECK: s.barrier
; CHECK: atomicrmw add ptr addrspace(3) @w2w.barrier.counter
; CHECK: s.barrier
; CHECK: [[SUM:%.*]] = call i32 @llvm.amdgcn.readfirstlane.i32
; CHECK: s.barrier
; CHECK: icmp eq i32 [[SUM]], 0
define amdgpu_kernel void @reduced(i1 %c, ptr addrspace(1) %p) {
  %r = call i1 @w2w.barrier.red.and(i32 0, i32 0, i1 %c)
  store i1 %r, ptr addrspace(1) %p
  ret void
}
