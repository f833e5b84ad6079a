; VGPRs whose lanes hold spilled SGPRs stay in VGPRs, however many it takes: LLVM 22 may address the stack slot of
; one by a VGPR that it writes in all lanes, though inactive lanes still need what is in it. That takes a frame
; beyond the offset of a scratch instruction. 18 * 32 SGPRs are alive at once here, and LLVM's own limit is 10 * 32.
; RUN: %w2w-opt -mcpu=gfx1100 -O3 --emit=asm %s -o - | FileCheck %s
; CHECK-LABEL: pressure:
; CHECK: v_writelane_b32
; CHECK-NOT: s_or_saveexec_b32 {{s[0-9]+}}, -1
; CHECK: s_endpgm
; CHECK: .sgpr_spill_count: {{[45][0-9][0-9]$}}
; CHECK: .vgpr_spill_count: 0
target triple = "amdgcn-amd-amdhsa"
define amdgpu_kernel void @pressure(ptr addrspace(4) %in, i32 %at) {
  %array = alloca [2048 x i32], align 4, addrspace(5)
  %slot = getelementptr i32, ptr addrspace(5) %array, i32 %at
  store volatile i32 %at, ptr addrspace(5) %slot, align 4
  %v0 = load volatile <32 x i32>, ptr addrspace(4) %in, align 128
  %p1 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 1
  %v1 = load volatile <32 x i32>, ptr addrspace(4) %p1, align 128
  %p2 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 2
  %v2 = load volatile <32 x i32>, ptr addrspace(4) %p2, align 128
  %p3 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 3
  %v3 = load volatile <32 x i32>, ptr addrspace(4) %p3, align 128
  %p4 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 4
  %v4 = load volatile <32 x i32>, ptr addrspace(4) %p4, align 128
  %p5 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 5
  %v5 = load volatile <32 x i32>, ptr addrspace(4) %p5, align 128
  %p6 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 6
  %v6 = load volatile <32 x i32>, ptr addrspace(4) %p6, align 128
  %p7 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 7
  %v7 = load volatile <32 x i32>, ptr addrspace(4) %p7, align 128
  %p8 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 8
  %v8 = load volatile <32 x i32>, ptr addrspace(4) %p8, align 128
  %p9 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 9
  %v9 = load volatile <32 x i32>, ptr addrspace(4) %p9, align 128
  %p10 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 10
  %v10 = load volatile <32 x i32>, ptr addrspace(4) %p10, align 128
  %p11 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 11
  %v11 = load volatile <32 x i32>, ptr addrspace(4) %p11, align 128
  %p12 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 12
  %v12 = load volatile <32 x i32>, ptr addrspace(4) %p12, align 128
  %p13 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 13
  %v13 = load volatile <32 x i32>, ptr addrspace(4) %p13, align 128
  %p14 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 14
  %v14 = load volatile <32 x i32>, ptr addrspace(4) %p14, align 128
  %p15 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 15
  %v15 = load volatile <32 x i32>, ptr addrspace(4) %p15, align 128
  %p16 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 16
  %v16 = load volatile <32 x i32>, ptr addrspace(4) %p16, align 128
  %p17 = getelementptr <32 x i32>, ptr addrspace(4) %in, i32 17
  %v17 = load volatile <32 x i32>, ptr addrspace(4) %p17, align 128
  call void asm sideeffect "; $0", "s"(<32 x i32> %v0)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v1)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v2)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v3)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v4)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v5)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v6)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v7)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v8)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v9)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v10)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v11)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v12)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v13)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v14)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v15)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v16)
  call void asm sideeffect "; $0", "s"(<32 x i32> %v17)
  ret void
}
