; printf appends a record: two doublewords for "%d %f" (4 bytes, 4 of padding, 8), one argument count.
; RUN: %w2w-opt --passes=append_launch_block,lower_runtime_calls --abi=runtime %s | FileCheck %s
; RUN: not %w2w-opt --passes=lower_runtime_calls %s 2>&1 | FileCheck %s --check-prefix=STANDALONE
; STANDALONE: error: k:0: printf needs warp2wave's runtime and can't be compiled ahead of time
@format = addrspace(1) externally_initialized global [9 x i8] c"%-4d %f\0A\00"
@stars = addrspace(1) externally_initialized global [10 x i8] c"%*d%%%lld\00"
declare i32 @w2w.vprintf(ptr, ptr)
; CHECK-LABEL: @k
; CHECK: call i32 @w2w_vprintf(ptr addrspacecast (ptr addrspace(1) @format to ptr), ptr %f, i32 4, i32 2)
; CHECK: call i32 @w2w_vprintf(ptr addrspacecast (ptr addrspace(1) @stars to ptr), ptr %f, i32 4, i32 2)
; CHECK-LABEL: define internal i32 @w2w_vprintf(
; CHECK: getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 72
; CHECK: cmpxchg ptr addrspace(1) {{.*}} syncscope("agent")
; CHECK: store atomic i64 {{.*}} release
define amdgpu_kernel void @k() {
  %a = alloca [16 x i8], align 8, addrspace(5)
  %f = addrspacecast ptr addrspace(5) %a to ptr
  %r = call i32 @w2w.vprintf(ptr addrspacecast (ptr addrspace(1) @format to ptr), ptr %f)
  %s = call i32 @w2w.vprintf(ptr addrspacecast (ptr addrspace(1) @stars to ptr), ptr %f)
  ret void
}
