; gfx11 without true16: a 64-bit byte swap at -O0 must not copy 16-bit halves.
; RUN: %w2w-opt -mcpu=gfx1100 -O0 --emit=asm %s | FileCheck %s
; CHECK-LABEL: swap:
; CHECK-NOT: v_mov_b16
; CHECK: s_setpc_b64
declare i64 @llvm.bswap.i64(i64)
define i64 @swap(i64 %x) {
  %r = call i64 @llvm.bswap.i64(i64 %x)
  ret i64 %r
}
