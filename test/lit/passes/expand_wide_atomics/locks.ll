; RUN: %w2w-opt --passes=expand_wide_atomics -mcpu=gfx942 %s | FileCheck %s --check-prefixes=CHECK,TABLE
; RUN: %w2w-opt --passes=append_launch_block,expand_wide_atomics -mcpu=gfx942 --abi=runtime %s | FileCheck %s --check-prefixes=CHECK,BLOCK
; TABLE: @w2w_atomic_locks = internal addrspace(1) global [1024 x i32] zeroinitializer
; BLOCK-NOT: @w2w_atomic_locks
; CHECK-LABEL: define amdgpu_kernel void @cas(
; CHECK: fence syncscope("agent") release
; BLOCK: %atomic_locks = load ptr addrspace(1), ptr addrspace(4)
; CHECK: wide.try:
; CHECK-NEXT: %[[TAKEN:.*]] = atomicrmw xchg ptr addrspace(1) %lock, i32 1 syncscope("agent") acquire
; CHECK: wide.locked:
; CHECK-NEXT: load volatile <4 x i32>, ptr addrspace(1) %p, align 16
; CHECK: store volatile <4 x i32> %{{.*}}, ptr addrspace(1) %p, align 16
; CHECK-NEXT: store atomic i32 0, ptr addrspace(1) %lock syncscope("agent") release
; The way out of the loop is hidden from LLVM.
; CHECK: wide.next:
; CHECK: call i32 asm sideeffect "", "=v,0"(i32 %{{.*}}) #[[CONVERGENT:[0-9]+]]
; CHECK: br i1 %{{.*}}, label %wide.try, label %wide.done
; CHECK: wide.done:
; CHECK-NEXT: fence syncscope("agent") acquire
; CHECK-NOT: cmpxchg
define amdgpu_kernel void @cas(ptr addrspace(1) %p, ptr addrspace(1) %out, i128 %a, i128 %b) {
  %pair = cmpxchg ptr addrspace(1) %p, i128 %a, i128 %b syncscope("agent") acq_rel acquire, align 16
  %old = extractvalue { i128, i1 } %pair, 0
  store i128 %old, ptr addrspace(1) %out
  ret void
}
; A strong store takes the lock as well. A relaxed operation has no fence of its own.
; CHECK-LABEL: define amdgpu_kernel void @others(
; CHECK-NOT: fence
; CHECK: atomicrmw xchg ptr addrspace(1) %lock, i32 1
; CHECK: load volatile <4 x i32>, ptr addrspace(3) %p, align 16
; CHECK: store volatile <4 x i32> {{.*}}, ptr addrspace(3) %p, align 16
; CHECK-NOT: fence
; CHECK: atomicrmw xchg ptr addrspace(1) %lock{{[0-9]*}}, i32 1
; CHECK: store volatile <4 x i32> {{.*}}, ptr %q, align 16
; CHECK-NOT: i128 %{{.*}} monotonic
; CHECK: attributes #[[CONVERGENT]] = { convergent nounwind }
define amdgpu_kernel void @others(ptr addrspace(3) %p, ptr %q, i128 %a) {
  %old = atomicrmw xchg ptr addrspace(3) %p, i128 %a syncscope("workgroup") monotonic, align 16
  store atomic i128 %old, ptr %q syncscope("agent") monotonic, align 16
  ret void
}
