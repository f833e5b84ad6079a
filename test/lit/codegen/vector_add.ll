; The whole way from IR to a code object: vector add, both ABIs.
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s -o - | FileCheck %s --check-prefixes=CHECK
; RUN: %w2w-opt -mcpu=gfx1100 --emit=asm %s -o - | FileCheck %s --check-prefixes=CHECK,WAVE32
; RUN: %w2w-opt -mcpu=gfx942 --abi=runtime --emit=asm %s -o - | FileCheck %s --check-prefix=RUNTIME
; CHECK-LABEL: vadd:
; CHECK: s_endpgm
; CHECK: .amdhsa_kernarg_size 288
; WAVE32: .amdhsa_wavefront_size32 1
; RUNTIME-LABEL: vadd:
; RUNTIME: s_endpgm
; RUNTIME: .amdhsa_kernarg_size 40
; RUNTIME: .name: launch_block
; RUNTIME-NEXT: .offset: 32
; RUNTIME-NEXT: .size: 8
; RUNTIME-NOT: hidden_
declare i32 @w2w.sreg.tid.x()
declare i32 @w2w.sreg.ntid.x()
declare i32 @w2w.sreg.ctaid.x()
define amdgpu_kernel void @vadd(i64 %a, i64 %b, i64 %c, i32 %n) {
  %t = call i32 @w2w.sreg.tid.x()
  %s = call i32 @w2w.sreg.ntid.x()
  %g = call i32 @w2w.sreg.ctaid.x()
  %m = mul i32 %s, %g
  %i = add i32 %m, %t
  %in = icmp slt i32 %i, %n
  br i1 %in, label %then, label %end
then:
  %l = sext i32 %i to i64
  %o = shl i64 %l, 2
  %pa = add i64 %a, %o
  %qa = inttoptr i64 %pa to ptr addrspace(1)
  %va = load float, ptr addrspace(1) %qa
  %pb = add i64 %b, %o
  %qb = inttoptr i64 %pb to ptr addrspace(1)
  %vb = load float, ptr addrspace(1) %qb
  %v = fadd float %va, %vb
  %pc = add i64 %c, %o
  %qc = inttoptr i64 %pc to ptr addrspace(1)
  store float %v, ptr addrspace(1) %qc
  br label %end
end:
  ret void
}
