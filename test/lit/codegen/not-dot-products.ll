; Products of bytes that are not simply added up are no dot product. LLVM takes them for one where the feature dot7 is on.
; RUN: %w2w-opt -mcpu=gfx942 -O3 --emit=asm %s -o - | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx1030 -O3 --emit=asm %s -o - | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx1100 -O3 --emit=asm %s -o - | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx1201 -O3 --emit=asm %s -o - | FileCheck %s
; CHECK-LABEL: shifted:
; CHECK-NOT: v_dot
; CHECK: s_setpc_b64
define i32 @shifted(i32 %a, i32 %b) {
  %a0 = and i32 %a, 255
  %b0 = and i32 %b, 255
  %as = lshr i32 %a, 8
  %bs = lshr i32 %b, 8
  %a1 = and i32 %as, 255
  %b1 = and i32 %bs, 255
  %m0 = mul i32 %a0, %b0
  %m1 = mul i32 %a1, %b1
  %s = shl i32 %m1, 8
  %r = add i32 %m0, %s
  ret i32 %r
}

; CHECK-LABEL: differs:
; CHECK-NOT: v_dot
; CHECK: s_setpc_b64
define i32 @differs(i32 %a, i32 %b, i32 %c) {
  %a0 = and i32 %a, 255
  %b0 = and i32 %b, 255
  %as = lshr i32 %a, 8
  %bs = lshr i32 %b, 8
  %a1 = and i32 %as, 255
  %b1 = and i32 %bs, 255
  %m0 = mul i32 %a0, %b0
  %m1 = mul i32 %a1, %b1
  %s = sub i32 %m1, %c
  %r = add i32 %m0, %s
  ret i32 %r
}
