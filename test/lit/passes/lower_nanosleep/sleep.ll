; RUN: %w2w-opt --passes=lower_nanosleep %s | FileCheck %s
; CHECK: call void @llvm.amdgcn.s.sleep(i32 3)
; CHECK: call void @llvm.amdgcn.s.sleep(i32 127)
; CHECK: call void @llvm.amdgcn.s.sleep(i32 1)
declare void @w2w.nanosleep(i32)
define void @f(i32 %n) {
  call void @w2w.nanosleep(i32 100)
  call void @w2w.nanosleep(i32 1000000)
  call void @w2w.nanosleep(i32 %n)
  ret void
}
