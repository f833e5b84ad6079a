; RUN: not %w2w-opt --passes=append_launch_block,lower_runtime_calls --abi=runtime %s 2>&1 | FileCheck %s
; CHECK: error: heap:0: malloc in device code is not supported; allocate on the host
declare ptr @w2w.malloc(i64)
define amdgpu_kernel void @heap(ptr addrspace(1) %p) {
  %m = call ptr @w2w.malloc(i64 8)
  store ptr %m, ptr addrspace(1) %p
  ret void
}
