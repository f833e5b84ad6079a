; RUN: %w2w-opt --passes=inline_synchronising %s | FileCheck %s
; CHECK: define internal void @leaf() #[[INLINE:[0-9]+]]
; CHECK: define internal void @middle() #[[INLINE]]
; CHECK: define internal void @plain() {
; CHECK: define internal void @recursive() {
; CHECK: attributes #[[INLINE]] = { alwaysinline }
declare void @w2w.exit() noreturn
define internal void @leaf() noinline {
  call void @w2w.exit()
  unreachable
}
define internal void @middle() noinline {
  call void @leaf()
  ret void
}
define internal void @plain() {
  ret void
}
define internal void @recursive() {
  call void @recursive()
  call void @w2w.exit()
  unreachable
}
define amdgpu_kernel void @k() {
  call void @middle()
  call void @plain()
  call void @recursive()
  ret void
}
