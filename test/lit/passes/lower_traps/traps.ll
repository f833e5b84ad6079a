; RUN: %w2w-opt --passes=append_launch_block,lower_traps --abi=runtime %s | FileCheck %s --check-prefix=RUNTIME
; RUN: %w2w-opt --passes=lower_traps %s | FileCheck %s --check-prefix=STANDALONE
declare void @w2w.trap(i32) noreturn
declare void @w2w.assertfail(ptr, ptr, i32, ptr, i64)
; RUNTIME-LABEL: @k
; The caller says which thread it is: a word made of its three coordinates.
; RUNTIME: %[[Y:.*]] = call i32 @w2w.sreg.tid.y()
; RUNTIME-NEXT: %[[ROW:.*]] = shl i32 %[[Y]], 10
; RUNTIME: %[[Z:.*]] = call i32 @w2w.sreg.tid.z()
; RUNTIME-NEXT: %[[LAYER:.*]] = shl i32 %[[Z]], 20
; RUNTIME-NEXT: %[[THREAD:.*]] = or i32 %{{.*}}, %[[LAYER]]
; RUNTIME-NEXT: call void @w2w_record_failure(i32 2, i32 42, i64 0, i64 0, i64 0, i64 0, i32 %[[THREAD]])
; RUNTIME-NEXT: call void @llvm.amdgcn.endpgm()
; RUNTIME-NEXT: unreachable
; RUNTIME: call void @w2w_record_failure(i32 3, i32 7,
; RUNTIME-LABEL: define internal void @w2w_record_failure(
; RUNTIME-NOT: w2w.sreg.tid
; RUNTIME: getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 88
; RUNTIME: cmpxchg ptr addrspace(1) {{.*}}, i32 0, i32 1
; RUNTIME: store atomic i32 %0, ptr addrspace(1) {{.*}} release
; STANDALONE-LABEL: @k
; STANDALONE: store volatile i32 2, ptr addrspace(1) null
; STANDALONE-NEXT: call void @llvm.amdgcn.endpgm()
; STANDALONE-NOT: s_trap
define amdgpu_kernel void @k(i1 %c, ptr %m) {
  br i1 %c, label %bad, label %worse
bad:
  call void @w2w.trap(i32 42)
  unreachable
worse:
  call void @w2w.assertfail(ptr %m, ptr %m, i32 7, ptr %m, i64 1)
  ret void
}
