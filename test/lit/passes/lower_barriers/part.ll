; Barriers of fewer threads than the block are counted in LDS, on a wave64 target by warps; those by other numbers stay the hardware's.
; RUN: %w2w-opt --passes=lower_barriers --emit=llvm-opt -mcpu=gfx942 %s -o - | FileCheck %s
; CHECK-LABEL: @parts(
; The counters are cleared once, before the hardware's barrier.
; CHECK: store i32 0, ptr addrspace(3) @w2w.barrier.words
; CHECK: call void @llvm.amdgcn.s.barrier()
; CHECK: fence syncscope("workgroup") release
; CHECK: call void @llvm.amdgcn.s.sleep
; CHECK: barrier.claim:
; CHECK: barrier.try:
; CHECK: cmpxchg ptr addrspace(3) {{.*}} syncscope("workgroup") monotonic
; CHECK-LABEL: @whole(
; CHECK-NOT: cmpxchg
; CHECK: call void @llvm.amdgcn.s.barrier()
; CHECK-NOT: cmpxchg
; CHECK: ret void
declare void @w2w.barrier.arrive(i32, i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
define amdgpu_kernel void @parts() {
  call void @w2w.barrier.arrive(i32 1, i32 64)
  call void @w2w.barrier.sync.count(i32 2, i32 64)
  ret void
}
define amdgpu_kernel void @whole() "w2w-reqntid"="64,1,1" {
  call void @w2w.barrier.sync.count(i32 1, i32 64)
  ret void
}
