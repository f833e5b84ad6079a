; RUN: %w2w-opt --passes=lower_exit %s | FileCheck %s
declare void @w2w.exit() noreturn convergent
; CHECK: bad:
; CHECK-NEXT: ret void
; CHECK-NOT: w2w.exit
define amdgpu_kernel void @k(i1 %c) {
  br i1 %c, label %bad, label %good
bad:
  call void @w2w.exit()
  unreachable
good:
  ret void
}

; A function that may exit says so beside its result, and so do its callers.
; CHECK-LABEL: define amdgpu_kernel void @caller(
; CHECK: %[[R:.*]] = call { i32, float } @middle(i32 %n)
; CHECK: %[[V:.*]] = extractvalue { i32, float } %[[R]], 1
; CHECK: %[[E:.*]] = extractvalue { i32, float } %[[R]], 0
; CHECK: %exited = icmp ne i32 %[[E]], 0
; CHECK: br i1 %exited, label %[[OUT:.*]], label %[[ON:.*]]
; CHECK: [[OUT]]:
; CHECK-NEXT: ret void
; CHECK: [[ON]]:
; CHECK: store float %[[V]]
define amdgpu_kernel void @caller(ptr addrspace(1) %p, i32 %n) {
  %v = call float @middle(i32 %n)
  store float %v, ptr addrspace(1) %p
  ret void
}

; CHECK-LABEL: define { i32 } @leaf(i32 %n)
; CHECK: ret { i32 } { i32 1 }
; CHECK: call { i32 } @leaf(
; CHECK: br i1 %exited
; CHECK: ret { i32 } { i32 1 }
; CHECK: ret { i32 } zeroinitializer
define void @leaf(i32 %n) {
  %c = icmp eq i32 %n, 3
  br i1 %c, label %bad, label %good
bad:
  call void @w2w.exit()
  unreachable
good:
  %m = sub i32 %n, 1
  call void @leaf(i32 %m)
  ret void
}

; CHECK-LABEL: define { i32, float } @middle(i32 %n)
; CHECK: call { i32 } @leaf(
; CHECK: ret { i32, float } { i32 1, float 0.000000e+00 }
; CHECK: ret { i32, float } { i32 0, float 1.000000e+00 }
define float @middle(i32 %n) {
  call void @leaf(i32 %n)
  ret float 1.0
}
