; RUN: %w2w-opt --passes=lower_flush %s | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s | FileCheck %s --check-prefix=ASM
declare float @w2w.flush.f32(float)
; Subnormals (class 144) become zeros of their sign; NaN payloads pass.
; CHECK: [[SIGN:%.*]] = and i32 [[BITS:%.*]], -2147483648
; CHECK: [[SUB:%.*]] = call i1 @llvm.is.fpclass.f32(float %x, i32 144)
; CHECK: select i1 [[SUB]], i32 [[SIGN]], i32 [[BITS]]
; ASM-LABEL: f:
; ASM: v_and_b32
; ASM: v_cmp_class_f32
; ASM: v_cndmask_b32
define float @f(float %x) {
  %y = call float @w2w.flush.f32(float %x)
  ret float %y
}
