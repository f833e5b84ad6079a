; The factor of 24 bits stays one: v_mad_u64_u32 multiplies all 32.
; RUN: %w2w-opt -mcpu=gfx942 -O3 --emit=asm %s -o - | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx1100 -O3 --emit=asm %s -o - | FileCheck %s
; CHECK-LABEL: address:
; CHECK: {{v_and_b32.* 0xffffff|v_mul_u32_u24}}
; CHECK: s_setpc_b64
define i64 @address(i32 %x, i64 %y) {
  %t = and i32 %x, 16777215
  %z = zext i32 %t to i64
  %m = mul i64 %z, 1000
  %s = add i64 %y, %m
  ret i64 %s
}
