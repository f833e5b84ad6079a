; Behind what acquires, and only there, LLVM sees a store that it cannot know.
; RUN: %w2w-opt --passes=clobber_after_acquire %s | FileCheck %s
; And so a load at a uniform address stays on the vector unit behind a barrier, where another thread may have stored.
; RUN: %w2w-opt --passes=clobber_after_acquire -mcpu=gfx942 %s -o %t.ll
; RUN: %clang --target=amdgcn-amd-amdhsa -mcpu=gfx942 -nogpulib -Wno-override-module -O2 -S %t.ll -o - | FileCheck %s --check-prefix=CODE
; CHECK-LABEL: @k(
; CHECK: fence syncscope("workgroup") release
; CHECK-NEXT: call void @llvm.amdgcn.s.barrier()
; CHECK-NEXT: fence syncscope("workgroup") acquire
; CHECK-NEXT: call void asm sideeffect "", "~{memory}"()
; CHECK: atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") monotonic
; CHECK-NEXT: atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") acquire
; CHECK-NEXT: call void asm sideeffect "", "~{memory}"()
; CODE-LABEL: k:
; CODE: s_barrier
; CODE-NOT: s_load
; CODE: global_load_dword
; CODE-NOT: s_load
define amdgpu_kernel void @k(ptr addrspace(1) noalias %q, ptr addrspace(1) %p) {
  fence syncscope("workgroup") release
  call void @llvm.amdgcn.s.barrier()
  fence syncscope("workgroup") acquire
  %v = load i32, ptr addrspace(1) %p
  store i32 %v, ptr addrspace(1) %q
  %a = atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") monotonic
  %b = atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") acquire
  ret void
}
declare void @llvm.amdgcn.s.barrier()
