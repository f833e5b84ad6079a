; The function that records failures takes few registers, and raises nobody's bound: its caller says which thread it is.
; RUN: %w2w-opt --passes=append_launch_block,lower_traps,bound_registers --abi=runtime -mcpu=gfx1100 %s | FileCheck %s
declare void @w2w.trap(i32) noreturn
; CHECK: define amdgpu_kernel void @k({{.*}}) #[[K:[0-9]+]]
; CHECK: call void @w2w_record_failure(
; CHECK: define internal void @w2w_record_failure({{.*}}) #[[RECORDER:[0-9]+]]
define amdgpu_kernel void @k() "w2w-maxnreg"="24" {
  call void @w2w.trap(i32 42)
  unreachable
}
; CHECK-DAG: attributes #[[K]] = { {{.*}}"amdgpu-num-vgpr"="24"
; CHECK-DAG: attributes #[[RECORDER]] = { {{[^"]*}}"amdgpu-no-workitem-id-x" "amdgpu-no-workitem-id-y" "amdgpu-no-workitem-id-z" }
