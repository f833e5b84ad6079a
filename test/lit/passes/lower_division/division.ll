; Divisions become a sequence whose reciprocal comes from above: one fma more than LLVM's in f32, three in f64.
; RUN: %w2w-opt --passes=lower_division %s | FileCheck %s
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s | FileCheck %s --check-prefix=ASM
; RUN: %w2w-opt -mcpu=gfx1100 --emit=asm %s | FileCheck %s --check-prefix=ASM

; CHECK-LABEL: define float @f32(
; CHECK: [[Y:%.*]] = call float @llvm.amdgcn.rcp.f32(
; CHECK: [[E:%.*]] = call float @llvm.fma.f32(float {{.*}}, float [[Y]], float 1.000000e+00)
; CHECK: [[ABS:%.*]] = call float @llvm.fabs.f32(float [[E]])
; CHECK: [[T:%.*]] = call float @llvm.fma.f32(float [[ABS]], float 0x3EB0000000000000, float [[E]])
; CHECK: call float @llvm.fma.f32(float [[Y]], float [[T]], float [[Y]])
; CHECK-NOT: fdiv
; CHECK: call float @llvm.amdgcn.div.fixup.f32({{.*}}, float %b, float %a)
; ASM-LABEL: f32:
; ASM-COUNT-2: v_div_scale_f32
; ASM-DAG: v_rcp_f32
; ASM-DAG: |v{{[0-9]+}}|
; ASM: v_div_fmas_f32
; ASM: v_div_fixup_f32
define float @f32(float %a, float %b) {
  %q = fdiv float %a, %b
  ret float %q
}

; What it costs: 12 vector instructions (LLVM's: 11).
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s | sed -n '/^f32:/,/s_setpc/p' | grep -c 'v_.*_f32' | FileCheck %s --check-prefix=COUNT32
; COUNT32: {{^}}12{{$}}
; 14 in f64 (LLVM's: 11).
; RUN: %w2w-opt -mcpu=gfx942 --emit=asm %s | sed -n '/^f64:/,/s_setpc/p' | grep -c 'v_.*_f64' | FileCheck %s --check-prefix=COUNT64
; COUNT64: {{^}}14{{$}}

; CHECK-LABEL: define double @f64(
; CHECK-NOT: fdiv
; CHECK: call double @llvm.amdgcn.div.fixup.f64({{.*}}, double %b, double %a)
define double @f64(double %a, double %b) {
  %q = fdiv double %a, %b
  ret double %q
}

; CHECK-LABEL: define <2 x float> @vector(
; CHECK-COUNT-2: call float @llvm.amdgcn.div.fixup.f32(
; CHECK: ret <2 x float>
define <2 x float> @vector(<2 x float> %a, <2 x float> %b) {
  %q = fdiv <2 x float> %a, %b
  ret <2 x float> %q
}

; Divisions that may be inexact, and f16's, are LLVM's.
; CHECK-LABEL: define float @inexact(
; CHECK: fdiv arcp float
; CHECK: fdiv float {{.*}}, !fpmath
define float @inexact(float %a, float %b) {
  %q = fdiv arcp float %a, %b
  %r = fdiv float %q, %b, !fpmath !0
  ret float %r
}
; CHECK-LABEL: define half @f16(
; CHECK: fdiv half
define half @f16(half %a, half %b) {
  %q = fdiv half %a, %b
  ret half %q
}
!0 = !{float 2.5}
