; RUN: %w2w-opt --passes=lower_directed_rounding %s | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s | FileCheck %s --check-prefix=ASM
; RUN: %w2w-opt -mcpu=gfx1201 --emit=asm %s | FileCheck %s --check-prefix=ASM
declare float @w2w.add.rz.f32(float, float)
declare double @w2w.sub.rm.f64(double, double)
declare float @w2w.cvt.rp.f32.f64(double)
declare float @w2w.div.rz.f32(float, float)
; Set, operate, restore: nothing can come between.
; CHECK-LABEL: @add
; CHECK: asm "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 15\0A\09v_add_f32 $0, $1, $2\0A\09s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0", "=v,v,v"
; ASM-LABEL: add:
; ASM: s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 15
; ASM-NEXT: v_add_f32 v0, v0, v1
; ASM-NEXT: s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0
define float @add(float %a, float %b) {
  %r = call float @w2w.add.rz.f32(float %a, float %b)
  ret float %r
}
; CHECK-LABEL: @sub
; CHECK: 10\0A\09v_add_f64 $0, $1, -$2
define double @sub(double %a, double %b) {
  %r = call double @w2w.sub.rm.f64(double %a, double %b)
  ret double %r
}
; Conversions: nearest, compared with the source, moved by one unit in the last place.
; CHECK-LABEL: @narrow
; CHECK: [[NEAR:%.*]] = fptrunc double %a to float
; CHECK: [[BACK:%.*]] = fpext float [[NEAR]] to double
; CHECK-DAG: fcmp ogt double
; CHECK-DAG: fcmp olt double
define float @narrow(double %a) {
  %r = call float @w2w.cvt.rp.f32.f64(double %a)
  ret float %r
}
; CHECK-LABEL: @div
; CHECK: fdiv double
; CHECK: fptrunc double
; CHECK-NOT: asm
define float @div(float %a, float %b) {
  %r = call float @w2w.div.rz.f32(float %a, float %b)
  ret float %r
}
