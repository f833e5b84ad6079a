; An indirect call is a switch over the ids of the functions of its type.
; RUN: %w2w-opt --passes=lower_function_ids %s | FileCheck %s
declare i64 @w2w.function.id(ptr)
declare ptr @w2w.function.pointer(i64)
define internal i32 @f(i32 %x) #0 { ret i32 %x }
define internal i32 @g(i32 %x) #1 { ret i32 0 }
define internal i64 @other(i64 %x) #2 { ret i64 0 }
; CHECK-LABEL: @k
; CHECK: switch i64 %id, label %unknown_function [
; CHECK-NEXT: i64 1, label %[[F:.*]]
; CHECK-NEXT: i64 2, label %[[G:.*]]
; CHECK-NEXT: ]
; CHECK: [[F]]:
; CHECK-NEXT: [[RF:%.*]] = call i32 @f(i32 3)
; CHECK: [[G]]:
; CHECK-NEXT: [[RG:%.*]] = call i32 @g(i32 3)
; CHECK: unknown_function:
; CHECK: endpgm
; CHECK: phi i32 [ [[RF]], %[[F]] ], [ [[RG]], %[[G]] ]
; CHECK: store i64 2,
define amdgpu_kernel void @k(i64 %id, ptr addrspace(1) %p) {
  %c = call ptr @w2w.function.pointer(i64 %id)
  %r = call i32 %c(i32 3)
  store i32 %r, ptr addrspace(1) %p
  %a = call i64 @w2w.function.id(ptr @g)
  store i64 %a, ptr addrspace(1) %p
  ret void
}
attributes #0 = { "w2w-function-id"="1" }
attributes #1 = { "w2w-function-id"="2" }
attributes #2 = { "w2w-function-id"="3" }
