; RUN: %w2w-opt --passes=complete_releases -mcpu=gfx90a %s | FileCheck %s --check-prefix=GFX90A
; RUN: %w2w-opt --passes=complete_releases -mcpu=gfx942 %s | FileCheck %s --check-prefix=GFX942
; RUN: %w2w-opt --passes=complete_releases -mcpu=gfx950 %s | FileCheck %s --check-prefix=GFX942
; RUN: %w2w-opt --passes=complete_releases -mcpu=gfx1100 %s | FileCheck %s --check-prefix=GFX1100
target triple = "amdgcn-amd-amdhsa"

; GFX90A-LABEL: @stores
; GFX90A-NEXT: fence syncscope("agent") release
; GFX90A-NEXT: store atomic i32 1, ptr addrspace(1) %p syncscope("workgroup") monotonic
; GFX90A-NEXT: store atomic i32 2, ptr addrspace(1) %p syncscope("agent") release
; GFX90A-NEXT: fence release
; GFX90A-NEXT: call void @llvm.amdgcn.s.waitcnt(i32 3952)
; GFX90A-NEXT: store atomic i32 3, ptr addrspace(1) %p monotonic
; GFX90A-NEXT: store atomic i32 4, ptr addrspace(1) %p syncscope("agent") monotonic
; GFX90A-NEXT: ret
; GFX942-LABEL: @stores
; GFX942-NEXT: store atomic i32 1, ptr addrspace(1) %p syncscope("workgroup") release
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt(i32 3952)
; GFX942-NEXT: store atomic i32 2, ptr addrspace(1) %p syncscope("agent") monotonic
; GFX942-NEXT: fence release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt(i32 3952)
; GFX942-NEXT: store atomic i32 3, ptr addrspace(1) %p monotonic
; GFX942-NEXT: store atomic i32 4, ptr addrspace(1) %p syncscope("agent") monotonic
; GFX942-NEXT: ret
; GFX1100-LABEL: @stores
; GFX1100-NEXT: store atomic i32 1, ptr addrspace(1) %p syncscope("workgroup") release
; GFX1100-NEXT: store atomic i32 2, ptr addrspace(1) %p syncscope("agent") release
; GFX1100-NEXT: store atomic i32 3, ptr addrspace(1) %p release
define void @stores(ptr addrspace(1) %p) {
  store atomic i32 1, ptr addrspace(1) %p syncscope("workgroup") release, align 4
  store atomic i32 2, ptr addrspace(1) %p syncscope("agent") release, align 4
  store atomic i32 3, ptr addrspace(1) %p release, align 4
  store atomic i32 4, ptr addrspace(1) %p syncscope("agent") monotonic, align 4
  ret void
}

; What acquires goes on doing so.
; GFX942-LABEL: @both
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") acquire
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: atomicrmw add ptr addrspace(1) %p, i32 2 syncscope("agent") monotonic
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: cmpxchg ptr addrspace(1) %p, i32 3, i32 4 syncscope("agent") acquire acquire
; GFX942-NEXT: load atomic i32, ptr addrspace(1) %p syncscope("agent") acquire
; GFX942-NEXT: ret
; GFX90A-LABEL: @both
; GFX90A: cmpxchg {{.*}} syncscope("agent") acq_rel acquire
define void @both(ptr addrspace(1) %p) {
  %a = atomicrmw add ptr addrspace(1) %p, i32 1 syncscope("agent") acq_rel, align 4
  %b = atomicrmw add ptr addrspace(1) %p, i32 2 syncscope("agent") release, align 4
  %c = cmpxchg ptr addrspace(1) %p, i32 3, i32 4 syncscope("agent") acq_rel acquire, align 4
  %d = load atomic i32, ptr addrspace(1) %p syncscope("agent") acquire, align 4
  ret void
}

; GFX942-LABEL: @fences
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: fence syncscope("agent") release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: fence syncscope("agent") acquire
; GFX942-NEXT: fence release
; GFX942-NEXT: call void @llvm.amdgcn.s.waitcnt
; GFX942-NEXT: fence acquire
; GFX942-NEXT: fence syncscope("agent") acquire
; GFX942-NEXT: fence syncscope("workgroup") acq_rel
; GFX942-NEXT: ret
; GFX90A-LABEL: @fences
; GFX90A: fence syncscope("agent") acquire
; GFX90A-NEXT: fence syncscope("agent") release
; GFX90A-NEXT: fence syncscope("workgroup") acquire
define void @fences() {
  fence syncscope("agent") release
  fence syncscope("agent") acq_rel
  fence seq_cst
  fence syncscope("agent") acquire
  fence syncscope("workgroup") acq_rel
  ret void
}
