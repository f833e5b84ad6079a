; RUN: %w2w-opt --passes=append_launch_block,place_globals --abi=runtime %s | FileCheck %s
; RUN: %w2w-opt --passes=append_launch_block,place_globals %s | FileCheck %s --check-prefix=STANDALONE
; Variables become arena base + offset; in callees the launch block comes through the implicit argument pointer.
; CHECK-NOT: @g
; CHECK-NOT: @t
; CHECK-LABEL: define void @f()
; CHECK: [[END:%.*]] = call ptr addrspace(4) @llvm.amdgcn.implicitarg.ptr()
; CHECK: [[SLOT:%.*]] = getelementptr i8, ptr addrspace(4) [[END]], i64 -8
; CHECK: %launch_block = load ptr addrspace(4), ptr addrspace(4) [[SLOT]]
; CHECK: getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 8
; CHECK-LABEL: define amdgpu_kernel void @k(i64 %out, ptr addrspace(4) {{.*}} %launch_block)
; CHECK: [[FIELD:%.*]] = getelementptr inbounds i8, ptr addrspace(4) %launch_block, i64 128
; CHECK: %managed_arena = load ptr addrspace(1), ptr addrspace(4) [[FIELD]]
; CHECK: %arena = load ptr addrspace(1)
; CHECK: %t = getelementptr inbounds i8, ptr addrspace(1) %arena, i64 16
; CHECK: %m = getelementptr inbounds i8, ptr addrspace(1) %managed_arena, i64 16
; STANDALONE: @g = addrspace(1) global [4 x i8] zeroinitializer
; STANDALONE: define amdgpu_kernel void @k(i64 %out) {
@g = addrspace(1) global [4 x i8] zeroinitializer, align 4 #0
@t = addrspace(4) constant [8 x i8] c"12345678" #1
@m = addrspace(1) global [4 x i8] zeroinitializer, align 4 #2
define amdgpu_kernel void @k(i64 %out) {
  %p = inttoptr i64 %out to ptr addrspace(1)
  %v = load i32, ptr addrspace(4) @t
  store i32 %v, ptr addrspace(1) @g
  store i32 %v, ptr addrspace(1) @m
  store i64 ptrtoint (ptr addrspace(1) @g to i64), ptr addrspace(1) %p
  call void @f()
  ret void
}
define void @f() {
  store i32 1, ptr addrspace(1) getelementptr (i8, ptr addrspace(1) @g, i64 2)
  ret void
}
attributes #0 = { "w2w-arena-offset"="0" }
attributes #1 = { "w2w-arena-offset"="16" }
attributes #2 = { "w2w-arena-offset"="16" "w2w-managed" }
