; malloc and free call the device library, with the launch block's heap; a free that it refuses ends the launch in error.
; RUN: %w2w-opt --passes=append_launch_block,lower_runtime_calls,link_devicelib --abi=runtime %s | FileCheck %s
; RUN: not %w2w-opt --passes=lower_runtime_calls %s 2>&1 | FileCheck %s --check-prefix=STANDALONE
; STANDALONE: error: heap:0: malloc needs warp2wave's runtime and can't be compiled ahead of time
; STANDALONE: error: heap:0: free needs warp2wave's runtime and can't be compiled ahead of time
declare ptr @w2w.malloc(i64)
declare void @w2w.free(ptr)
; CHECK-LABEL: define amdgpu_kernel void @heap(
; CHECK: %[[AT:.*]] = getelementptr inbounds i8, ptr addrspace(4) %{{.*}}, i64 80
; CHECK: %[[HEAP:.*]] = load ptr addrspace(1), ptr addrspace(4) %[[AT]]
; CHECK: %[[M:.*]] = call i64 @w2w_heap_malloc(ptr addrspace(1) %[[HEAP]], i64 8)
; CHECK: inttoptr i64 %[[M]] to ptr
; CHECK: %[[R:.*]] = call i32 @w2w_heap_free(ptr addrspace(1) %{{.*}}, i64 %{{.*}})
; CHECK: icmp ne i32 %[[R]], 0
; CHECK: call void @w2w_record_failure(i32 6,
; CHECK: define internal i64 @w2w_heap_malloc(
; CHECK-NOT: target-cpu
define amdgpu_kernel void @heap(ptr addrspace(1) %p) {
  %m = call ptr @w2w.malloc(i64 8)
  store ptr %m, ptr addrspace(1) %p
  call void @w2w.free(ptr %m)
  ret void
}
