; RUN: %w2w-opt --passes=lower_exit %s | FileCheck %s
; RUN: sed 's/amdgpu_kernel void @k/void @k/' %s > %t.ll
; RUN: not %w2w-opt --passes=lower_exit %t.ll 2>&1 | FileCheck %s --check-prefix=FUNCTION
; FUNCTION: exit in a function that is called recursively or through a pointer is not supported
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
