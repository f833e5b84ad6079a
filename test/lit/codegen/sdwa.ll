; gfx9 without SDWA: a sign-extended byte as a floating-point operand keeps its sign.
; RUN: %w2w-opt -mcpu=gfx942 -O3 --emit=asm %s -o - | FileCheck %s
; CHECK-LABEL: part:
; CHECK: v_bfe_i32
; CHECK-NOT: sdwa
; CHECK: s_setpc_b64
define float @part(float %a, i32 %x) {
  %up = shl i32 %x, 8
  %byte = ashr i32 %up, 24
  %b = bitcast i32 %byte to float
  %r = fsub float %a, %b
  ret float %r
}
