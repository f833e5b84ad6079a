; Before gfx11 both factors of a dot product are signed bytes; from then on each is signed or not.
; RUN: %w2w-opt --passes=lower_dot_products -mcpu=gfx942 %s -o - | FileCheck %s --check-prefix=SIGNED
; RUN: %w2w-opt --passes=lower_dot_products -mcpu=gfx1030 %s -o - | FileCheck %s --check-prefix=SIGNED
; RUN: %w2w-opt --passes=lower_dot_products -mcpu=gfx1100 %s -o - | FileCheck %s --check-prefix=MIXED
; RUN: %w2w-opt --passes=lower_dot_products -mcpu=gfx1201 %s -o - | FileCheck %s --check-prefix=MIXED
declare i32 @w2w.dp4a.ss(i32, i32, i32)
declare i32 @w2w.dp4a.us(i32, i32, i32)
declare i32 @w2w.dp4a.uu(i32, i32, i32)

; SIGNED-LABEL: @both_signed(
; SIGNED-NEXT: %[[R:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %a, i32 %b, i32 %c, i1 false)
; SIGNED-NEXT: ret i32 %[[R]]
; MIXED-LABEL: @both_signed(
; MIXED-NEXT: call i32 @llvm.amdgcn.sudot4(i1 true, i32 %a, i1 true, i32 %b, i32 %c, i1 false)
define i32 @both_signed(i32 %a, i32 %b, i32 %c) {
  %r = call i32 @w2w.dp4a.ss(i32 %a, i32 %b, i32 %c)
  ret i32 %r
}

; SIGNED-LABEL: @mixed(
; SIGNED-NEXT: %[[A:.*]] = xor i32 %a, -2139062144
; SIGNED-NEXT: %[[B:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %b, i32 16843009, i32 0, i1 false)
; SIGNED-NEXT: %[[D:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %[[A]], i32 %b, i32 %c, i1 false)
; SIGNED-NEXT: %[[S:.*]] = shl i32 %[[B]], 7
; SIGNED-NEXT: %[[R:.*]] = add i32 %[[D]], %[[S]]
; SIGNED-NEXT: ret i32 %[[R]]
; MIXED-LABEL: @mixed(
; MIXED-NEXT: call i32 @llvm.amdgcn.sudot4(i1 false, i32 %a, i1 true, i32 %b, i32 %c, i1 false)
define i32 @mixed(i32 %a, i32 %b, i32 %c) {
  %r = call i32 @w2w.dp4a.us(i32 %a, i32 %b, i32 %c)
  ret i32 %r
}

; SIGNED-LABEL: @both_unsigned(
; SIGNED-DAG: %[[A:.*]] = xor i32 %a, -2139062144
; SIGNED-DAG: %[[B:.*]] = xor i32 %b, -2139062144
; SIGNED: %[[S:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %[[B]], i32 16843009, i32 512, i1 false)
; SIGNED-NEXT: %[[T:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %[[A]], i32 16843009, i32 %[[S]], i1 false)
; SIGNED-NEXT: %[[D:.*]] = call i32 @llvm.amdgcn.sdot4(i32 %[[A]], i32 %[[B]], i32 %c, i1 false)
; SIGNED-NEXT: %[[U:.*]] = shl i32 %[[T]], 7
; SIGNED-NEXT: %[[R:.*]] = add i32 %[[D]], %[[U]]
; MIXED-LABEL: @both_unsigned(
; MIXED-NEXT: call i32 @llvm.amdgcn.sudot4(i1 false, i32 %a, i1 false, i32 %b, i32 %c, i1 false)
define i32 @both_unsigned(i32 %a, i32 %b, i32 %c) {
  %r = call i32 @w2w.dp4a.uu(i32 %a, i32 %b, i32 %c)
  ret i32 %r
}
