; RUN: %w2w-opt --passes=expand_bfloat_extrema -mcpu=gfx942 %s | FileCheck %s
; A half of a dword, at an address that tells which.
; CHECK-LABEL: define bfloat @half(
; CHECK: %[[WORD:.*]] = call ptr addrspace(1) @llvm.ptrmask.p1.i64(ptr addrspace(1) %p, i64 -4)
; CHECK: load atomic i32, ptr addrspace(1) %[[WORD]] syncscope("agent") monotonic, align 4
; CHECK: bf16.loop:
; CHECK: call bfloat @llvm.minimumnum.bf16(bfloat %{{.*}}, bfloat %v)
; CHECK: cmpxchg ptr addrspace(1) %[[WORD]], i32 %{{.*}}, i32 %{{.*}} syncscope("agent") acq_rel acquire, align 4
; CHECK: br i1 %{{.*}}, label %bf16.done, label %bf16.loop
; CHECK-NOT: atomicrmw
define bfloat @half(ptr addrspace(1) %p, bfloat %v) {
  %old = atomicrmw fmin ptr addrspace(1) %p, bfloat %v syncscope("agent") acq_rel, align 2
  ret bfloat %old
}
; CHECK-LABEL: define <2 x bfloat> @pair(
; CHECK-NOT: ptrmask
; CHECK: call <2 x bfloat> @llvm.maximumnum.v2bf16(
; CHECK: cmpxchg ptr %p, {{.*}} monotonic monotonic, align 4
define <2 x bfloat> @pair(ptr %p, <2 x bfloat> %v) {
  %old = atomicrmw fmax ptr %p, <2 x bfloat> %v monotonic, align 4
  ret <2 x bfloat> %old
}
; Others stay.
; CHECK-LABEL: define half @other(
; CHECK: atomicrmw fmax
; CHECK: atomicrmw fadd
define half @other(ptr %p, half %v, bfloat %w) {
  %old = atomicrmw fmax ptr %p, half %v monotonic, align 2
  %sum = atomicrmw fadd ptr %p, bfloat %w monotonic, align 2
  ret half %old
}
